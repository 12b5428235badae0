// Stable radix sort of non-negative keys with their positions, for gradients of table look-ups: equal keys stay in order, so the
// result is fixed by the keys alone. Eight bits per pass; counts, one scan, then a scatter that ranks in order.
#pragma once

#include "common/check.h"
#include "common/grid.cuh"
#include "common/launch.cuh"

namespace frnn {

constexpr int RADIX = 256;
constexpr int SORT_WARPS = 8;
constexpr int SORT_THREADS = SORT_WARPS * 32;
// Each warp ranks 256 neighbouring keys, 32 at a time.
constexpr int WARP_ROUNDS = 8;
constexpr int TILE = SORT_THREADS * WARP_ROUNDS;

struct SortItem {
    uint32_t key;
    uint32_t position;
};

inline int64_t sortTiles(int64_t count) { return ceilDiv(count, TILE); }

// The first pass reads ids; those outside the table get the key V and end up last.
struct SortSource {
    const int32_t *ids; // null: items
    const SortItem *items;
    uint32_t V;

    __device__ __forceinline__ SortItem at(int64_t i) const {
        if (ids == nullptr) return items[i];
        const uint32_t id = static_cast<uint32_t>(ids[i]);
        return {id < V ? id : V, static_cast<uint32_t>(i)};
    }
};

// counts[digit * tiles + tile]
static __global__ void __launch_bounds__(SORT_THREADS) sortCountKernel(SortSource source, uint32_t *counts, int64_t count, int shift) {
    __shared__ uint32_t histogram[RADIX];
    for (int digit = threadIdx.x; digit < RADIX; digit += SORT_THREADS) histogram[digit] = 0;
    __syncthreads();
    const int64_t begin = static_cast<int64_t>(blockIdx.x) * TILE;
    for (int64_t i = begin + threadIdx.x; i < min(count, begin + TILE); i += SORT_THREADS) {
        atomicAdd(&histogram[source.at(i).key >> shift & (RADIX - 1)], 1u);
    }
    __syncthreads();
    for (int digit = threadIdx.x; digit < RADIX; digit += SORT_THREADS) {
        counts[static_cast<int64_t>(digit) * gridDim.x + blockIdx.x] = histogram[digit];
    }
}

constexpr int SCAN_THREADS = 1024;

// Exclusive prefix sums of counts, in place, by one block.
static __global__ void __launch_bounds__(SCAN_THREADS) sortScanKernel(uint32_t *counts, int64_t size) {
    __shared__ uint32_t warpSums[SCAN_THREADS / 32];
    __shared__ uint32_t carry;
    if (threadIdx.x == 0) carry = 0;
    const int lane = threadIdx.x % 32;
    const int warp = threadIdx.x / 32;
    for (int64_t begin = 0; begin < size; begin += SCAN_THREADS) {
        const int64_t i = begin + threadIdx.x;
        const uint32_t own = i < size ? counts[i] : 0;
        uint32_t sum = own;
        for (int offset = 1; offset < 32; offset <<= 1) {
            const uint32_t other = __shfl_up_sync(0xffffffffu, sum, offset);
            if (lane >= offset) sum += other;
        }
        if (lane == 31) warpSums[warp] = sum;
        __syncthreads();
        if (warp == 0) {
            uint32_t total = warpSums[lane];
            for (int offset = 1; offset < 32; offset <<= 1) {
                const uint32_t other = __shfl_up_sync(0xffffffffu, total, offset);
                if (lane >= offset) total += other;
            }
            warpSums[lane] = total;
        }
        __syncthreads();
        const uint32_t before = carry + (warp == 0 ? 0 : warpSums[warp - 1]);
        if (i < size) counts[i] = before + sum - own;
        __syncthreads();
        if (threadIdx.x == SCAN_THREADS - 1) carry = before + sum;
        __syncthreads();
    }
}

static __global__ void __launch_bounds__(SORT_THREADS)
    sortScatterKernel(SortSource source, const uint32_t *starts, SortItem *sorted, int64_t count, int shift) {
    __shared__ uint32_t ranks[SORT_WARPS][RADIX];
    const int lane = threadIdx.x % 32;
    const int warp = threadIdx.x / 32;
    for (int digit = lane; digit < RADIX; digit += 32) ranks[warp][digit] = 0;
    __syncwarp();
    const int64_t begin = static_cast<int64_t>(blockIdx.x) * TILE + warp * (TILE / SORT_WARPS);
    SortItem items[WARP_ROUNDS];
    uint32_t rank[WARP_ROUNDS];
#pragma unroll
    for (int round = 0; round < WARP_ROUNDS; ++round) {
        const int64_t i = begin + round * 32 + lane;
        const bool valid = i < count;
        items[round] = valid ? source.at(i) : SortItem{0, 0};
        // Lanes without an item form a class of their own and count for nobody.
        const int digit = valid ? static_cast<int>(items[round].key >> shift & (RADIX - 1)) : RADIX;
        const uint32_t equal = __match_any_sync(0xffffffffu, digit);
        const uint32_t earlier = equal & ((1u << lane) - 1u);
        rank[round] = valid ? ranks[warp][digit] + static_cast<uint32_t>(__popc(earlier)) : 0;
        __syncwarp();
        if (valid && earlier == 0) ranks[warp][digit] += static_cast<uint32_t>(__popc(equal));
        __syncwarp();
    }
    __syncthreads();
    for (int digit = threadIdx.x; digit < RADIX; digit += SORT_THREADS) {
        uint32_t start = starts[static_cast<int64_t>(digit) * gridDim.x + blockIdx.x];
        for (int w = 0; w < SORT_WARPS; ++w) {
            const uint32_t own = ranks[w][digit];
            ranks[w][digit] = start;
            start += own;
        }
    }
    __syncthreads();
#pragma unroll
    for (int round = 0; round < WARP_ROUNDS; ++round) {
        const int64_t i = begin + round * 32 + lane;
        if (i < count) sorted[ranks[warp][items[round].key >> shift & (RADIX - 1)] + rank[round]] = items[round];
    }
}

inline int sortPasses(int64_t V) {
    int passes = 1;
    while (passes < 4 && V >> (8 * passes) != 0) ++passes;
    return passes;
}

// Queues the sort of `ids`; returns where the sorted items are, one of the two buffers of `count` items each.
inline SortItem *queueSort(const int32_t *ids, int64_t count, int64_t V, SortItem *first, SortItem *second, uint32_t *counts, cudaStream_t stream) {
    const unsigned tiles = static_cast<unsigned>(sortTiles(count));
    SortSource source{ids, nullptr, static_cast<uint32_t>(V)};
    SortItem *to = first;
    SortItem *spare = second;
    for (int pass = 0; pass < sortPasses(V); ++pass) {
        launchKernel(sortCountKernel, tiles, SORT_THREADS, 0, stream, source, counts, count, 8 * pass);
        launchKernel(sortScanKernel, 1, SCAN_THREADS, 0, stream, counts, static_cast<int64_t>(RADIX) * tiles);
        launchKernel(sortScatterKernel, tiles, SORT_THREADS, 0, stream, source, counts, to, count, 8 * pass);
        source = {nullptr, to, static_cast<uint32_t>(V)};
        SortItem *written = to;
        to = spare;
        spare = written;
    }
    return spare;
}

}  // namespace frnn
