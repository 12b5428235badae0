// One of cuDNN's algorithms on a case.
#pragma once

#include <cuda_runtime.h>
#include <cudnn.h>

#include <memory>
#include <string>

#include "case.h"
#include "device.h"
#include "tensor_file.h"

namespace cudnn_worker {

// Descriptors, weights in cuDNN's layout, work space. Throws where cuDNN does not have the algorithm for the case. Sizes and
// tensors must outlive it.
class Layer {
public:
    Layer(cudnnHandle_t handle, cudaStream_t stream, const Sizes &sizes, Tensors &tensors, TensorFile &file, cudnnRNNAlgo_t algorithm);
    Layer(const Layer &) = delete;
    Layer &operator=(const Layer &) = delete;
    ~Layer();

    // Queues forward and, unless the case is inference, backward with gradients of the weights.
    void run();

    // Records one run; replay() launches it.
    void record();
    void replay() { TRY(cudaGraphLaunch(exec_, stream_)); }

    // Writes outputs and gradients of the last run under PyTorch's names.
    void write(const std::string &path);

private:
    void describe(cudnnRNNAlgo_t algorithm);
    void fillWeights(TensorFile &file);
    template <class Use>
    void forEachParameter(Use use);
    void collect(ptrdiff_t at, size_t count, size_t &first, size_t &bytes, int gate) const;
    void destroy();

    cudnnForwardMode_t mode() const { return s_.inference ? CUDNN_FWD_MODE_INFERENCE : CUDNN_FWD_MODE_TRAINING; }

    cudnnHandle_t handle_;
    cudaStream_t stream_;
    const Sizes &s_;
    Tensors &t_;
    cudnnDropoutDescriptor_t dropout_ = nullptr;
    cudnnRNNDescriptor_t rnn_ = nullptr;
    cudnnRNNDataDescriptor_t xd_ = nullptr, yd_ = nullptr;
    cudnnTensorDescriptor_t hd_ = nullptr;
    cudaGraphExec_t exec_ = nullptr;
    std::unique_ptr<Buffer> dropoutStates_, weights_, gradients_, work_, reserve_;
};

}  // namespace cudnn_worker
