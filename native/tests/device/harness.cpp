#include "harness.h"

#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <cmath>
#include <cstdarg>
#include <cstdio>
#include <cstring>

#include "common/check.h"

namespace frnn::test {

constexpr int64_t GUARD = 512;

void fail(const char *format, ...) {
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    std::vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    throw Failure{text};
}

void checkCuda(cudaError_t error, const char *what) {
    if (error != cudaSuccess) fail("%s: %s", what, cudaGetErrorString(error));
}

double roundTo(int32_t type, double value) {
    switch (type) {
        case FRNN_BF16: return __bfloat162float(__float2bfloat16_rn(static_cast<float>(value)));
        case FRNN_F16: return __half2float(__float2half_rn(static_cast<float>(value)));
        case FRNN_F32: return static_cast<float>(value);
        default: return value;
    }
}

double roundingUnit(int32_t type) {
    switch (type) {
        case FRNN_BF16: return 0x1p-8;
        case FRNN_F16: return 0x1p-11;
        default: return 0x1p-24;
    }
}

const char *typeName(int32_t type) {
    const char *names[] = {"f32", "bf16", "f16", "i32"};
    return names[type];
}

static void encode(int32_t type, double value, uint8_t *to) {
    if (type == FRNN_F32) {
        const float single = static_cast<float>(value);
        std::memcpy(to, &single, 4);
    } else if (type == FRNN_I32) {
        const int32_t word = static_cast<int32_t>(value);
        std::memcpy(to, &word, 4);
    } else if (type == FRNN_BF16) {
        const __nv_bfloat16 half = __float2bfloat16_rn(static_cast<float>(value));
        std::memcpy(to, &half, 2);
    } else {
        const __half half = __float2half_rn(static_cast<float>(value));
        std::memcpy(to, &half, 2);
    }
}

static double decode(int32_t type, const uint8_t *from) {
    if (type == FRNN_F32) {
        float single;
        std::memcpy(&single, from, 4);
        return single;
    }
    if (type == FRNN_I32) {
        int32_t word;
        std::memcpy(&word, from, 4);
        return word;
    }
    if (type == FRNN_BF16) {
        __nv_bfloat16 half;
        std::memcpy(static_cast<void *>(&half), from, 2);
        return __bfloat162float(half);
    }
    __half half;
    std::memcpy(static_cast<void *>(&half), from, 2);
    return __half2float(half);
}

Buffer::Buffer(int32_t type, int64_t count) : type_(type), count_(count) {
    const size_t bytes = static_cast<size_t>(count * typeBytes(type) + 2 * GUARD);
    checkCuda(cudaMalloc(reinterpret_cast<void **>(&base_), bytes), "cudaMalloc");
    checkCuda(cudaMemset(base_, 0xFF, bytes), "cudaMemset");
    // Calls go through streams that do not wait for the default one.
    checkCuda(cudaDeviceSynchronize(), "synchronize");
    address_ = reinterpret_cast<uint64_t>(base_) + GUARD;
}

Buffer::~Buffer() { static_cast<void>(cudaFree(base_)); }

Buffer &Buffer::set(const std::vector<double> &values) {
    if (static_cast<int64_t>(values.size()) != count_) fail("test bug: %zu values for %lld elements", values.size(), static_cast<long long>(count_));
    const int64_t size = typeBytes(type_);
    std::vector<uint8_t> raw(static_cast<size_t>(count_ * size));
    host_.clear();
    for (int64_t i = 0; i < count_; ++i) {
        encode(type_, values[i], raw.data() + i * size);
        host_.push_back(decode(type_, raw.data() + i * size));
    }
    checkCuda(cudaMemcpy(base_ + GUARD, raw.data(), raw.size(), cudaMemcpyHostToDevice), "upload");
    return *this;
}

std::vector<uint8_t> Buffer::bytes() const {
    std::vector<uint8_t> raw(static_cast<size_t>(count_ * typeBytes(type_)));
    checkCuda(cudaMemcpy(raw.data(), base_ + GUARD, raw.size(), cudaMemcpyDeviceToHost), "download");
    return raw;
}

std::vector<double> Buffer::get() const {
    const std::vector<uint8_t> raw = bytes();
    std::vector<double> values;
    for (int64_t i = 0; i < count_; ++i) values.push_back(decode(type_, raw.data() + i * typeBytes(type_)));
    return values;
}

void Buffer::checkGuards() const {
    uint8_t bands[2 * GUARD];
    checkCuda(cudaMemcpy(bands, base_, GUARD, cudaMemcpyDeviceToHost), "guard");
    checkCuda(cudaMemcpy(bands + GUARD, base_ + GUARD + count_ * typeBytes(type_), GUARD, cudaMemcpyDeviceToHost), "guard");
    for (int64_t i = 0; i < 2 * GUARD; ++i) {
        if (bands[i] != 0xFF) fail("a %s tensor of %lld elements was written out of bounds", typeName(type_), static_cast<long long>(count_));
    }
}

std::vector<double> Case::uniform(int64_t count, double low, double high) {
    std::uniform_real_distribution<double> distribution(low, high);
    std::vector<double> values(static_cast<size_t>(count));
    for (double &value : values) value = distribution(random_);
    return values;
}

std::vector<double> Case::integers(int64_t count, int64_t low, int64_t high) {
    std::uniform_int_distribution<int64_t> distribution(low, high);
    std::vector<double> values(static_cast<size_t>(count));
    for (double &value : values) value = static_cast<double>(distribution(random_));
    return values;
}

Buffer &Case::input(int32_t type, const std::vector<double> &values) {
    return output(type, static_cast<int64_t>(values.size())).set(values);
}

Buffer &Case::output(int32_t type, int64_t count) {
    buffers_.push_back(std::make_unique<Buffer>(type, count));
    return *buffers_.back();
}

void Case::run(const std::function<int32_t(uint64_t, FrnnMessage *)> &call) {
    cudaStream_t stream;
    cudaGraph_t graph;
    cudaGraphExec_t executable;
    FrnnMessage message{};
    checkCuda(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), "stream");
    checkCuda(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal), "begin capture");
    const int32_t status = call(reinterpret_cast<uint64_t>(stream), &message);
    const cudaError_t captured = cudaStreamEndCapture(stream, &graph);
    if (status != FRNN_OK) fail("status %d: %s", status, message.text);
    checkCuda(captured, "capture");
    checkCuda(cudaGraphInstantiate(&executable, graph, 0), "instantiate");
    checkCuda(cudaGraphLaunch(executable, stream), "launch");
    checkCuda(cudaStreamSynchronize(stream), "synchronize");
    checkCuda(cudaGraphExecDestroy(executable), "destroy");
    checkCuda(cudaGraphDestroy(graph), "destroy");
    checkCuda(cudaStreamDestroy(stream), "destroy");
}

void Case::close(const char *what, const std::vector<double> &got, const std::vector<double> &expected, double relative, double absolute) {
    if (got.size() != expected.size()) fail("%s: %zu elements, expected %zu", what, got.size(), expected.size());
    for (size_t i = 0; i < got.size(); ++i) {
        const bool same = std::isfinite(expected[i]) ? std::fabs(got[i] - expected[i]) <= relative * std::fabs(expected[i]) + absolute
                                                     : got[i] == expected[i] || (std::isnan(got[i]) && std::isnan(expected[i]));
        if (!same) fail("%s[%zu] is %.9g, expected %.9g", what, i, got[i], expected[i]);
    }
    compared_ += static_cast<int64_t>(got.size());
}

void Case::close(const char *what, const Buffer &got, const std::vector<double> &expected, double absolute) {
    // F16 below its normal range is rounded absolutely.
    const double tiny = got.type() == FRNN_F16 ? 0x1p-25 : 0.0;
    close(what, got.get(), expected, roundingUnit(got.type()) * 1.01 + 1e-6, absolute + tiny);
}

void Case::equal(const char *what, const std::vector<double> &got, const std::vector<double> &expected) { close(what, got, expected, 0, 0); }

void Case::checkGuards() const {
    for (const auto &buffer : buffers_) buffer->checkGuards();
}

}  // namespace frnn::test
