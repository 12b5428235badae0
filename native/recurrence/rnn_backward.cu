// Backward of the plain recurrent cell, tanh or ReLU.
#include "step_backward.cuh"
#include "step_launch.h"

namespace frnn {
namespace {

template <typename S, bool RELU, bool ZONEOUT, typename Units>
__global__ void __launch_bounds__(Units::THREADS, CELL_RESIDENT / Units::THREADS)
    rnnBackwardKernel(const __grid_constant__ FrnnCellBackwardParams p, const __grid_constant__ typename Units::Arguments more) {
    Units::run(p, more, [&](int d, int64_t n, int64_t u) {
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
    withType(p.type, [&](auto s) {
        using S = typename decltype(s)::type;
        withZoneout(p, [&](auto zoneout) {
            constexpr bool ZONEOUT = decltype(zoneout)::value;
            launchEveryUnit(p.cell == FRNN_RNN_RELU ? rnnBackwardKernel<S, true, ZONEOUT, EveryUnit> : rnnBackwardKernel<S, false, ZONEOUT, EveryUnit>, p);
        });
    });
}

void launchRnnStepBackward(const FrnnCellBackwardParams &p, const FrnnStepParams &step) {
    withType(p.type, [&](auto s) {
        using S = typename decltype(s)::type;
        using Units = MultipliedUnits<S>;
        launchMultipliedUnits<S>(p.cell == FRNN_RNN_RELU ? rnnBackwardKernel<S, true, false, Units> : rnnBackwardKernel<S, false, false, Units>, p, step);
    });
}

}  // namespace frnn
