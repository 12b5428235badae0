// LSTM backward on clusters.
#include "cluster_backward_launch.cuh"
#include "cluster_lstm_cells.cuh"

namespace frnn {

cudaError_t launchLstmBackward(int tile, bool half, const BackwardArgs &args, cudaStream_t stream) {
    return BackwardLaunch<ClusterLstmBackward, LstmBackwardTiles>::launch(tile, half, args, stream);
}

} // namespace frnn
