// GRU forward on clusters, reset after the recurrent product.
#include "cluster_forward_launch.cuh"
#include "cluster_gru_cells.cuh"

namespace frnn {

cudaError_t launchGruForward(int tile, bool half, const ForwardArgs &args, cudaStream_t stream) {
    return ForwardLaunch<ClusterGruForward, GruForwardTiles>::launch(tile, half, args, stream);
}

} // namespace frnn
