// GRU backward, chip-wide, from the saved r,z,n and q = W_hn h + b_hn: h' = (1-z)*n + z*h with n = tanh(x_n + r*q).
#include "chip_backward_launch.cuh"
#include "chip_gru_backward_cell.cuh"

namespace frnn {

cudaError_t launchChipGruBackward(const ChipRun &run, bool half, const BackwardArgs &args) {
    return ChipBackwardLaunch<ChipGruBackward>::launch(run, half, args);
}

} // namespace frnn
