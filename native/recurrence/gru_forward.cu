// GRU with the reset after the recurrent product, as cuDNN and PyTorch.
#include "cell_step.cuh"

namespace frnn {
namespace {

template <typename S, typename R>
__global__ void __launch_bounds__(CELL_THREADS) gruForwardKernel(const __grid_constant__ FrnnCellForwardParams p) {
    forEachUnit(p, p.H, [&](int d, int64_t n, int64_t u) {
        const CellPoint at = cellPoint(p, p.H, d, n, u);
        if (at.frozen) {
            const float zeros[4] = {};
            optionalStore<S>(p.y, at.sequence, 0.0f);
            if (p.savedGates != 0) storeGroup<S>(p.savedGates, at.sequence, zeros);
            return;
        }
        float x[3];
        float r[3] = {};
        loadThree<S>(p.gateInputs, at.sequence, x);
        if (p.recurrent != 0) loadThree<R>(p.recurrent, at.state, r);
        S *h = address<S>(p.hState) + at.state;
        const float q = r[2] + optionalLoad<float>(p.bHn, d * p.H + u);
        const GruForward cell = gruForward<FAST_MATH<S>>(x[0] + r[0], x[1] + r[1], x[2], q, toFloat(*h));
        *h = fromFloat<S>(cell.h);
        optionalStore<S>(p.y, at.sequence, cell.h);
        if (p.savedGates != 0) {
            const float saved[4] = {cell.r, cell.z, cell.n, q};
            storeGroup<S>(p.savedGates, at.sequence, saved);
        }
    });
}

}  // namespace

void launchGruForward(const FrnnCellForwardParams &p) {
    const CellGrid grid = cellGrid(p.N, p.H, p.directionCount);
    withTypes(p.type, p.recurrentType, [&](auto s, auto r) {
        using S = typename decltype(s)::type;
        using R = typename decltype(r)::type;
        gruForwardKernel<S, R><<<grid.blocks, grid.threads, 0, streamOf(p.stream)>>>(p);
    });
}

}  // namespace frnn
