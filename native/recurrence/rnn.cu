// The plain recurrent cell, tanh or ReLU: forward and backward.
#include "cell_step.cuh"

namespace frnn {
namespace {

template <typename S, typename R, bool RELU>
__global__ void __launch_bounds__(CELL_THREADS) rnnForwardKernel(const __grid_constant__ FrnnCellForwardParams p) {
    forEachUnit(p, p.H, [&](int d, int64_t n, int64_t u) {
        const CellPoint at = cellPoint(p, p.H, d, n, u);
        if (at.frozen) {
            optionalStore<S>(p.y, at.sequence, 0.0f);
            return;
        }
        const float a = toFloat(address<const S>(p.gateInputs)[at.sequence]) + optionalLoad<R>(p.recurrent, at.state);
        const float h = rnnForward<FAST_MATH<S>, RELU>(a);
        address<S>(p.hState)[at.state] = fromFloat<S>(h);
        optionalStore<S>(p.y, at.sequence, h);
    });
}

template <typename S, bool RELU>
__global__ void __launch_bounds__(CELL_THREADS) rnnBackwardKernel(const __grid_constant__ FrnnCellBackwardParams p) {
    forEachUnit(p, p.H, [&](int d, int64_t n, int64_t u) {
        const CellPoint at = cellPoint(p, p.H, d, n, u);
        if (at.frozen) {
            address<S>(p.dGates)[at.sequence] = fromFloat<S>(0.0f);
            return;
        }
        const float h = toFloat(address<const S>(p.y)[at.sequence]);
        const float gradient = rnnBackward<RELU>(h, wholeDh<S>(p, at));
        address<S>(p.dGates)[at.sequence] = fromFloat<S>(gradient);
        if (at.first) optionalStore<S>(p.dGatesFirst, at.state, gradient);
        address<float>(p.dhState)[at.state] = 0.0f;
    });
}

}  // namespace

void launchRnnForward(const FrnnCellForwardParams &p) {
    const CellGrid grid = cellGrid(p.N, p.H, p.directionCount);
    withTypes(p.type, p.recurrentType, [&](auto s, auto r) {
        using S = typename decltype(s)::type;
        using R = typename decltype(r)::type;
        if (p.cell == FRNN_RNN_RELU) {
            rnnForwardKernel<S, R, true><<<grid.blocks, grid.threads, 0, streamOf(p.stream)>>>(p);
        } else {
            rnnForwardKernel<S, R, false><<<grid.blocks, grid.threads, 0, streamOf(p.stream)>>>(p);
        }
    });
}

void launchRnnBackward(const FrnnCellBackwardParams &p) {
    const CellGrid grid = cellGrid(p.N, p.H, p.directionCount);
    withType(p.type, [&](auto s) {
        using S = typename decltype(s)::type;
        if (p.cell == FRNN_RNN_RELU) {
            rnnBackwardKernel<S, true><<<grid.blocks, grid.threads, 0, streamOf(p.stream)>>>(p);
        } else {
            rnnBackwardKernel<S, false><<<grid.blocks, grid.threads, 0, streamOf(p.stream)>>>(p);
        }
    });
}

}  // namespace frnn
