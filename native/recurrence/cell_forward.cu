// One forward time step of each cell after its recurrent GEMM.
#include "cell_forward.cuh"

namespace frnn {
namespace {

template <typename S, typename R, typename Step>
__global__ void __launch_bounds__(CELL_THREADS, CELL_RESIDENT / CELL_THREADS)
cellForwardKernel(const __grid_constant__ FrnnCellForwardParams p) {
    forEachUnit(p, p.H, [&](int d, int64_t n, int64_t u) {
        const CellPoint at = cellPoint(p, p.H, d, n, u);
        if (at.frozen) {
            Step::frozen(p, at, u);
            return;
        }
        typename Step::Held held;
        float r[Step::ROWS] = {};
        Step::readGates(p, at, u, held);
        Step::readState(p, at, u, held);
        if (p.recurrent != 0) loadRow<R>(p.recurrent, at.sample * p.gateStride, u, r);
        Step::advance(p, at, u, held, r);
    });
}

}  // namespace

void launchCellForward(const FrnnCellForwardParams &p) {
    const CellGrid grid = cellGrid(p.N, p.H, p.directionCount);
    withTypes(p.type, p.recurrentType, [&](auto s, auto r) {
        using S = typename decltype(s)::type;
        using R = typename decltype(r)::type;
        withZoneout(p, [&](auto zoneout) {
            withCell<S, decltype(zoneout)::value>(p.cell, p.stage, [&](auto step) {
                using Step = typename decltype(step)::type;
                launchKernel(cellForwardKernel<S, R, Step>, grid.blocks, grid.threads, 0, streamOf(p.stream), p);
            });
        });
    });
}

}  // namespace frnn
