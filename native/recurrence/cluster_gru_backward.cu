// GRU backward on clusters.
#include "cluster_backward_launch.cuh"
#include "cluster_gru_cells.cuh"

namespace frnn {

cudaError_t launchGruBackward(int tile, bool half, const BackwardArgs &args, cudaStream_t stream) {
    return BackwardLaunch<ClusterGruBackward, GruBackwardTiles>::launch(tile, half, args, stream);
}

} // namespace frnn
