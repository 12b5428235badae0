// LSTM backward for many samples, spread over many multiprocessors.
#include "chip_lstm_backward_cell.cuh"
#include "wide_backward_launch.cuh"

namespace frnn {

cudaError_t launchWideLstmBackward(const ChipRun &run, bool half, const BackwardArgs &args) {
    return WideBackwardLaunch<ChipLstmBackward>::launch(run, half, args);
}

} // namespace frnn
