#include "layer.h"

#include <stdexcept>
#include <vector>

namespace cudnn_worker {

namespace {

size_t elements(cudnnTensorDescriptor_t descriptor) {
    cudnnDataType_t type;
    int rank = 0, extents[3] = {}, strides[3] = {};
    TRY(cudnnGetTensorNdDescriptor(descriptor, 3, &type, &rank, extents, strides));
    return size_t(extents[0]) * extents[1] * extents[2];
}

}  // namespace

Layer::Layer(cudnnHandle_t handle, cudaStream_t stream, const Sizes &sizes, Tensors &tensors, TensorFile &file, cudnnRNNAlgo_t algorithm)
    : handle_(handle), stream_(stream), s_(sizes), t_(tensors) {
    try {
        describe(algorithm);
        fillWeights(file);
        size_t work = 0, reserve = 0;
        TRY(cudnnGetRNNTempSpaceSizes(handle_, rnn_, mode(), xd_, &work, &reserve));
        work_ = std::make_unique<Buffer>(work);
        reserve_ = std::make_unique<Buffer>(reserve);
    } catch (...) {
        destroy();
        throw;
    }
}

Layer::~Layer() {
    if (exec_) cudaGraphExecDestroy(exec_);
    destroy();
}

void Layer::describe(cudnnRNNAlgo_t algorithm) {
    TRY(cudnnCreateDropoutDescriptor(&dropout_));
    size_t states = 0;
    TRY(cudnnDropoutGetStatesSize(handle_, &states));
    dropoutStates_ = std::make_unique<Buffer>(states);
    TRY(cudnnSetDropoutDescriptor(dropout_, handle_, 0, dropoutStates_->get(), states, 1));
    TRY(cudnnCreateRNNDescriptor(&rnn_));
    TRY(cudnnSetRNNDescriptor_v8(rnn_, algorithm, s_.mode(), CUDNN_RNN_DOUBLE_BIAS, s_.D == 2 ? CUDNN_BIDIRECTIONAL : CUDNN_UNIDIRECTIONAL,
                                 CUDNN_LINEAR_INPUT, s_.type(), CUDNN_DATA_FLOAT, s_.math(), s_.C, s_.H, s_.H, s_.L, dropout_,
                                 s_.lengths ? CUDNN_RNN_PADDED_IO_ENABLED : CUDNN_RNN_PADDED_IO_DISABLED));
    if (algorithm == CUDNN_RNN_ALGO_PERSIST_DYNAMIC) TRY(cudnnBuildRNNDynamic(handle_, rnn_, s_.N));
    const auto layout = s_.lengths ? CUDNN_RNN_DATA_LAYOUT_SEQ_MAJOR_UNPACKED : CUDNN_RNN_DATA_LAYOUT_SEQ_MAJOR_PACKED;
    float zero = 0;
    TRY(cudnnCreateRNNDataDescriptor(&xd_));
    TRY(cudnnCreateRNNDataDescriptor(&yd_));
    TRY(cudnnSetRNNDataDescriptor(xd_, s_.type(), layout, s_.T, s_.N, s_.C, t_.lengths.data(), &zero));
    TRY(cudnnSetRNNDataDescriptor(yd_, s_.type(), layout, s_.T, s_.N, s_.H * s_.D, t_.lengths.data(), &zero));
    TRY(cudnnCreateTensorDescriptor(&hd_));
    const int extents[3] = {s_.L * s_.D, s_.N, s_.H}, strides[3] = {s_.N * s_.H, s_.H, 1};
    TRY(cudnnSetTensorNdDescriptor(hd_, s_.type(), 3, extents, strides));
}

void Layer::fillWeights(TensorFile &file) {
    size_t bytes = 0;
    TRY(cudnnGetRNNWeightSpaceSize(handle_, rnn_, &bytes));
    weights_ = std::make_unique<Buffer>(bytes);
    gradients_ = std::make_unique<Buffer>(bytes);
    forEachParameter([&](const std::string &name, size_t at, size_t size) {
        const std::vector<char> values = file.bytes(name);
        if (values.size() != size) throw std::runtime_error(name + " has another size in cuDNN");
        TRY(cudaMemcpy(static_cast<char *>(weights_->get()) + at, values.data(), size, cudaMemcpyHostToDevice));
    });
}

void Layer::destroy() {
    if (hd_) cudnnDestroyTensorDescriptor(hd_);
    if (yd_) cudnnDestroyRNNDataDescriptor(yd_);
    if (xd_) cudnnDestroyRNNDataDescriptor(xd_);
    if (rnn_) cudnnDestroyRNNDescriptor(rnn_);
    if (dropout_) cudnnDestroyDropoutDescriptor(dropout_);
}

void Layer::run() {
    const bool lstm = s_.lstm();
    const int *lengths = static_cast<const int *>(t_.devLengths.get());
    void *cx = lstm ? t_.cx.get() : nullptr, *cy = lstm ? t_.cy.get() : nullptr;
    void *reserve = s_.inference ? nullptr : reserve_->get();
    TRY(cudnnRNNForward(handle_, rnn_, mode(), lengths, xd_, t_.x.get(), yd_, t_.y.get(), hd_, t_.hx.get(), t_.hy.get(), hd_, cx, cy,
                        weights_->size(), weights_->get(), work_->size(), work_->get(), s_.inference ? 0 : reserve_->size(), reserve));
    if (s_.inference) return;
    TRY(cudnnRNNBackwardData_v8(handle_, rnn_, lengths, yd_, t_.y.get(), t_.dy.get(), xd_, t_.dx.get(), hd_, t_.hx.get(), t_.dhy.get(),
                                t_.dhx.get(), hd_, cx, lstm ? t_.dcy.get() : nullptr, lstm ? t_.dcx.get() : nullptr, weights_->size(),
                                weights_->get(), work_->size(), work_->get(), reserve_->size(), reserve));
    // cuDNN only adds to the gradients of the weights.
    TRY(cudaMemsetAsync(gradients_->get(), 0, gradients_->size(), stream_));
    TRY(cudnnRNNBackwardWeights_v8(handle_, rnn_, CUDNN_WGRAD_MODE_ADD, lengths, xd_, t_.x.get(), hd_, t_.hx.get(), yd_, t_.y.get(),
                                   weights_->size(), gradients_->get(), work_->size(), work_->get(), reserve_->size(), reserve));
}

void Layer::record() {
    cudaGraph_t graph = nullptr;
    TRY(cudaStreamBeginCapture(stream_, cudaStreamCaptureModeRelaxed));
    std::string failed;
    try {
        run();
    } catch (const std::exception &e) {
        failed = e.what();
    }
    const cudaError_t ended = cudaStreamEndCapture(stream_, &graph);
    if (!failed.empty() || ended != cudaSuccess || !graph) {
        cudaGetLastError();
        throw std::runtime_error("cannot be captured: " + (failed.empty() ? cudaGetErrorString(ended) : failed));
    }
    const cudaError_t made = cudaGraphInstantiate(&exec_, graph, 0);
    cudaGraphDestroy(graph);
    check(made, "cudaGraphInstantiate");
}

void Layer::write(const std::string &path) {
    TensorWriter out;
    auto add = [&](const char *name, const Buffer &b) { out.add(name, s_.stored(), b.values(), s_.elementSize()); };
    add("y", t_.y);
    add("hy", t_.hy);
    if (s_.lstm()) add("cy", t_.cy);
    if (!s_.inference) {
        add("dx", t_.dx);
        add("dhx", t_.dhx);
        if (s_.lstm()) add("dcx", t_.dcx);
        const std::vector<char> all = gradients_->values();
        forEachParameter([&](const std::string &name, size_t at, size_t size) {
            out.add("d" + name, s_.stored(), std::vector<char>(all.begin() + long(at), all.begin() + long(at + size)), s_.elementSize());
        });
    }
    out.write(path);
}

// Calls use(name, offset, bytes) for each parameter by PyTorch's name; all gates of one lie one behind the other.
template <class Use>
void Layer::forEachParameter(Use use) {
    cudnnTensorDescriptor_t matrix, bias;
    TRY(cudnnCreateTensorDescriptor(&matrix));
    TRY(cudnnCreateTensorDescriptor(&bias));
    const char *base = static_cast<const char *>(weights_->get());
    for (int layer = 0; layer < s_.L; layer++) {
        for (int direction = 0; direction < s_.D; direction++) {
            const std::string suffix = "_l" + std::to_string(layer) + (direction ? "_reverse" : "");
            for (int part = 0; part < 2; part++) {
                size_t firstMatrix = 0, matrixBytes = 0, firstBias = 0, biasBytes = 0;
                for (int gate = 0; gate < s_.gates(); gate++) {
                    void *m = nullptr, *b = nullptr;
                    TRY(cudnnGetRNNWeightParams(handle_, rnn_, layer * s_.D + direction, weights_->size(), weights_->get(),
                                                part * s_.gates() + gate, matrix, &m, bias, &b));
                    collect(static_cast<char *>(m) - base, elements(matrix), firstMatrix, matrixBytes, gate);
                    collect(static_cast<char *>(b) - base, elements(bias), firstBias, biasBytes, gate);
                }
                const std::string which = part ? "hh" : "ih";
                use("weight_" + which + suffix, firstMatrix, matrixBytes);
                use("bias_" + which + suffix, firstBias, biasBytes);
            }
        }
    }
    cudnnDestroyTensorDescriptor(matrix);
    cudnnDestroyTensorDescriptor(bias);
}

void Layer::collect(ptrdiff_t at, size_t count, size_t &first, size_t &bytes, int gate) const {
    if (gate == 0) first = size_t(at);
    if (size_t(at) != first + bytes) throw std::runtime_error("cuDNN's gates do not lie one behind the other");
    bytes += count * s_.elementSize();
}

}  // namespace cudnn_worker
