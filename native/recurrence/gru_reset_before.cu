// GRU with the reset before the recurrent product: n needs a product of its own, so every step has two stages.
#include "cell_step.cuh"

namespace frnn {
namespace {

template <typename S, typename R>
__global__ void __launch_bounds__(CELL_THREADS) resetForwardKernel(const __grid_constant__ FrnnCellForwardParams p) {
    forEachUnit(p, p.H, [&](int d, int64_t n, int64_t u) {
        const CellPoint at = cellPoint(p, p.H, d, n, u);
        if (at.frozen) {
            optionalStore<S>(p.savedReset, at.sequence, 0.0f);
            address<S>(p.resetState)[at.state] = fromFloat<S>(0.0f);
            return;
        }
        // Only r and z are needed: n's input waits for the second stage.
        const S *input = address<const S>(p.gateInputs) + at.sequence * 3;
        const float x[2] = {toFloat(input[0]), toFloat(input[1])};
        float a[2] = {};
        if (p.recurrent != 0) loadGroup<R>(p.recurrent, at.state, a);
        const float h = toFloat(address<const S>(p.hState)[at.state]);
        const float gates[2] = {sigmoid<FAST_MATH<S>>(x[0] + a[0]), sigmoid<FAST_MATH<S>>(x[1] + a[1])};
        const float resetH = gates[0] * h;
        storeGroup<float>(p.resetGates, at.state, gates);
        address<S>(p.resetState)[at.state] = fromFloat<S>(resetH);
        optionalStore<S>(p.savedReset, at.sequence, resetH);
    });
}

template <typename S, typename R>
__global__ void __launch_bounds__(CELL_THREADS) candidateForwardKernel(const __grid_constant__ FrnnCellForwardParams p) {
    forEachUnit(p, p.H, [&](int d, int64_t n, int64_t u) {
        const CellPoint at = cellPoint(p, p.H, d, n, u);
        if (at.frozen) {
            const float zeros[4] = {};
            optionalStore<S>(p.y, at.sequence, 0.0f);
            if (p.savedGates != 0) storeGroup<S>(p.savedGates, at.sequence, zeros);
            return;
        }
        float gates[2];
        loadGroup<float>(p.resetGates, at.state, gates);
        const float input = toFloat(address<const S>(p.gateInputs)[at.sequence * 3 + 2]);
        const float candidate = hyperbolicTangent<FAST_MATH<S>>(input + optionalLoad<R>(p.recurrent, at.state));
        S *h = address<S>(p.hState) + at.state;
        const float next = gruMix(gates[1], candidate, toFloat(*h));
        *h = fromFloat<S>(next);
        optionalStore<S>(p.y, at.sequence, next);
        if (p.savedGates != 0) {
            const float saved[4] = {gates[0], gates[1], candidate, toFloat(address<const S>(p.resetState)[at.state])};
            storeGroup<S>(p.savedGates, at.sequence, saved);
        }
    });
}

// Where a unit's r (and z behind it) and n lie in the rows r,z interleaved, then n.
__device__ __forceinline__ int64_t resetColumn(int64_t row, int64_t H, int64_t u) { return row * 3 * H + 2 * u; }

__device__ __forceinline__ int64_t candidateColumn(int64_t row, int64_t H, int64_t u) { return row * 3 * H + 2 * H + u; }

template <typename S>
__global__ void __launch_bounds__(CELL_THREADS) candidateBackwardKernel(const __grid_constant__ FrnnCellBackwardParams p) {
    forEachUnit(p, p.H, [&](int d, int64_t n, int64_t u) {
        const CellPoint at = cellPoint(p, p.H, d, n, u);
        const int64_t row = (at.t * p.N + n) * p.D + d;
        S *dGates = address<S>(p.dGates) + at.sequence * 3;
        S *dGatesH = address<S>(p.dGatesH);
        float dz = 0.0f;
        float dn = 0.0f;
        if (!at.frozen) {
            float saved[4];
            loadGroup<S>(p.savedGates, at.sequence, saved);
            const float z = saved[1];
            const float candidate = saved[2];
            const float dh = wholeDh<S>(p, at);
            dn = dh * (1.0f - z) * (1.0f - candidate * candidate);
            dz = dh * (before<S, S>(at, p.hx, p.y) - candidate) * z * (1.0f - z);
            address<float>(p.dhState)[at.state] = dh * z;
        }
        dGates[1] = dGatesH[resetColumn(row, p.H, u) + 1] = fromFloat<S>(dz);
        dGates[2] = dGatesH[candidateColumn(row, p.H, u)] = fromFloat<S>(dn);
        if (p.dGatesFirst != 0 && at.first) {
            const int64_t firstRow = d * p.N + n;
            address<S>(p.dGatesFirst)[resetColumn(firstRow, p.H, u) + 1] = fromFloat<S>(dz);
            address<S>(p.dGatesFirst)[candidateColumn(firstRow, p.H, u)] = fromFloat<S>(dn);
        }
    });
}

template <typename S>
__global__ void __launch_bounds__(CELL_THREADS) resetBackwardKernel(const __grid_constant__ FrnnCellBackwardParams p) {
    forEachUnit(p, p.H, [&](int d, int64_t n, int64_t u) {
        const CellPoint at = cellPoint(p, p.H, d, n, u);
        const int64_t row = (at.t * p.N + n) * p.D + d;
        float dr = 0.0f;
        if (!at.frozen) {
            const float r = toFloat(address<const S>(p.savedGates)[at.sequence * 4]);
            const float dResetH = address<const float>(p.dhReset)[at.state];
            dr = dResetH * before<S, S>(at, p.hx, p.y) * r * (1.0f - r);
            address<float>(p.dhState)[at.state] += dResetH * r;
        }
        address<S>(p.dGates)[at.sequence * 3] = fromFloat<S>(dr);
        address<S>(p.dGatesH)[resetColumn(row, p.H, u)] = fromFloat<S>(dr);
        if (p.dGatesFirst != 0 && at.first) address<S>(p.dGatesFirst)[resetColumn(d * p.N + n, p.H, u)] = fromFloat<S>(dr);
    });
}

}  // namespace

void launchResetBeforeForward(const FrnnCellForwardParams &p) {
    const CellGrid grid = cellGrid(p.N, p.H, p.directionCount);
    withTypes(p.type, p.recurrentType, [&](auto s, auto r) {
        using S = typename decltype(s)::type;
        using R = typename decltype(r)::type;
        if (p.stage == 0) {
            resetForwardKernel<S, R><<<grid.blocks, grid.threads, 0, streamOf(p.stream)>>>(p);
        } else {
            candidateForwardKernel<S, R><<<grid.blocks, grid.threads, 0, streamOf(p.stream)>>>(p);
        }
    });
}

void launchResetBeforeBackward(const FrnnCellBackwardParams &p) {
    const CellGrid grid = cellGrid(p.N, p.H, p.directionCount);
    withType(p.type, [&](auto s) {
        using S = typename decltype(s)::type;
        if (p.stage == 0) {
            candidateBackwardKernel<S><<<grid.blocks, grid.threads, 0, streamOf(p.stream)>>>(p);
        } else {
            resetBackwardKernel<S><<<grid.blocks, grid.threads, 0, streamOf(p.stream)>>>(p);
        }
    });
}

}  // namespace frnn
