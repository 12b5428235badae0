// One time step of a cell with its products, for few samples: a block takes 16 rows of the weights, whole units.
#pragma once

#include "cell_forward.cuh"
#include "common/launch.cuh"
#include "fusedrnn/step.h"
#include "step_product.cuh"

namespace frnn {

constexpr int STEP_THREADS = 32 * STEP_WARPS;

template <typename S, typename Step, int TILES, typename Sums, bool INPUT>
__device__ __forceinline__ void stepBody(const FrnnCellForwardParams &p, const FrnnStepParams &s, bool aligned, bool inputAligned) {
    constexpr int UNITS = STEP_ROWS / Step::ROWS, SAMPLES = 8 * TILES, SIDES = INPUT ? 2 : 1;
    // One more sample than there are: rows begin in different banks.
    __shared__ float parts[SIDES][STEP_WARPS][STEP_ROWS][SAMPLES + 1];
    const int d = p.directionBegin + static_cast<int>(blockIdx.y);
    const int64_t firstUnit = static_cast<int64_t>(blockIdx.x) * UNITS;
    const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;

    // What the cell reads besides the sums is asked for before the long loop.
    const int inBlock = static_cast<int>(threadIdx.x) % UNITS, n = static_cast<int>(threadIdx.x) / UNITS;
    const int64_t u = firstUnit + inBlock;
    const bool mine = n < p.N && n < SAMPLES && u < p.H;
    typename Step::Held held;
    if (mine) {
        const CellPoint at = cellPoint(p, p.H, d, n, u);
        Step::readState(p, at, u, held);
        if constexpr (INPUT) {
#pragma unroll
            for (int g = 0; g < Step::ROWS; ++g) {
                const int64_t element = (Step::FIRST_GATE + g) * p.H + u;
                const float recurrent = optionalLoad<S>(s.bHh[d], element);
                held.x[g] = optionalLoad<S>(s.bIh[d], element);
                if constexpr (Step::APART >= 0) {
                    if (g == Step::APART) held.biasApart = recurrent;
                    else held.x[g] += recurrent;
                } else {
                    held.x[g] += recurrent;
                }
            }
        } else {
            Step::readGates(p, at, u, held);
        }
    }

#pragma unroll
    for (int side = 0; side < SIDES; ++side) {
        Sums sums;
        multiplyRows<S, Step::ROWS, STEP_WARPS, INPUT>(side == 0 ? s.recurrent : s.input, d, firstUnit, p, side == 0 ? aligned : inputAligned, sums);
        sums.each(lane, [&](int row, int sample, float sum) { parts[side][warp][row][sample] = sum; });
    }
    __syncthreads();
    if (!mine) return;
    // Computed anew: it would cost registers in the loop.
    const CellPoint at = cellPoint(p, p.H, d, n, u);
    if (at.frozen) {
        Step::frozen(p, at, u);
        return;
    }
    float r[Step::ROWS];
#pragma unroll
    for (int g = 0; g < Step::ROWS; ++g) {
        const int row = inBlock * Step::ROWS + g;
        float sum = 0.0f;
#pragma unroll
        for (int w = 0; w < STEP_WARPS; ++w) sum += parts[0][w][row][n];
        r[g] = sum;
        if constexpr (INPUT) {
#pragma unroll
            for (int w = 0; w < STEP_WARPS; ++w) held.x[g] += parts[SIDES - 1][w][row][n];
        }
    }
    Step::advance(p, at, u, held, r);
}

// Blocks per multiprocessor that the registers have to do for: where a step is bound by reading, the more the better.
template <typename S, int TILES, bool INPUT>
constexpr int stepBlocks() {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ < 800
    return 2;
#else
    return INPUT ? 2 : sizeof(S) == 2 && TILES == 1 ? 4 : 3;
#endif
}

template <typename S, typename Step, int TILES, bool INPUT>
__global__ void __launch_bounds__(STEP_THREADS, stepBlocks<S, TILES, INPUT>()) stepKernel(
    const __grid_constant__ FrnnCellForwardParams p, const __grid_constant__ FrnnStepParams s, bool aligned, bool inputAligned) {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ < 800
    stepBody<S, Step, TILES, ScalarSums<S, TILES>, INPUT>(p, s, aligned, inputAligned);
#else
    using Sums = std::conditional_t<sizeof(S) == 4, ScalarSums<S, TILES>, TensorSums<S, TILES>>;
    stepBody<S, Step, TILES, Sums, INPUT>(p, s, aligned, inputAligned);
#endif
}

template <bool INPUT>
void launchStep(const FrnnCellForwardParams &p, const FrnnStepParams &s) {
    withType(p.type, [&](auto type) {
        using S = typename decltype(type)::type;
        withCell<S>(p.cell, p.stage, [&](auto cell) {
            using Step = typename decltype(cell)::type;
            const int64_t units = STEP_ROWS / Step::ROWS;
            const dim3 blocks(static_cast<unsigned>(ceilDiv(p.H, units)), static_cast<unsigned>(p.directionCount));
            const bool aligned = alignedProduct(s.recurrent, p), inputAligned = INPUT && alignedProduct(s.input, p);
            if constexpr (sizeof(S) == 4) {
                launchKernel(stepKernel<S, Step, 1, INPUT>, blocks, STEP_THREADS, 0, streamOf(p.stream), p, s, aligned, inputAligned);
            } else if (p.N <= 8) {
                launchKernel(stepKernel<S, Step, 1, INPUT>, blocks, STEP_THREADS, 0, streamOf(p.stream), p, s, aligned, inputAligned);
            } else {
                launchKernel(stepKernel<S, Step, 2, INPUT>, blocks, STEP_THREADS, 0, streamOf(p.stream), p, s, aligned, inputAligned);
            }
        });
    });
}

}  // namespace frnn
