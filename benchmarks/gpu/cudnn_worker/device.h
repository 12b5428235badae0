// Statuses become exceptions; device memory is freed by its owner.
#pragma once

#include <cuda_runtime.h>
#include <cudnn.h>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>

namespace cudnn_worker {

inline void check(cudaError_t status, const char *what) {
    if (status != cudaSuccess) throw std::runtime_error(std::string(what) + ": " + cudaGetErrorString(status));
}

inline void check(cudnnStatus_t status, const char *what) {
    if (status != CUDNN_STATUS_SUCCESS) throw std::runtime_error(std::string(what) + ": " + cudnnGetErrorString(status));
}

#define TRY(call) ::cudnn_worker::check(call, #call)

// Memory of the device, zero at first.
class Buffer {
public:
    explicit Buffer(size_t bytes) : bytes_(bytes) {
        TRY(cudaMalloc(&data_, std::max<size_t>(bytes, 16)));
        TRY(cudaMemset(data_, 0, std::max<size_t>(bytes, 16)));
    }
    explicit Buffer(const std::vector<char> &values) : Buffer(values.size()) {
        TRY(cudaMemcpy(data_, values.data(), values.size(), cudaMemcpyHostToDevice));
    }
    Buffer(const Buffer &) = delete;
    Buffer &operator=(const Buffer &) = delete;
    ~Buffer() { cudaFree(data_); }

    void *get() const { return data_; }
    size_t size() const { return bytes_; }
    std::vector<char> values() const {
        std::vector<char> found(bytes_);
        TRY(cudaMemcpy(found.data(), data_, bytes_, cudaMemcpyDeviceToHost));
        return found;
    }

private:
    void *data_ = nullptr;
    size_t bytes_;
};

}  // namespace cudnn_worker
