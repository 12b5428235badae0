// libcudnn_ops: descriptors of tensors and dropout.
#include <algorithm>

#include "handle.h"

using namespace simulation::dnn;

extern "C" {

cudnnStatus_t cudnnCreateTensorDescriptor(cudnnTensorDescriptor_t *created) {
    *created = new cudnnTensorStruct;
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnDestroyTensorDescriptor(cudnnTensorDescriptor_t tensor) {
    delete tensor;
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnSetTensorNdDescriptor(cudnnTensorDescriptor_t tensor, int type, int rank, const int *extents, const int *strides) {
    if (rank < 3 || rank > 8) return refuse(CUDNN_STATUS_BAD_PARAM, __func__, "3 to 8 extents are allowed, found " + std::to_string(rank));
    for (int i = 0; i < rank; ++i) {
        if (extents[i] < 1 || strides[i] < 1) return refuse(CUDNN_STATUS_BAD_PARAM, __func__, "an extent or a stride is not positive");
    }
    tensor->type = type;
    tensor->rank = rank;
    std::copy(extents, extents + rank, tensor->extents);
    std::copy(strides, strides + rank, tensor->strides);
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnGetTensorNdDescriptor(cudnnTensorDescriptor_t tensor, int wanted, int *type, int *rank, int *extents, int *strides) {
    const int shown = std::min(wanted, tensor->rank);
    *type = tensor->type;
    *rank = tensor->rank;
    std::copy(tensor->extents, tensor->extents + shown, extents);
    std::copy(tensor->strides, tensor->strides + shown, strides);
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnCreateDropoutDescriptor(cudnnDropoutDescriptor_t *created) {
    *created = new cudnnDropoutStruct;
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnDestroyDropoutDescriptor(cudnnDropoutDescriptor_t dropout) {
    delete dropout;
    return CUDNN_STATUS_SUCCESS;
}

// Without states there is nothing to draw masks from, which only p = 0 allows.
cudnnStatus_t cudnnSetDropoutDescriptor(cudnnDropoutDescriptor_t dropout, cudnnHandle_t handle, float p, void *states, size_t,
                                        unsigned long long) {
    if (handle == nullptr) return refuse(CUDNN_STATUS_NOT_INITIALIZED, __func__, "handle is null");
    if (!(p >= 0 && p <= 1)) return refuse(CUDNN_STATUS_BAD_PARAM, __func__, "p is to be in [0, 1], found " + std::to_string(p));
    if (p > 0 && states == nullptr) return refuse(CUDNN_STATUS_BAD_PARAM, __func__, "dropout needs states");
    if (p > 0) return refuse(CUDNN_STATUS_NOT_SUPPORTED, __func__, "the stand-in draws no masks");
    dropout->set = true;
    return CUDNN_STATUS_SUCCESS;
}

}  // extern "C"
