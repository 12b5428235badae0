// Plain RNN forward: h = tanh or max(0, .) of the gate input plus the recurrent product.
#include "cluster_forward_launch.cuh"
#include "cluster_rnn_cells.cuh"

namespace frnn {

cudaError_t launchRnnForward(int tile, bool half, const ForwardArgs &args, cudaStream_t stream) {
    return ForwardLaunch<ClusterRnnForward, RnnForwardTiles>::launch(tile, half, args, stream);
}

} // namespace frnn
