// GRU backward for many samples, spread over many multiprocessors.
#include "chip_gru_backward_cell.cuh"
#include "wide_backward_launch.cuh"

namespace frnn {

cudaError_t launchWideGruBackward(const ChipRun &run, bool half, const BackwardArgs &args) {
    return WideBackwardLaunch<ChipGruBackward>::launch(run, half, args);
}

} // namespace frnn
