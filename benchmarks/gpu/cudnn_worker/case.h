// The case that all algorithms run: sizes, inputs and room for outputs.
#pragma once

#include <cudnn.h>

#include <cstring>
#include <string>
#include <vector>

#include "device.h"
#include "tensor_file.h"

namespace cudnn_worker {

// What a case's file says of its layer, and its names in cuDNN.
struct Sizes {
    Sizes(const TensorFile &file, bool forInference)
        : cell(file.metadata("cell")), precision(file.metadata("precision")), T(file.number("T")), N(file.number("N")), C(file.number("C")),
          H(file.number("H")), L(file.number("L")), D(file.number("D")), inference(forInference), lengths(file.contains("lengths")) {}

    std::string cell, precision;
    int T, N, C, H, L, D;
    bool inference, lengths;

    bool lstm() const { return cell == "lstm"; }
    int gates() const { return lstm() ? 4 : cell == "gru" ? 3 : 1; }
    cudnnDataType_t type() const {
        return precision == "bf16" ? CUDNN_DATA_BFLOAT16 : precision == "f16" ? CUDNN_DATA_HALF : CUDNN_DATA_FLOAT;
    }
    const char *stored() const { return precision == "bf16" ? "BF16" : precision == "f16" ? "F16" : "F32"; }
    size_t elementSize() const { return type() == CUDNN_DATA_FLOAT ? 4 : 2; }
    cudnnMathType_t math() const {
        return precision == "f32" ? CUDNN_FMA_MATH : precision == "tf32" ? CUDNN_DEFAULT_MATH : CUDNN_TENSOR_OP_MATH;
    }
    cudnnRNNMode_t mode() const {
        return lstm() ? CUDNN_LSTM : cell == "gru" ? CUDNN_GRU : cell == "rnn_relu" ? CUDNN_RNN_RELU : CUDNN_RNN_TANH;
    }
};

// What all algorithms share: inputs and outputs.
struct Tensors {
    Tensors(TensorFile &file, const Sizes &s)
        : x(file.bytes("x")), hx(file.bytes("hx")), cx(s.lstm() ? file.bytes("cx") : std::vector<char>()), dy(file.bytes("dy")),
          dhy(file.bytes("dhy")), dcy(s.lstm() ? file.bytes("dcy") : std::vector<char>()), y(dy.size()), hy(hx.size()), cy(cx.size()),
          dx(x.size()), dhx(hx.size()), dcx(cx.size()), devLengths(size_t(s.N) * 4), lengths(size_t(s.N), s.T) {
        if (s.lengths) {
            const std::vector<char> given = file.bytes("lengths");
            memcpy(lengths.data(), given.data(), given.size());
        }
        TRY(cudaMemcpy(devLengths.get(), lengths.data(), lengths.size() * 4, cudaMemcpyHostToDevice));
    }

    Buffer x, hx, cx, dy, dhy, dcy, y, hy, cy, dx, dhx, dcx, devLengths;
    std::vector<int> lengths;
};

}  // namespace cudnn_worker
