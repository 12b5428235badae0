// Plain RNN backward, from y: dx = dh*(1-y*y) for tanh, dh where y > 0 for ReLU.
#include "cluster_backward_launch.cuh"
#include "cluster_rnn_cells.cuh"

namespace frnn {

cudaError_t launchRnnBackward(int tile, bool half, const BackwardArgs &args, cudaStream_t stream) {
    return BackwardLaunch<ClusterRnnBackward, RnnBackwardTiles>::launch(tile, half, args, stream);
}

} // namespace frnn
