#include "cell_step.cuh"

namespace frnn {
namespace {

template <typename S>
__global__ void __launch_bounds__(CELL_THREADS) lstmBackwardKernel(const __grid_constant__ FrnnCellBackwardParams p) {
    forEachUnit(p, p.H, [&](int d, int64_t n, int64_t u) {
        const CellPoint at = cellPoint(p, p.H, d, n, u);
        float gradient[4] = {};
        if (at.frozen) {
            storeRow<S>(p.dGates, at.row * p.gateStride, p.gateStride, p.H, u, gradient);
            return;
        }
        float gate[4];
        loadGroup<S>(p.savedGates, at.sequence, gate);
        const float c = address<const float>(p.savedCells)[at.sequence];
        const float cPrevious = before<S, float>(at, p.cx, p.savedCells);
        float *dc = address<float>(p.dcState) + at.state;
        const LstmBackward cell =
            lstmBackward<FAST_MATH<S>>(gate[0], gate[1], gate[2], gate[3], c, cPrevious, wholeDh<S>(p, at), *dc, p.cellClip);
        gradient[0] = cell.di;
        gradient[1] = cell.df;
        gradient[2] = cell.dg;
        gradient[3] = cell.do_;
        storeRow<S>(p.dGates, at.row * p.gateStride, p.gateStride, p.H, u, gradient);
        if (p.dGatesFirst != 0 && at.first) storeRow<S>(p.dGatesFirst, at.sample * p.gateStride, p.gateStride, p.H, u, gradient);
        *dc = cell.dcPrevious;
        address<float>(p.dhState)[at.inState] = 0.0f;
    });
}

}  // namespace

void launchLstmBackward(const FrnnCellBackwardParams &p) {
    const CellGrid grid = cellGrid(p.N, p.H, p.directionCount);
    withType(p.type, [&](auto s) {
        using S = typename decltype(s)::type;
        launchKernel(lstmBackwardKernel<S>, grid.blocks, grid.threads, 0, streamOf(p.stream), p);
    });
}

}  // namespace frnn
