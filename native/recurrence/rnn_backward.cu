// Backward of the plain recurrent cell, tanh or ReLU.
#include "cell_step.cuh"

namespace frnn {
namespace {

template <typename S, bool RELU, bool ZONEOUT>
__global__ void __launch_bounds__(CELL_THREADS) rnnBackwardKernel(const __grid_constant__ FrnnCellBackwardParams p) {
    forEachUnit(p, p.H, [&](int d, int64_t n, int64_t u) {
        const CellPoint at = cellPoint(p, p.H, d, n, u);
        if (at.frozen) {
            storePadded<S>(p.dGates, at.row, p.gateStride, p.H, u, 0.0f);
            return;
        }
        const float h = toFloat(address<const S>(p.y)[at.sequence]);
        // Where h was kept it is not what the cell computed, and none of its gradient goes there.
        const ZoneoutGradient dh = zonedOutGradient(hiddenKeep<ZONEOUT>(p, at, p.H, u), wholeDh<S>(p, at));
        const float gradient = rnnBackward<RELU>(h, dh.computed);
        storePadded<S>(p.dGates, at.row, p.gateStride, p.H, u, gradient);
        if (at.first) storePadded<S>(p.dGatesFirst, at.sample, p.gateStride, p.H, u, gradient);
        address<float>(p.dhState)[at.inState] = dh.before;
    });
}

}  // namespace

void launchRnnBackward(const FrnnCellBackwardParams &p) {
    const CellGrid grid = cellGrid(p.N, p.H, p.directionCount);
    withType(p.type, [&](auto s) {
        using S = typename decltype(s)::type;
        withZoneout(p, [&](auto zoneout) {
            if (p.cell == FRNN_RNN_RELU) {
                launchKernel(rnnBackwardKernel<S, true, decltype(zoneout)::value>, grid.blocks, grid.threads, 0, streamOf(p.stream), p);
            } else {
                launchKernel(rnnBackwardKernel<S, false, decltype(zoneout)::value>, grid.blocks, grid.threads, 0, streamOf(p.stream), p);
            }
        });
    });
}

}  // namespace frnn
