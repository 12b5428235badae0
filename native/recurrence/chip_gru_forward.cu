// GRU forward, chip-wide, reset after the recurrent product: n = tanh(x_n + r*(W_hn h + b_hn)), h = (1-z)*n + z*h.
#include "chip_forward_launch.cuh"
#include "chip_gru_forward_cell.cuh"

namespace frnn {

cudaError_t launchChipGruForward(const ChipRun &run, bool half, const ForwardArgs &args) {
    return ChipForwardLaunch<ChipGruForward>::launch(run, half, args);
}

} // namespace frnn
