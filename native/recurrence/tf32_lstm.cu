// LSTM by TF32 products, forward and backward.
#include "tf32_launch.cuh"

namespace frnn {
namespace {

struct Tiles {
    static constexpr auto &kTable = kLstmTf32;
};

} // namespace

cudaError_t launchLstmTf32(int tile, const ForwardArgsF32 &args, cudaStream_t stream) {
    return launchTf32<LstmForwardF32, Tiles>(tile, args, stream);
}

cudaError_t launchLstmTf32(int tile, const BackwardArgsF32 &args, cudaStream_t stream) {
    return launchTf32<LstmBackwardF32, Tiles>(tile, args, stream);
}

} // namespace frnn
