// LSTM forward on clusters.
#include "cluster_forward_launch.cuh"
#include "cluster_lstm_cells.cuh"

namespace frnn {

cudaError_t launchLstmForward(int tile, bool half, const ForwardArgs &args, cudaStream_t stream) {
    return ForwardLaunch<ClusterLstmForward, LstmForwardTiles>::launch(tile, half, args, stream);
}

} // namespace frnn
