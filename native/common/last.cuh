// Work that the last block of a grid does with what all of them left in memory.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

namespace frnn {

// Whether this block is the last of `count` that come here; then it sees what all of them wrote before. The counter, zero at first, is
// zero again behind the last one. For all threads of a block together.
__device__ __forceinline__ bool isLastOf(uint32_t *counter, uint32_t count) {
    __shared__ bool last;
    __threadfence();
    __syncthreads();
    if (threadIdx.x == 0 && threadIdx.y == 0) {
        last = atomicAdd(counter, 1u) == count - 1;
        if (last) *counter = 0;
    }
    __syncthreads();
    // Lines of what other blocks wrote may be in L1 since a block here read their neighbours.
    if (last) __threadfence();
    return last;
}

}  // namespace frnn
