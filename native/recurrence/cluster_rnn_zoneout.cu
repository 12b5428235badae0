// Plain RNN on clusters with zoneout, forward and backward.
#include "cluster_backward_launch.cuh"
#include "cluster_forward_launch.cuh"
#include "cluster_rnn_cells.cuh"
#include "zoned_gradients.cuh"

namespace frnn {

cudaError_t launchZonedRnnForward(int tile, bool half, const ForwardArgs &args, cudaStream_t stream) {
    return ForwardLaunch<Zoned<ClusterRnnForward>, RnnForwardTiles>::launch(tile, half, args, stream);
}

cudaError_t launchZonedRnnBackward(int tile, bool half, const BackwardArgs &args, cudaStream_t stream) {
    return BackwardLaunch<ZonedRnnGradient<ClusterRnnBackward>, RnnBackwardTiles>::launch(tile, half, args, stream);
}

} // namespace frnn
