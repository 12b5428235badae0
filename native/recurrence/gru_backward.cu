#include "step_backward.cuh"
#include "step_launch.h"

namespace frnn {
namespace {

template <typename S, bool ZONEOUT, typename Units>
__global__ void __launch_bounds__(Units::THREADS, CELL_RESIDENT / Units::THREADS)
    gruBackwardKernel(const __grid_constant__ FrnnCellBackwardParams p, const __grid_constant__ typename Units::Arguments more) {
    Units::run(p, more, [&](int d, int64_t n, int64_t u) {
        const CellPoint at = cellPoint(p, p.H, d, n, u);
        const int64_t row = at.row * p.gateStride;
        if (at.frozen) {
            const float zeros[3] = {};
            storeRow<S>(p.dGates, row, p.gateStride, p.H, u, zeros);
            storeRow<S>(p.dGatesH, row, p.gateStride, p.H, u, zeros);
            return;
        }
        float saved[4];
        loadGroup<S>(p.savedGates, at.sequence, saved);
        const float hPrevious = before<S, S>(at, p.hx, p.y);
        const ZoneoutGradient dh = zonedOutGradient(hiddenKeep<ZONEOUT>(p, at, p.H, u), wholeDh<S>(p, at));
        const GruBackward cell = gruBackward(saved[0], saved[1], saved[2], saved[3], hPrevious, dh.computed);
        const float input[3] = {cell.dr, cell.dz, cell.dn};
        const float recurrent[3] = {cell.dr, cell.dz, cell.dq};
        storeRow<S>(p.dGates, row, p.gateStride, p.H, u, input);
        storeRow<S>(p.dGatesH, row, p.gateStride, p.H, u, recurrent);
        if (p.dGatesFirst != 0 && at.first) storeRow<S>(p.dGatesFirst, at.sample * p.gateStride, p.gateStride, p.H, u, recurrent);
        address<float>(p.dhState)[at.inState] = cell.dhDirect + dh.before;
    });
}

}  // namespace

void launchGruBackward(const FrnnCellBackwardParams &p) {
    withType(p.type, [&](auto s) {
        using S = typename decltype(s)::type;
        withZoneout(p, [&](auto zoneout) { launchEveryUnit(gruBackwardKernel<S, decltype(zoneout)::value, EveryUnit>, p); });
    });
}

void launchGruStepBackward(const FrnnCellBackwardParams &p, const FrnnStepParams &step) {
    withType(p.type, [&](auto s) {
        using S = typename decltype(s)::type;
        launchMultipliedUnits<S>(gruBackwardKernel<S, false, MultipliedUnits<S>>, p, step);
    });
}

}  // namespace frnn
