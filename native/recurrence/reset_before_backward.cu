// Backward of the GRU with the reset before the recurrent product: n needs a product of its own, so every step has two stages.
#include "cell_step.cuh"

namespace frnn {
namespace {

// Where a unit's r (and z behind it) and n lie in a row r,z interleaved, then n.
__device__ __forceinline__ int64_t resetColumn(int64_t u) { return 2 * u; }

__device__ __forceinline__ int64_t candidateColumn(int64_t H, int64_t u) { return 2 * H + u; }

template <typename S>
__device__ __forceinline__ void padRow(uint64_t tensor, int64_t row, const FrnnCellBackwardParams &p, int64_t u) {
    if (u != p.H - 1) return;
    for (int64_t k = 3 * p.H; k < p.gateStride; ++k) address<S>(tensor)[row * p.gateStride + k] = fromFloat<S>(0.0f);
}

template <typename S, bool ZONEOUT>
__global__ void __launch_bounds__(CELL_THREADS) candidateBackwardKernel(const __grid_constant__ FrnnCellBackwardParams p) {
    forEachUnit(p, p.H, [&](int d, int64_t n, int64_t u) {
        const CellPoint at = cellPoint(p, p.H, d, n, u);
        S *dGates = address<S>(p.dGates) + at.row * p.gateStride + u * 3;
        S *dGatesH = address<S>(p.dGatesH) + at.row * p.gateStride;
        float dz = 0.0f;
        float dn = 0.0f;
        if (!at.frozen) {
            float saved[4];
            loadGroup<S>(p.savedGates, at.sequence, saved);
            const float z = saved[1];
            const float candidate = saved[2];
            const ZoneoutGradient whole = zonedOutGradient(hiddenKeep<ZONEOUT>(p, at, p.H, u), wholeDh<S>(p, at));
            const float dh = whole.computed;
            dn = dh * (1.0f - z) * (1.0f - candidate * candidate);
            dz = dh * (before<S, S>(at, p.hx, p.y) - candidate) * z * (1.0f - z);
            address<float>(p.dhState)[at.inState] = dh * z + whole.before;
        }
        dGates[1] = dGatesH[resetColumn(u) + 1] = fromFloat<S>(dz);
        dGates[2] = dGatesH[candidateColumn(p.H, u)] = fromFloat<S>(dn);
        padRow<S>(p.dGates, at.row, p, u);
        padRow<S>(p.dGatesH, at.row, p, u);
        if (p.dGatesFirst != 0 && at.first) {
            S *first = address<S>(p.dGatesFirst) + at.sample * p.gateStride;
            first[resetColumn(u) + 1] = fromFloat<S>(dz);
            first[candidateColumn(p.H, u)] = fromFloat<S>(dn);
            padRow<S>(p.dGatesFirst, at.sample, p, u);
        }
    });
}

template <typename S>
__global__ void __launch_bounds__(CELL_THREADS) resetBackwardKernel(const __grid_constant__ FrnnCellBackwardParams p) {
    forEachUnit(p, p.H, [&](int d, int64_t n, int64_t u) {
        const CellPoint at = cellPoint(p, p.H, d, n, u);
        float dr = 0.0f;
        if (!at.frozen) {
            const float r = toFloat(address<const S>(p.savedGates)[at.sequence * 4]);
            const float dResetH = address<const float>(p.dhReset)[at.inState];
            dr = dResetH * before<S, S>(at, p.hx, p.y) * r * (1.0f - r);
            address<float>(p.dhState)[at.inState] += dResetH * r;
        }
        const int64_t row = at.row * p.gateStride;
        address<S>(p.dGates)[row + u * 3] = fromFloat<S>(dr);
        address<S>(p.dGatesH)[row + resetColumn(u)] = fromFloat<S>(dr);
        if (p.dGatesFirst != 0 && at.first) {
            address<S>(p.dGatesFirst)[at.sample * p.gateStride + resetColumn(u)] = fromFloat<S>(dr);
        }
    });
}

}  // namespace

void launchResetBeforeBackward(const FrnnCellBackwardParams &p) {
    const CellGrid grid = cellGrid(p.N, p.H, p.directionCount);
    withType(p.type, [&](auto s) {
        using S = typename decltype(s)::type;
        if (p.stage == 0) {
            withZoneout(p, [&](auto zoneout) {
                launchKernel(candidateBackwardKernel<S, decltype(zoneout)::value>, grid.blocks, grid.threads, 0, streamOf(p.stream), p);
            });
        } else {
            launchKernel(resetBackwardKernel<S>, grid.blocks, grid.threads, 0, streamOf(p.stream), p);
        }
    });
}

}  // namespace frnn
