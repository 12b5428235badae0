// LSTM forward for many samples, spread over many multiprocessors.
#include "chip_lstm_forward_cell.cuh"
#include "wide_forward_launch.cuh"

namespace frnn {

cudaError_t launchWideLstmForward(const ChipRun &run, bool half, const ForwardArgs &args) {
    return WideForwardLaunch<ChipLstmForward>::launch(run, half, args);
}

} // namespace frnn
