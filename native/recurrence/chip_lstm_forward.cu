// LSTM forward, chip-wide: c = f*c + i*g, h = o*tanh(c), with c limited to the clip where it is read.
#include "chip_forward_launch.cuh"
#include "chip_lstm_forward_cell.cuh"

namespace frnn {

cudaError_t launchChipLstmForward(const ChipRun &run, bool half, const ForwardArgs &args) {
    return ChipForwardLaunch<ChipLstmForward>::launch(run, half, args);
}

} // namespace frnn
