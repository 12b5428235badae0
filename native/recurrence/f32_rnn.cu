// Plain RNN in F32, tanh or ReLU, forward and backward.
#include "f32_cells.cuh"
#include "f32_launch.cuh"

namespace frnn {

cudaError_t launchRnnF32(int tile, const ForwardArgsF32 &args, cudaStream_t stream) {
    return launchF32<RnnForwardF32, RnnF32Tiles>(tile, args, stream);
}

cudaError_t launchRnnF32(int tile, const BackwardArgsF32 &args, cudaStream_t stream) {
    return launchF32<RnnBackwardF32, RnnF32Tiles>(tile, args, stream);
}

} // namespace frnn
