// GRU in F32, reset after the recurrent product, forward and backward.
#include "f32_cells.cuh"
#include "f32_launch.cuh"

namespace frnn {

cudaError_t launchGruF32(int tile, const ForwardArgsF32 &args, cudaStream_t stream) {
    return launchF32<GruForwardF32, GruF32Tiles>(tile, args, stream);
}

cudaError_t launchGruF32(int tile, const BackwardArgsF32 &args, cudaStream_t stream) {
    return launchF32<GruBackwardF32, GruF32Tiles>(tile, args, stream);
}

} // namespace frnn
