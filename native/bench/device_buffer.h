// Guarded device memory, and calls whose failure ends the program.
#pragma once

#include <cuda_runtime.h>
#include <stdio.h>
#include <stdlib.h>

#include <algorithm>
#include <vector>

#include "fusedrnn.h"

namespace bench {

inline void check(cudaError_t status, const char *what, int line) {
    if (status == cudaSuccess) return;
    printf("FAIL cuda: %s at line %d: %s\n", what, line, cudaGetErrorString(status));
    fflush(stdout);
    exit(1);
}
#define CUDA(call) ::bench::check(call, #call, __LINE__)

inline void must(int32_t status, const FrnnMessage &message, const char *what) {
    if (status == FRNN_OK) return;
    printf("FAIL %s: status %d: %s\n", what, status, message.text);
    fflush(stdout);
    exit(1);
}

constexpr size_t kGuard = 256;

// Device memory between the end of a tensor and kGuard bytes behind it that nobody may write.
class Buffer {
public:
    explicit Buffer(size_t bytes) : bytes_(bytes) {
        CUDA(cudaMalloc(&data_, bytes + kGuard));
        CUDA(cudaMemset(data_, 0xff, bytes + kGuard));
    }
    Buffer(const Buffer &) = delete;
    ~Buffer() { cudaFree(data_); }
    uint64_t address() const { return uint64_t(uintptr_t(data_)); }
    void poison() { CUDA(cudaMemset(data_, 0xff, bytes_)); }
    template <class T>
    void set(const std::vector<T> &v) {
        CUDA(cudaMemcpy(data_, v.data(), v.size() * sizeof(T), cudaMemcpyHostToDevice));
    }
    // The values again and again until the memory ends.
    template <class T>
    void repeat(const std::vector<T> &v) {
        char *const to = static_cast<char *>(data_);
        size_t filled = std::min(bytes_, v.size() * sizeof(T));
        CUDA(cudaMemcpy(to, v.data(), filled, cudaMemcpyHostToDevice));
        while (filled < bytes_) {
            const size_t more = std::min(filled, bytes_ - filled);
            CUDA(cudaMemcpy(to + filled, to, more, cudaMemcpyDeviceToDevice));
            filled += more;
        }
    }
    template <class T>
    std::vector<T> get() const {
        std::vector<T> v(bytes_ / sizeof(T));
        CUDA(cudaMemcpy(v.data(), data_, v.size() * sizeof(T), cudaMemcpyDeviceToHost));
        return v;
    }
    bool guardIntact() const {
        std::vector<uint8_t> guard(kGuard);
        CUDA(cudaMemcpy(guard.data(), static_cast<char *>(data_) + bytes_, kGuard, cudaMemcpyDeviceToHost));
        return std::all_of(guard.begin(), guard.end(), [](uint8_t b) { return b == 0xff; });
    }

private:
    void *data_ = nullptr;
    size_t bytes_;
};

} // namespace bench
