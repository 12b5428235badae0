// What the device tests share: poisoned and guarded device tensors, calls that go through a captured graph, comparisons that NaN fails.
#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "fusedrnn.h"

namespace frnn::test {

// Thrown by a failing check; the case it happened in is reported and the next one runs.
struct Failure {
    std::string text;
};

[[noreturn]] void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
void checkCuda(cudaError_t error, const char *what);

double roundTo(int32_t type, double value);
// Half the distance between neighbouring numbers near 1.
double roundingUnit(int32_t type);
const char *typeName(int32_t type);

// Device memory filled with 0xFF between two guard bands, and what the host put into it, rounded to its type.
class Buffer {
public:
    Buffer(int32_t type, int64_t count);
    ~Buffer();
    Buffer(const Buffer &) = delete;
    Buffer &operator=(const Buffer &) = delete;

    Buffer &set(const std::vector<double> &values);
    const std::vector<double> &host() const { return host_; }
    std::vector<double> get() const;
    std::vector<uint8_t> bytes() const;
    uint64_t address() const { return address_; }
    int64_t count() const { return count_; }
    int32_t type() const { return type_; }
    void checkGuards() const;

private:
    int32_t type_;
    int64_t count_;
    uint64_t address_ = 0;
    char *base_ = nullptr;
    std::vector<double> host_;
};

// One test case: its random numbers, its tensors, its calls.
class Case {
public:
    explicit Case(uint64_t seed) : random_(seed) {}

    std::vector<double> uniform(int64_t count, double low = -1, double high = 1);
    std::vector<double> integers(int64_t count, int64_t low, int64_t high);
    // A tensor of fresh values, or a poisoned one.
    Buffer &input(int32_t type, const std::vector<double> &values);
    Buffer &output(int32_t type, int64_t count);
    Buffer &workspace(int64_t bytes) { return output(FRNN_I32, (bytes + 3) / 4 + 4); }
    // What finds out which block of a sum ends last; a call leaves the zeros it begins with.
    Buffer &counters() { return input(FRNN_I32, std::vector<double>(FRNN_COUNTERS, 0)); }

    // Fills in structSize and stream, captures the call into a graph and runs that.
    template <typename Params>
    void call(int32_t (*function)(const Params *, FrnnMessage *), Params params) {
        params.structSize = sizeof(Params);
        run([&](uint64_t stream, FrnnMessage *message) {
            params.stream = stream;
            return function(&params, message);
        });
    }

    // The same for a call that takes a second struct.
    template <typename Params, typename More>
    void call(int32_t (*function)(const Params *, const More *, FrnnMessage *), Params params, More more) {
        params.structSize = sizeof(Params);
        more.structSize = sizeof(More);
        run([&](uint64_t stream, FrnnMessage *message) {
            params.stream = stream;
            return function(&params, &more, message);
        });
    }

    // |got - expected| <= relative * |expected| + absolute for every element, and equal if not finite.
    void close(const char *what, const std::vector<double> &got, const std::vector<double> &expected, double relative, double absolute);
    // One rounding to the buffer's type, and F32 arithmetic before it.
    void close(const char *what, const Buffer &got, const std::vector<double> &expected, double absolute = 2e-6);
    void equal(const char *what, const std::vector<double> &got, const std::vector<double> &expected);
    void checkGuards() const;
    int64_t compared() const { return compared_; }

private:
    void run(const std::function<int32_t(uint64_t, FrnnMessage *)> &call);

    std::mt19937_64 random_;
    std::vector<std::unique_ptr<Buffer>> buffers_;
    int64_t compared_ = 0;
};

void add(const std::string &name, std::function<void(Case &)> body);

// Every file of tests has one of these, called by main.
void addElementwiseTests();
void addReduceTests();
void addEmbeddingTests();
void addLossTests();
void addAttentionTests();
void addDropoutTests();
void addOptimizerTests();
void addSequenceTests();
void addPackTests();
void addCellTests();
void addStepTests();
void addGatesTests();

inline const int32_t FLOATING[] = {FRNN_F32, FRNN_BF16, FRNN_F16};

}  // namespace frnn::test
