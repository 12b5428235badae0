// The sum of all terms of a tensor: each block of a grid leaves one partial sum, which one block then adds in order.
#pragma once

#include <algorithm>

#include "common/block.cuh"
#include "common/check.h"
#include "common/grid.cuh"

namespace frnn {
namespace {

// Elements a block takes, and the most partial sums, which one block then adds.
constexpr int64_t BLOCK_ELEMENTS = THREADS * 16;
constexpr int64_t MOST_PARTIALS = 1024;

int64_t partials(int64_t count) { return std::max<int64_t>(1, std::min(MOST_PARTIALS, ceilDiv(count, BLOCK_ELEMENTS))); }

__global__ void __launch_bounds__(THREADS) finishSumKernel(const double *__restrict__ partial, float *__restrict__ result, int64_t count, bool accumulate) {
    __shared__ double shared[THREADS / 32];
    double sum = 0.0;
    for (int64_t i = threadIdx.x; i < count; i += THREADS) sum += partial[i];
    sum = blockSum(sum, shared);
    if (threadIdx.x == 0) result[0] = static_cast<float>(accumulate ? static_cast<double>(result[0]) + sum : sum);
}

}  // namespace
}  // namespace frnn
