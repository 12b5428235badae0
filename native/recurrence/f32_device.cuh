// Device building blocks of the F32 cluster kernels: weights by fours, and sums shared by neighbouring lanes.
#pragma once

#include "cluster_args.h"
#include "f32_tiles.h"
#include "persistent_device.cuh"
#include "sample_rows.cuh"

namespace frnn {

#ifdef FRNN_HOPPER

// A thread's weights, kCount groups of four: the first in registers, the rest in shared memory at `rest`.
template <int kCount>
struct F32Weights {
    static constexpr int kKept = kCount < kF32Kept ? kCount : kF32Kept;
    float4 kept[kKept];
    char *rest;

    __device__ __forceinline__ float4 at(int index) const {
        if (index < kKept) return kept[index];
        return *reinterpret_cast<const float4 *>(rest + (index - kKept) * kF32Threads * 16);
    }

    __device__ __forceinline__ void set(int index, float4 v) {
        if (index < kKept) kept[index] = v;
        else *reinterpret_cast<float4 *>(rest + (index - kKept) * kF32Threads * 16) = v;
    }
};

// Some neighbouring floats, four of them on a 16-byte boundary; zeros unless `real`.
template <int kCount>
__device__ __forceinline__ void copyAsyncFloats(uint32_t to, const float *from, bool real) {
    if constexpr (kCount == 4) {
        copyAsync16(to, from, real ? 16 : 0);
    } else {
#pragma unroll
        for (int i = 0; i < kCount; i++) copyAsync4(to + i * 4, from + i, real ? 4 : 0);
    }
}

__device__ __forceinline__ float dotAdd(float4 a, float4 b, float sum) {
    return fmaf(a.w, b.w, fmaf(a.z, b.z, fmaf(a.y, b.y, fmaf(a.x, b.x, sum))));
}

__device__ __forceinline__ void scaledAdd(float (&sums)[4], float factor, float4 v) {
    sums[0] = fmaf(factor, v.x, sums[0]);
    sums[1] = fmaf(factor, v.y, sums[1]);
    sums[2] = fmaf(factor, v.z, sums[2]);
    sums[3] = fmaf(factor, v.w, sums[3]);
}

// Adds the sums of kSlices neighbouring lanes. Each halving leaves a lane half of the samples, until it has its own ones,
// from slice * kSamples / kSlices on, in front; with more lanes than samples neighbours end with the same.
template <int kSlices, int kSamples, int kValues>
__device__ __forceinline__ void addSlices(float (&sums)[kSamples][kValues], int slice) {
    int count = kSamples;
#pragma unroll
    for (int bit = kSlices / 2; bit > 0; bit /= 2) {
        const bool upper = slice & bit, halves = count > 1;
        if (halves) count /= 2;
#pragma unroll
        for (int n = 0; n < kSamples; n++) {
            if (n >= count) break;
#pragma unroll
            for (int v = 0; v < kValues; v++) {
                const float low = sums[n][v], high = halves ? sums[n + count][v] : low;
                sums[n][v] = (upper ? high : low) + __shfl_xor_sync(~0u, upper ? low : high, bit);
            }
        }
    }
}

#endif // FRNN_HOPPER

} // namespace frnn
