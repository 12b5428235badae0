// GRU forward for many samples, spread over many multiprocessors.
#include "chip_gru_forward_cell.cuh"
#include "wide_forward_launch.cuh"

namespace frnn {

cudaError_t launchWideGruForward(const ChipRun &run, bool half, const ForwardArgs &args) {
    return WideForwardLaunch<ChipGruForward>::launch(run, half, args);
}

} // namespace frnn
