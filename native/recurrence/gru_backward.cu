#include "cell_step.cuh"

namespace frnn {
namespace {

template <typename S>
__global__ void __launch_bounds__(CELL_THREADS) gruBackwardKernel(const __grid_constant__ FrnnCellBackwardParams p) {
    forEachUnit(p, p.H, [&](int d, int64_t n, int64_t u) {
        const CellPoint at = cellPoint(p, p.H, d, n, u);
        if (at.frozen) {
            storeThree<S>(p.dGates, at.sequence, 0.0f, 0.0f, 0.0f);
            storeThree<S>(p.dGatesH, at.sequence, 0.0f, 0.0f, 0.0f);
            return;
        }
        float saved[4];
        loadGroup<S>(p.savedGates, at.sequence, saved);
        const float hPrevious = before<S, S>(at, p.hx, p.y);
        const GruBackward cell = gruBackward(saved[0], saved[1], saved[2], saved[3], hPrevious, wholeDh<S>(p, at));
        storeThree<S>(p.dGates, at.sequence, cell.dr, cell.dz, cell.dn);
        storeThree<S>(p.dGatesH, at.sequence, cell.dr, cell.dz, cell.dq);
        if (p.dGatesFirst != 0 && at.first) storeThree<S>(p.dGatesFirst, at.state, cell.dr, cell.dz, cell.dq);
        address<float>(p.dhState)[at.state] = cell.dhDirect;
    });
}

}  // namespace

void launchGruBackward(const FrnnCellBackwardParams &p) {
    const CellGrid grid = cellGrid(p.N, p.H, p.directionCount);
    withType(p.type, [&](auto s) {
        using S = typename decltype(s)::type;
        gruBackwardKernel<S><<<grid.blocks, grid.threads, 0, streamOf(p.stream)>>>(p);
    });
}

}  // namespace frnn
