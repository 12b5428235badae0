// LSTM in F32, forward and backward.
#include "f32_cells.cuh"
#include "f32_launch.cuh"

namespace frnn {

cudaError_t launchLstmF32(int tile, const ForwardArgsF32 &args, cudaStream_t stream) {
    return launchF32<LstmForwardF32, LstmF32Tiles>(tile, args, stream);
}

cudaError_t launchLstmF32(int tile, const BackwardArgsF32 &args, cudaStream_t stream) {
    return launchF32<LstmBackwardF32, LstmF32Tiles>(tile, args, stream);
}

} // namespace frnn
