#include "cell_step.cuh"

namespace frnn {
namespace {

template <typename S>
__global__ void __launch_bounds__(CELL_THREADS) gruBackwardKernel(const __grid_constant__ FrnnCellBackwardParams p) {
    forEachUnit(p, p.H, [&](int d, int64_t n, int64_t u) {
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
        const GruBackward cell = gruBackward(saved[0], saved[1], saved[2], saved[3], hPrevious, wholeDh<S>(p, at));
        const float input[3] = {cell.dr, cell.dz, cell.dn};
        const float recurrent[3] = {cell.dr, cell.dz, cell.dq};
        storeRow<S>(p.dGates, row, p.gateStride, p.H, u, input);
        storeRow<S>(p.dGatesH, row, p.gateStride, p.H, u, recurrent);
        if (p.dGatesFirst != 0 && at.first) storeRow<S>(p.dGatesFirst, at.sample * p.gateStride, p.gateStride, p.H, u, recurrent);
        address<float>(p.dhState)[at.inState] = cell.dhDirect;
    });
}

}  // namespace

void launchGruBackward(const FrnnCellBackwardParams &p) {
    const CellGrid grid = cellGrid(p.N, p.H, p.directionCount);
    withType(p.type, [&](auto s) {
        using S = typename decltype(s)::type;
        launchKernel(gruBackwardKernel<S>, grid.blocks, grid.threads, 0, streamOf(p.stream), p);
    });
}

}  // namespace frnn
