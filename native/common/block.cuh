// Reductions inside a block, in an order that depends on the block's size alone.
#pragma once

#include <cuda_runtime.h>

namespace frnn {

// Combines the values of all threads; thread 0 has the result. `shared` holds one value per warp; blockDim.x is a multiple of 32.
template <typename V, typename Shuffle, typename Combine>
__device__ __forceinline__ V blockCombine(V value, V *shared, Shuffle shuffle, Combine combine) {
#pragma unroll
    for (int offset = 16; offset > 0; offset >>= 1) value = combine(value, shuffle(value, offset));
    const int warps = static_cast<int>(blockDim.x) / 32;
    if (warps == 1) return value;
    __syncthreads();
    if (threadIdx.x % 32 == 0) shared[threadIdx.x / 32] = value;
    __syncthreads();
    if (threadIdx.x == 0) {
        for (int warp = 1; warp < warps; ++warp) value = combine(value, shared[warp]);
    }
    return value;
}

template <typename V>
__device__ __forceinline__ V blockSum(V value, V *shared) {
    return blockCombine(
        value, shared, [](V v, int offset) { return __shfl_down_sync(0xffffffffu, v, offset); }, [](V a, V b) { return a + b; });
}

}  // namespace frnn
