// GRU on clusters with zoneout, forward and backward.
#include "cluster_backward_launch.cuh"
#include "cluster_forward_launch.cuh"
#include "cluster_gru_cells.cuh"
#include "zoned_gradients.cuh"

namespace frnn {

cudaError_t launchZonedGruForward(int tile, bool half, const ForwardArgs &args, cudaStream_t stream) {
    return ForwardLaunch<Zoned<ClusterGruForward>, GruForwardTiles>::launch(tile, half, args, stream);
}

cudaError_t launchZonedGruBackward(int tile, bool half, const BackwardArgs &args, cudaStream_t stream) {
    return BackwardLaunch<ZonedGruGradient<ClusterGruBackward>, GruBackwardTiles>::launch(tile, half, args, stream);
}

} // namespace frnn
