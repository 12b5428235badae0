// Grid-stride loops and their launch sizes.
#pragma once

#include <cuda_runtime.h>

#include <algorithm>
#include <cstdint>

namespace frnn {

constexpr int THREADS = 256;

// Enough blocks to fill the largest device several times over; the loop inside takes the rest. Results never depend on it.
constexpr int64_t MOST_BLOCKS = 4096;

inline unsigned blocksFor(int64_t threads, int threadsPerBlock = THREADS) {
    int64_t blocks = (threads + threadsPerBlock - 1) / threadsPerBlock;
    return static_cast<unsigned>(std::max<int64_t>(1, std::min(blocks, MOST_BLOCKS)));
}

__device__ __forceinline__ int64_t gridThread() { return static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; }

__device__ __forceinline__ int64_t gridThreads() { return static_cast<int64_t>(gridDim.x) * blockDim.x; }

}  // namespace frnn
