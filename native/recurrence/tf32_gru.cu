// GRU, reset after the recurrent product, by TF32 products, forward and backward.
#include "tf32_launch.cuh"

namespace frnn {
namespace {

struct Tiles {
    static constexpr auto &kTable = kGruTf32;
};

} // namespace

cudaError_t launchGruTf32(int tile, const ForwardArgsF32 &args, cudaStream_t stream) {
    return launchTf32<GruForwardF32, Tiles>(tile, args, stream);
}

cudaError_t launchGruTf32(int tile, const BackwardArgsF32 &args, cudaStream_t stream) {
    return launchTf32<GruBackwardF32, Tiles>(tile, args, stream);
}

} // namespace frnn
