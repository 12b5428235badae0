// LSTM backward, chip-wide, from the saved gates i,f,g,o and cells c. Where c is read it is limited, and no gradient passes at the limit.
#include "chip_backward_launch.cuh"
#include "chip_lstm_backward_cell.cuh"

namespace frnn {

cudaError_t launchChipLstmBackward(const ChipRun &run, bool half, const BackwardArgs &args) {
    return ChipBackwardLaunch<ChipLstmBackward>::launch(run, half, args);
}

} // namespace frnn
