// The sum of all terms of a tensor: each block of a grid leaves one partial sum, which the last one then adds in order.
#pragma once

#include <algorithm>

#include "common/block.cuh"
#include "common/check.h"
#include "common/grid.cuh"
#include "common/last.cuh"
#include "common/types.cuh"

namespace frnn {
namespace {

// Elements a block takes, and the most partial sums, which one block then adds.
constexpr int64_t BLOCK_ELEMENTS = THREADS * 16;
constexpr int64_t MOST_PARTIALS = 1024;

int64_t partials(int64_t count) { return std::max<int64_t>(1, std::min(MOST_PARTIALS, ceilDiv(count, BLOCK_ELEMENTS))); }

// Adds the `sum` of every thread of a grid of THREADS a block. Calls finish(total) in one thread, with the sum of all.
template <typename Finish>
__device__ __forceinline__ void wholeSum(double sum, uint64_t workspace, uint64_t counters, Finish finish) {
    __shared__ double shared[THREADS / 32];
    double *partial = address<double>(workspace);
    sum = blockSum(sum, shared);
    if (threadIdx.x == 0) partial[blockIdx.x] = sum;
    if (!isLastOf(address<uint32_t>(counters), gridDim.x)) return;
    sum = 0.0;
    for (unsigned i = threadIdx.x; i < gridDim.x; i += THREADS) sum += partial[i];
    sum = blockSum(sum, shared);
    if (threadIdx.x == 0) finish(sum);
}

// A thread's part of the sum of squares, or of the values.
template <typename S>
__device__ __forceinline__ double threadSum(const S *__restrict__ x, int64_t count, bool squares) {
    double sum = 0.0;
    for (int64_t i = gridThread(); i < count; i += gridThreads()) {
        const double value = static_cast<double>(toFloat(x[i]));
        sum += squares ? value * value : value;
    }
    return sum;
}

}  // namespace
}  // namespace frnn
