// What Java calls of cuDNN 9: handles, descriptors of tensors and dropout, recurrent stacks.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <cstdint>

extern "C" {

typedef struct cudnnContext *cudnnHandle_t;
typedef struct cudnnTensorStruct *cudnnTensorDescriptor_t;
typedef struct cudnnDropoutStruct *cudnnDropoutDescriptor_t;
typedef struct cudnnRNNStruct *cudnnRNNDescriptor_t;
typedef struct cudnnRNNDataStruct *cudnnRNNDataDescriptor_t;

typedef enum cudnnStatus_t : int {
    CUDNN_STATUS_SUCCESS = 0,
    CUDNN_STATUS_NOT_INITIALIZED = 1001,
    CUDNN_STATUS_BAD_PARAM = 2000,
    CUDNN_STATUS_NOT_SUPPORTED = 3000,
    CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED = 4004,
    CUDNN_STATUS_EXECUTION_FAILED = 5000
} cudnnStatus_t;

enum { CUDNN_DATA_FLOAT = 0, CUDNN_DATA_HALF = 2, CUDNN_DATA_BFLOAT16 = 9 };
enum { CUDNN_DEFAULT_MATH = 0, CUDNN_TENSOR_OP_MATH = 1, CUDNN_TENSOR_OP_MATH_ALLOW_CONVERSION = 2, CUDNN_FMA_MATH = 3 };
enum { CUDNN_RNN_ALGO_STANDARD, CUDNN_RNN_ALGO_PERSIST_STATIC, CUDNN_RNN_ALGO_PERSIST_DYNAMIC, CUDNN_RNN_ALGO_PERSIST_STATIC_SMALL_H };
enum { CUDNN_FWD_MODE_INFERENCE, CUDNN_FWD_MODE_TRAINING };
enum { CUDNN_RNN_CLIP_NONE, CUDNN_RNN_CLIP_MINMAX };
enum { CUDNN_RNN_PADDED_IO_DISABLED, CUDNN_RNN_PADDED_IO_ENABLED };
enum { CUDNN_WGRAD_MODE_ADD, CUDNN_WGRAD_MODE_SET };

size_t cudnnGetVersion(void);
size_t cudnnGetCudartVersion(void);
const char *cudnnGetErrorString(cudnnStatus_t status);
void cudnnGetLastErrorString(char *text, size_t bytes);
cudnnStatus_t cudnnCreate(cudnnHandle_t *handle);
cudnnStatus_t cudnnDestroy(cudnnHandle_t handle);
cudnnStatus_t cudnnSetStream(cudnnHandle_t handle, cudaStream_t stream);
cudnnStatus_t cudnnGetStream(cudnnHandle_t handle, cudaStream_t *stream);

cudnnStatus_t cudnnCreateTensorDescriptor(cudnnTensorDescriptor_t *created);
cudnnStatus_t cudnnDestroyTensorDescriptor(cudnnTensorDescriptor_t tensor);
cudnnStatus_t cudnnSetTensorNdDescriptor(cudnnTensorDescriptor_t tensor, int type, int rank, const int *extents, const int *strides);
cudnnStatus_t cudnnGetTensorNdDescriptor(cudnnTensorDescriptor_t tensor, int wanted, int *type, int *rank, int *extents, int *strides);
cudnnStatus_t cudnnCreateDropoutDescriptor(cudnnDropoutDescriptor_t *created);
cudnnStatus_t cudnnDestroyDropoutDescriptor(cudnnDropoutDescriptor_t dropout);
cudnnStatus_t cudnnSetDropoutDescriptor(cudnnDropoutDescriptor_t dropout, cudnnHandle_t handle, float p, void *states, size_t bytes,
                                        unsigned long long seed);

cudnnStatus_t cudnnCreateRNNDescriptor(cudnnRNNDescriptor_t *created);
cudnnStatus_t cudnnDestroyRNNDescriptor(cudnnRNNDescriptor_t rnn);
cudnnStatus_t cudnnSetRNNDescriptor_v8(cudnnRNNDescriptor_t rnn, int algorithm, int cell, int biases, int direction, int inputMode, int type,
                                       int mathType, int math, int32_t input, int32_t hidden, int32_t projected, int32_t layers,
                                       cudnnDropoutDescriptor_t dropout, uint32_t flags);
cudnnStatus_t cudnnRNNSetClip_v8(cudnnRNNDescriptor_t rnn, int mode, int nan, double low, double high);
cudnnStatus_t cudnnRNNSetClip_v9(cudnnRNNDescriptor_t rnn, int mode, double low, double high);
cudnnStatus_t cudnnBuildRNNDynamic(cudnnHandle_t handle, cudnnRNNDescriptor_t rnn, int batch);
cudnnStatus_t cudnnCreateRNNDataDescriptor(cudnnRNNDataDescriptor_t *created);
cudnnStatus_t cudnnDestroyRNNDataDescriptor(cudnnRNNDataDescriptor_t data);
cudnnStatus_t cudnnSetRNNDataDescriptor(cudnnRNNDataDescriptor_t data, int type, int layout, int steps, int batch, int features,
                                        const int *lengths, void *padding);
cudnnStatus_t cudnnGetRNNTempSpaceSizes(cudnnHandle_t handle, cudnnRNNDescriptor_t rnn, int mode, cudnnRNNDataDescriptor_t x, size_t *workspace,
                                        size_t *reserve);
cudnnStatus_t cudnnGetRNNWeightSpaceSize(cudnnHandle_t handle, cudnnRNNDescriptor_t rnn, size_t *bytes);
cudnnStatus_t cudnnGetRNNWeightParams(cudnnHandle_t handle, cudnnRNNDescriptor_t rnn, int32_t pseudoLayer, size_t bytes, const void *weights,
                                      int32_t number, cudnnTensorDescriptor_t matrix, void **matrixAt, cudnnTensorDescriptor_t bias,
                                      void **biasAt);
cudnnStatus_t cudnnRNNForward(cudnnHandle_t handle, cudnnRNNDescriptor_t rnn, int mode, const int32_t *lengths, cudnnRNNDataDescriptor_t xData,
                              const void *x, cudnnRNNDataDescriptor_t yData, void *y, cudnnTensorDescriptor_t hData, const void *hx, void *hy,
                              cudnnTensorDescriptor_t cData, const void *cx, void *cy, size_t weightBytes, const void *weights,
                              size_t workspaceBytes, void *workspace, size_t reserveBytes, void *reserve);
cudnnStatus_t cudnnRNNBackwardData_v8(cudnnHandle_t handle, cudnnRNNDescriptor_t rnn, const int32_t *lengths, cudnnRNNDataDescriptor_t yData,
                                      const void *y, const void *dy, cudnnRNNDataDescriptor_t xData, void *dx, cudnnTensorDescriptor_t hData,
                                      const void *hx, const void *dhy, void *dhx, cudnnTensorDescriptor_t cData, const void *cx, const void *dcy,
                                      void *dcx, size_t weightBytes, const void *weights, size_t workspaceBytes, void *workspace,
                                      size_t reserveBytes, void *reserve);
cudnnStatus_t cudnnRNNBackwardWeights_v8(cudnnHandle_t handle, cudnnRNNDescriptor_t rnn, int mode, const int32_t *lengths,
                                         cudnnRNNDataDescriptor_t xData, const void *x, cudnnTensorDescriptor_t hData, const void *hx,
                                         cudnnRNNDataDescriptor_t yData, const void *y, size_t weightBytes, void *gradients,
                                         size_t workspaceBytes, void *workspace, size_t reserveBytes, void *reserve);

}  // extern "C"
