// For the tests of the stand-in for cuDNN: one stack with all its memory.
#pragma once

#include <cstdio>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "cudnn.h"

inline int failures = 0;

inline void require(bool condition, const std::string &what, int line) {
    if (condition) return;
    std::printf("FAIL line %d: %s\n", line, what.c_str());
    ++failures;
}

#define REQUIRE(condition) require(condition, #condition, __LINE__)
#define STATUS(call, expected) require((call) == (expected), #call " gives " #expected, __LINE__)
#define OK(call) STATUS(call, CUDNN_STATUS_SUCCESS)
#define CUDA(call) STATUS(call, cudaSuccess)

struct Memory {
    char *at = nullptr;
    size_t bytes;

    explicit Memory(size_t count) : bytes(count) { CUDA(cudaMalloc(reinterpret_cast<void **>(&at), count)); }
    Memory(const Memory &) = delete;
    ~Memory() { CUDA(cudaFree(at)); }
};

// Floats on the device.
struct Values : Memory {
    explicit Values(size_t count) : Memory(4 * count) { set(std::vector<float>(count, 0)); }
    void set(const std::vector<float> &values) { CUDA(cudaMemcpy(at, values.data(), bytes, cudaMemcpyHostToDevice)); }
    std::vector<float> get() const {
        std::vector<float> values(bytes / 4);
        CUDA(cudaMemcpy(values.data(), at, bytes, cudaMemcpyDeviceToHost));
        return values;
    }
};

struct Sizes {
    int cell = 2, algorithm = CUDNN_RNN_ALGO_STANDARD, layers = 2, directions = 2, projected = 0, math = CUDNN_FMA_MATH;
    int input = 3, hidden = 4, steps = 3, batch = 2;
    bool padded = true;
    double clip = 0;
    std::vector<int> lengths = {2, 3};
};

inline std::vector<float> drawn(size_t count, unsigned seed, float scale = 1) {
    std::mt19937 random(seed);
    std::uniform_real_distribution<float> uniform(-scale, scale);
    std::vector<float> values(count);
    for (float &value : values) value = uniform(random);
    return values;
}

// One stack with all its memory, on a stream of its own.
struct Run {
    Sizes s;
    int features = s.projected > 0 ? s.projected : s.hidden;
    size_t states = size_t(s.layers * s.directions * s.batch);
    cudaStream_t stream = nullptr;
    cudnnHandle_t handle = nullptr;
    cudnnRNNDescriptor_t rnn = nullptr;
    cudnnDropoutDescriptor_t dropout = nullptr;
    cudnnRNNDataDescriptor_t xData = nullptr, yData = nullptr;
    cudnnTensorDescriptor_t hData = nullptr, cData = nullptr;
    float fill = 7;
    size_t weightBytes, workspaceBytes, reserveBytes;
    Values x, y, hx, cx, hy, cy, dy, dhy, dcy, dx, dhx, dcx, weights, gradients;
    Memory workspace, reserve;

    explicit Run(const Sizes &sizes)
        : s(sizes), weightBytes(prepare()), x(rows() * size_t(s.input)), y(outputs()), hx(states * size_t(features)), cx(states * size_t(s.hidden)),
          hy(states * size_t(features)), cy(states * size_t(s.hidden)), dy(outputs()), dhy(states * size_t(features)), dcy(states * size_t(s.hidden)),
          dx(rows() * size_t(s.input)), dhx(states * size_t(features)), dcx(states * size_t(s.hidden)), weights(weightBytes / 4),
          gradients(weightBytes / 4), workspace(workspaceBytes), reserve(reserveBytes) {
        Values *const all[] = {&x, &hx, &cx, &dy, &dhy, &dcy, &weights};
        unsigned seed = 0;
        for (Values *values : all) values->set(drawn(values->bytes / 4, ++seed, 0.7f));
    }

    ~Run() {
        OK(cudnnDestroyRNNDescriptor(rnn));
        OK(cudnnDestroyDropoutDescriptor(dropout));
        for (cudnnRNNDataDescriptor_t data : {xData, yData}) OK(cudnnDestroyRNNDataDescriptor(data));
        for (cudnnTensorDescriptor_t data : {hData, cData}) OK(cudnnDestroyTensorDescriptor(data));
        OK(cudnnDestroy(handle));
        CUDA(cudaStreamDestroy(stream));
    }

    size_t rows() const { return size_t(s.steps * s.batch); }
    size_t outputs() const { return rows() * size_t(s.directions * features); }

    cudnnStatus_t describe(int cell, int projected, int layers) {
        return cudnnSetRNNDescriptor_v8(rnn, s.algorithm, cell, 2, s.directions - 1, 0, CUDNN_DATA_FLOAT, CUDNN_DATA_FLOAT, s.math, s.input, s.hidden,
                                        projected, layers, dropout, s.padded ? CUDNN_RNN_PADDED_IO_ENABLED : 0);
    }

    void describeState(cudnnTensorDescriptor_t *data, int width) {
        const int extents[] = {s.layers * s.directions, s.batch, width}, strides[] = {s.batch * width, width, 1};
        OK(cudnnCreateTensorDescriptor(data));
        OK(cudnnSetTensorNdDescriptor(*data, CUDNN_DATA_FLOAT, 3, extents, strides));
    }

    size_t prepare() {
        CUDA(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
        OK(cudnnCreate(&handle));
        OK(cudnnSetStream(handle, stream));
        OK(cudnnCreateRNNDescriptor(&rnn));
        OK(cudnnCreateDropoutDescriptor(&dropout));
        OK(cudnnSetDropoutDescriptor(dropout, handle, 0, nullptr, 0, 0));
        OK(describe(s.cell, s.projected, s.layers));
        if (s.clip > 0) OK(cudnnRNNSetClip_v9(rnn, CUDNN_RNN_CLIP_MINMAX, -s.clip, s.clip));
        if (s.algorithm == CUDNN_RNN_ALGO_PERSIST_DYNAMIC) OK(cudnnBuildRNNDynamic(handle, rnn, s.batch));
        const int layout = s.padded ? 0 : 1;
        OK(cudnnCreateRNNDataDescriptor(&xData));
        OK(cudnnCreateRNNDataDescriptor(&yData));
        OK(cudnnSetRNNDataDescriptor(xData, CUDNN_DATA_FLOAT, layout, s.steps, s.batch, s.input, s.lengths.data(), &fill));
        OK(cudnnSetRNNDataDescriptor(yData, CUDNN_DATA_FLOAT, layout, s.steps, s.batch, s.directions * features, s.lengths.data(), &fill));
        describeState(&hData, features);
        describeState(&cData, s.hidden);
        size_t bytes = 0;
        OK(cudnnGetRNNWeightSpaceSize(handle, rnn, &bytes));
        OK(cudnnGetRNNTempSpaceSizes(handle, rnn, CUDNN_FWD_MODE_TRAINING, xData, &workspaceBytes, &reserveBytes));
        return bytes;
    }

    cudnnStatus_t forward(int mode = CUDNN_FWD_MODE_TRAINING, size_t missing = 0, size_t offset = 0) {
        return cudnnRNNForward(handle, rnn, mode, nullptr, xData, x.at, yData, y.at, hData, hx.at, hy.at, cData, cx.at, cy.at, weightBytes,
                               weights.at + offset, workspaceBytes - missing, workspace.at, reserveBytes, reserve.at);
    }
    cudnnStatus_t backwardData() {
        return cudnnRNNBackwardData_v8(handle, rnn, nullptr, yData, y.at, dy.at, xData, dx.at, hData, hx.at, dhy.at, dhx.at, cData, cx.at, dcy.at,
                                       dcx.at, weightBytes, weights.at, workspaceBytes, workspace.at, reserveBytes, reserve.at);
    }
    cudnnStatus_t backwardWeights(int mode = CUDNN_WGRAD_MODE_ADD) {
        return cudnnRNNBackwardWeights_v8(handle, rnn, mode, nullptr, xData, x.at, hData, hx.at, yData, y.at, weightBytes, gradients.at,
                                          workspaceBytes, workspace.at, reserveBytes, reserve.at);
    }
    void finish() { CUDA(cudaStreamSynchronize(stream)); }

    // Σ dy·y + dhy·hy + dcy·cy over all that belongs to samples.
    double objective() {
        OK(forward(CUDNN_FWD_MODE_INFERENCE));
        finish();
        double sum = 0;
        const std::vector<float> ys = y.get(), dys = dy.get();
        for (size_t row = 0; row < rows(); ++row) {
            const bool valid = s.padded ? int(row) / s.batch < s.lengths[row % size_t(s.batch)] : int(row) < s.lengths[0] + s.lengths[1];
            if (!valid) continue;
            const size_t width = size_t(s.directions * features);
            for (size_t j = 0; j < width; ++j) sum += double(ys[row * width + j]) * dys[row * width + j];
        }
        for (const auto &pair : {std::pair<Values *, Values *>{&hy, &dhy}, {&cy, &dcy}}) {
            if (pair.first == &cy && s.cell != 2) continue;
            const std::vector<float> a = pair.first->get(), b = pair.second->get();
            for (size_t i = 0; i < a.size(); ++i) sum += double(a[i]) * b[i];
        }
        return sum;
    }
};

