#include "step_backward.cuh"
#include "step_launch.h"

namespace frnn {
namespace {

template <typename S, bool ZONEOUT, typename Units>
__global__ void __launch_bounds__(Units::THREADS, CELL_RESIDENT / Units::THREADS)
    lstmBackwardKernel(const __grid_constant__ FrnnCellBackwardParams p, const __grid_constant__ typename Units::Arguments more) {
    Units::run(p, more, [&](int d, int64_t n, int64_t u) {
        const CellPoint at = cellPoint(p, p.H, d, n, u);
        float gradient[4] = {};
        if (at.frozen) {
            storeRow<S>(p.dGates, at.row * p.gateStride, p.gateStride, p.H, u, gradient);
            return;
        }
        float gate[4];
        loadGroup<S>(p.savedGates, at.sequence, gate);
        float c = address<const float>(p.savedCells)[at.sequence];
        const float cPrevious = before<S, float>(at, p.cx, p.savedCells);
        float *dcState = address<float>(p.dcState) + at.state;
        const float keepC = cellKeep<ZONEOUT>(p, at, u);
        const ZoneoutGradient dh = zonedOutGradient(hiddenKeep<ZONEOUT>(p, at, p.H, u), wholeDh<S>(p, at));
        const ZoneoutGradient dc = zonedOutGradient(keepC, *dcState);
        // Where c was kept, h was computed from another that was not saved.
        if (keepC != 0.0f) c = gate[1] * limited(cPrevious, p.cellClip) + gate[0] * gate[2];
        const LstmBackward cell =
            lstmBackward<FAST_MATH<S>>(gate[0], gate[1], gate[2], gate[3], c, cPrevious, dh.computed, dc.computed, p.cellClip);
        gradient[0] = cell.di;
        gradient[1] = cell.df;
        gradient[2] = cell.dg;
        gradient[3] = cell.do_;
        storeRow<S>(p.dGates, at.row * p.gateStride, p.gateStride, p.H, u, gradient);
        if (p.dGatesFirst != 0 && at.first) storeRow<S>(p.dGatesFirst, at.sample * p.gateStride, p.gateStride, p.H, u, gradient);
        *dcState = ZONEOUT ? cell.dcPrevious + dc.before : cell.dcPrevious;
        address<float>(p.dhState)[at.inState] = dh.before;
    });
}

}  // namespace

void launchLstmBackward(const FrnnCellBackwardParams &p) {
    withType(p.type, [&](auto s) {
        using S = typename decltype(s)::type;
        withZoneout(p, [&](auto zoneout) { launchEveryUnit(lstmBackwardKernel<S, decltype(zoneout)::value, EveryUnit>, p); });
    });
}

void launchLstmStepBackward(const FrnnCellBackwardParams &p, const FrnnStepParams &step) {
    withType(p.type, [&](auto s) {
        using S = typename decltype(s)::type;
        launchMultipliedUnits<S>(lstmBackwardKernel<S, false, MultipliedUnits<S>>, p, step);
    });
}

}  // namespace frnn
