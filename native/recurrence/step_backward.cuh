// Which units a thread of a backward kernel works on: every unit of the step, or those of its block, after the product that brings
// the gradient of their h.
#pragma once

#include "cell_step.cuh"
#include "step_product.cuh"

namespace frnn {

struct EveryUnit {
    static constexpr int THREADS = CELL_THREADS;

    struct Arguments {};

    template <typename Body>
    static __device__ __forceinline__ void run(const FrnnCellBackwardParams &p, const Arguments &, Body body) {
        forEachUnit(p, p.H, body);
    }
};

// A block takes 16 units. Their rows of the transposed weights are long and the blocks few, so there are many warps.
template <typename S>
struct MultipliedUnits {
    static constexpr int WARPS = sizeof(S) == 2 ? 32 : 16, THREADS = 32 * WARPS, SAMPLES = 8;
    using Arguments = FrnnStepParams;

    template <typename Body>
    static __device__ __forceinline__ void run(const FrnnCellBackwardParams &p, const Arguments &s, Body body) {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ < 800
        using Sums = ScalarSums<S, 1>;
#else
        using Sums = std::conditional_t<sizeof(S) == 4, ScalarSums<S, 1>, TensorSums<S, 1>>;
#endif
        __shared__ float parts[WARPS][STEP_ROWS][SAMPLES + 1];
        const int d = p.directionBegin + static_cast<int>(blockIdx.y);
        const int64_t firstUnit = static_cast<int64_t>(blockIdx.x) * STEP_ROWS;
        const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
        Sums sums;
        multiplyRows<S, 1, WARPS, false>(s.recurrent, d, firstUnit, p, true, sums);
        sums.each(lane, [&](int row, int sample, float sum) { parts[warp][row][sample] = sum; });
        __syncthreads();
        const int row = static_cast<int>(threadIdx.x) % STEP_ROWS, n = static_cast<int>(threadIdx.x) / STEP_ROWS;
        const int64_t u = firstUnit + row;
        if (n >= p.N || u >= p.H) return;
        float *dh = address<float>(p.dhState) + (d * p.N + n) * p.stateStride + u;
        float sum = *dh;
#pragma unroll 8
        for (int w = 0; w < WARPS; ++w) sum += parts[w][row][n];
        *dh = sum;
        body(d, static_cast<int64_t>(n), u);
    }
};

// Starts a kernel on every unit, or on those that a step's product is computed for.
template <typename Kernel>
void launchEveryUnit(Kernel kernel, const FrnnCellBackwardParams &p) {
    const CellGrid grid = cellGrid(p.N, p.H, p.directionCount);
    launchKernel(kernel, grid.blocks, grid.threads, 0, streamOf(p.stream), p, EveryUnit::Arguments{});
}

template <typename S, typename Kernel>
void launchMultipliedUnits(Kernel kernel, const FrnnCellBackwardParams &p, const FrnnStepParams &s) {
    const dim3 blocks(static_cast<unsigned>(ceilDiv(p.H, STEP_ROWS)), static_cast<unsigned>(p.directionCount));
    launchKernel(kernel, blocks, MultipliedUnits<S>::THREADS, 0, streamOf(p.stream), p, s);
}

}  // namespace frnn
