// libcudnn_graph: versions, errors, handles.
#include <cstdio>
#include <cstring>

#include "handle.h"

namespace simulation::dnn {
namespace {

constexpr size_t VERSION = 91900;
constexpr size_t RUNTIME_VERSION = 13000;
constexpr size_t OWN_BYTES = 4096;

thread_local std::string lastError;

}  // namespace

cudnnStatus_t refuse(cudnnStatus_t status, const char *function, const std::string &why) {
    lastError = std::string(function) + ": " + why;
    if (status != CUDNN_STATUS_NOT_SUPPORTED) std::fprintf(stderr, "simulated cuDNN: %s\n", lastError.c_str());
    return status;
}

}  // namespace simulation::dnn

using namespace simulation::dnn;

extern "C" {

size_t cudnnGetVersion(void) { return VERSION; }

size_t cudnnGetCudartVersion(void) { return RUNTIME_VERSION; }

const char *cudnnGetErrorString(cudnnStatus_t status) {
    switch (status) {
        case CUDNN_STATUS_SUCCESS: return "CUDNN_STATUS_SUCCESS";
        case CUDNN_STATUS_NOT_INITIALIZED: return "CUDNN_STATUS_NOT_INITIALIZED";
        case CUDNN_STATUS_BAD_PARAM: return "CUDNN_STATUS_BAD_PARAM";
        case CUDNN_STATUS_NOT_SUPPORTED: return "CUDNN_STATUS_NOT_SUPPORTED";
        case CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED: return "CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED";
        case CUDNN_STATUS_EXECUTION_FAILED: return "CUDNN_STATUS_EXECUTION_FAILED";
    }
    return "a status this library never gives";
}

// The text is forgotten once it has been read.
void cudnnGetLastErrorString(char *text, size_t bytes) {
    if (bytes == 0) return;
    std::strncpy(text, lastError.c_str(), bytes - 1);
    text[bytes - 1] = 0;
    lastError.clear();
}

cudnnStatus_t cudnnCreate(cudnnHandle_t *handle) {
    if (handle == nullptr) return refuse(CUDNN_STATUS_BAD_PARAM, __func__, "handle is null");
    void *own = nullptr;
    if (cudaMalloc(&own, OWN_BYTES) != cudaSuccess) {
        return refuse(CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED, __func__, "no device memory");
    }
    *handle = new cudnnContext{nullptr, own};
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnDestroy(cudnnHandle_t handle) {
    if (handle == nullptr) return refuse(CUDNN_STATUS_NOT_INITIALIZED, __func__, "handle is null");
    const cudaError_t freed = cudaFree(handle->own);
    delete handle;
    return freed == cudaSuccess ? CUDNN_STATUS_SUCCESS : refuse(CUDNN_STATUS_EXECUTION_FAILED, __func__, "its memory cannot be freed");
}

cudnnStatus_t cudnnSetStream(cudnnHandle_t handle, cudaStream_t stream) {
    if (handle == nullptr) return refuse(CUDNN_STATUS_NOT_INITIALIZED, __func__, "handle is null");
    handle->stream = stream;
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnGetStream(cudnnHandle_t handle, cudaStream_t *stream) {
    if (handle == nullptr) return refuse(CUDNN_STATUS_NOT_INITIALIZED, __func__, "handle is null");
    *stream = handle->stream;
    return CUDNN_STATUS_SUCCESS;
}

}  // extern "C"
