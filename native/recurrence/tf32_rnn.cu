// Plain RNN, tanh or ReLU, by TF32 products, forward and backward.
#include "tf32_launch.cuh"

namespace frnn {
namespace {

struct Tiles {
    static constexpr auto &kTable = kRnnTf32;
};

} // namespace

cudaError_t launchRnnTf32(int tile, const ForwardArgsF32 &args, cudaStream_t stream) {
    return launchTf32<RnnForwardF32, Tiles>(tile, args, stream);
}

cudaError_t launchRnnTf32(int tile, const BackwardArgsF32 &args, cudaStream_t stream) {
    return launchTf32<RnnBackwardF32, Tiles>(tile, args, stream);
}

} // namespace frnn
