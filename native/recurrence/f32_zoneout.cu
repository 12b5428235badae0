// LSTM, GRU and plain RNN in F32 with zoneout, forward and backward.
#include "f32_launch.cuh"
#include "f32_zoned.cuh"

namespace frnn {

cudaError_t launchZonedLstmF32(int tile, const ForwardArgsF32 &args, cudaStream_t stream) {
    return launchF32<Zoned<LstmForwardF32>, LstmF32Tiles>(tile, args, stream);
}

cudaError_t launchZonedGruF32(int tile, const ForwardArgsF32 &args, cudaStream_t stream) {
    return launchF32<Zoned<GruForwardF32>, GruF32Tiles>(tile, args, stream);
}

cudaError_t launchZonedRnnF32(int tile, const ForwardArgsF32 &args, cudaStream_t stream) {
    return launchF32<Zoned<RnnForwardF32>, RnnF32Tiles>(tile, args, stream);
}

cudaError_t launchZonedLstmF32(int tile, const BackwardArgsF32 &args, cudaStream_t stream) {
    return launchF32<ZonedLstmBackwardF32, LstmF32Tiles>(tile, args, stream);
}

cudaError_t launchZonedGruF32(int tile, const BackwardArgsF32 &args, cudaStream_t stream) {
    return launchF32<ZonedGruBackwardF32, GruF32Tiles>(tile, args, stream);
}

cudaError_t launchZonedRnnF32(int tile, const BackwardArgsF32 &args, cudaStream_t stream) {
    return launchF32<ZonedRnnBackwardF32, RnnF32Tiles>(tile, args, stream);
}

} // namespace frnn
