// LSTM on clusters with zoneout, forward and backward.
#include "cluster_backward_launch.cuh"
#include "cluster_forward_launch.cuh"
#include "cluster_lstm_cells.cuh"
#include "zoned_gradients.cuh"

namespace frnn {

cudaError_t launchZonedLstmForward(int tile, bool half, const ForwardArgs &args, cudaStream_t stream) {
    return ForwardLaunch<Zoned<ClusterLstmForward>, LstmForwardTiles>::launch(tile, half, args, stream);
}

cudaError_t launchZonedLstmBackward(int tile, bool half, const BackwardArgs &args, cudaStream_t stream) {
    return BackwardLaunch<ZonedLstmGradient<ClusterLstmBackward>, LstmBackwardTiles>::launch(tile, half, args, stream);
}

} // namespace frnn
