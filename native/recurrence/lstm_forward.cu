#include "cell_step.cuh"

namespace frnn {
namespace {

template <typename S, typename R>
__global__ void __launch_bounds__(CELL_THREADS) lstmForwardKernel(const __grid_constant__ FrnnCellForwardParams p) {
    forEachUnit(p, p.H, [&](int d, int64_t n, int64_t u) {
        const CellPoint at = cellPoint(p, p.H, d, n, u);
        float *c = address<float>(p.cState) + at.state;
        if (at.frozen) {
            const float zeros[4] = {};
            optionalStore<S>(p.y, at.sequence, 0.0f);
            optionalStore<S>(p.hRaw, at.sequence, 0.0f);
            optionalStore<float>(p.savedCells, at.sequence, *c);
            if (p.savedGates != 0) storeGroup<S>(p.savedGates, at.sequence, zeros);
            return;
        }
        float a[4];
        loadGroup<S>(p.gateInputs, at.sequence, a);
        if (p.recurrent != 0) {
            float r[4];
            loadGroup<R>(p.recurrent, at.state, r);
            for (int k = 0; k < 4; ++k) a[k] += r[k];
        }
        const LstmForward cell = lstmForward<FAST_MATH<S>>(a[0], a[1], a[2], a[3], *c, p.cellClip);
        *c = cell.c;
        optionalStore<S>(p.hState, at.state, cell.h);
        optionalStore<S>(p.y, at.sequence, cell.h);
        optionalStore<S>(p.hRaw, at.sequence, cell.h);
        optionalStore<float>(p.savedCells, at.sequence, cell.c);
        if (p.savedGates != 0) {
            const float gates[4] = {cell.i, cell.f, cell.g, cell.o};
            storeGroup<S>(p.savedGates, at.sequence, gates);
        }
    });
}

}  // namespace

void launchLstmForward(const FrnnCellForwardParams &p) {
    const CellGrid grid = cellGrid(p.N, p.H, p.directionCount);
    withTypes(p.type, p.recurrentType, [&](auto s, auto r) {
        using S = typename decltype(s)::type;
        using R = typename decltype(r)::type;
        lstmForwardKernel<S, R><<<grid.blocks, grid.threads, 0, streamOf(p.stream)>>>(p);
    });
}

}  // namespace frnn
