// Argument checks of the launchers: the first failure is kept and explained in the caller's message.
#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>

#include "fusedrnn/types.h"

namespace frnn {

class Check {
public:
    Check(const char *function, FrnnMessage *message) : function_(function), message_(message) {}

    // Fails unless `params` is there and its structSize is the library's.
    template <typename Params>
    bool params(const Params *params) {
        if (params == nullptr) {
            fail(FRNN_ERROR_ARGUMENT, "params is null");
        } else if (params->structSize != sizeof(Params)) {
            fail(FRNN_ERROR_ARGUMENT, "structSize is %llu, this library's is %llu",
                 static_cast<unsigned long long>(params->structSize), static_cast<unsigned long long>(sizeof(Params)));
        }
        return ok();
    }

    Check &positive(const char *name, int64_t value);
    Check &notNegative(const char *name, int64_t value);
    Check &range(const char *name, int64_t value, int64_t low, int64_t high);
    Check &real(const char *name, double value, double low, double high);
    // A device address that may not be 0 and has to be a multiple of `alignment`.
    Check &pointer(const char *name, uint64_t address, int64_t alignment);
    // As pointer, but 0 is legal.
    Check &optional(const char *name, uint64_t address, int64_t alignment);
    Check &absent(const char *name, uint64_t address);
    Check &floating(const char *name, int32_t type);
    Check &anyType(const char *name, int32_t type);
    // The product of sizes has to fit into int64.
    template <typename... Sizes>
    Check &elements(const char *name, Sizes... sizes) {
        int64_t product = 8;  // bytes of the largest element, so that byte offsets fit too
        if ((__builtin_mul_overflow(product, static_cast<int64_t>(sizes), &product) || ...)) tooMany(name);
        return *this;
    }
    Check &require(bool condition, const char *text);

    bool ok() const { return status_ == FRNN_OK; }
    int32_t status() const { return status_; }
    int32_t unsupported(const char *text);
    // The status after a launch or another call of the CUDA runtime.
    int32_t cuda(cudaError_t error);

private:
    void tooMany(const char *name);
    void fail(int32_t status, const char *format, ...) __attribute__((format(printf, 3, 4)));

    const char *function_;
    FrnnMessage *message_;
    int32_t status_ = FRNN_OK;
};

// Bytes of one element of a FrnnType.
inline int64_t typeBytes(int32_t type) { return type == FRNN_BF16 || type == FRNN_F16 ? 2 : 4; }

inline int64_t ceilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

}  // namespace frnn
