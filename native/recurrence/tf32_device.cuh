// Device building blocks of the TF32 cluster kernels: weights as fragments, and the samples of a cluster.
#pragma once

#include "cluster_args.h"
#include "f32_device.cuh"
#include "persistent_device.cuh"
#include "sample_rows.cuh"
#include "tf32_tiles.h"

namespace frnn {

#ifdef FRNN_HOPPER

// A thread's weights as tensor-core fragments, rounded: the first in registers, the rest in shared memory at `rest`.
template <int kCount, int kMost>
struct Tf32Weights {
    static constexpr int kKept = kCount < kMost ? kCount : kMost;
    uint32_t kept[kKept][4];
    char *rest;

    __device__ __forceinline__ void set(int index, float a, float b, float c, float d) {
        const uint4 v = make_uint4(roundTf32(a), roundTf32(b), roundTf32(c), roundTf32(d));
        if (index >= kKept) {
            *reinterpret_cast<uint4 *>(rest + (index - kKept) * kTf32Threads * 16) = v;
            return;
        }
        kept[index][0] = v.x;
        kept[index][1] = v.y;
        kept[index][2] = v.z;
        kept[index][3] = v.w;
    }

    // c[16x8] += fragment[16x8] * b[8x8]
    __device__ __forceinline__ void multiplyAdd(float (&c)[4], int index, uint32_t b0, uint32_t b1) const {
        if (index < kKept) {
            multiplyAddTf32(c, kept[index], b0, b1);
            return;
        }
        const uint4 v = *reinterpret_cast<const uint4 *>(rest + (index - kKept) * kTf32Threads * 16);
        const uint32_t fragment[4] = {v.x, v.y, v.z, v.w};
        multiplyAddTf32(c, fragment, b0, b1);
    }
};

// The samples of this block's cluster, cut into n-tiles.
struct ClusterSamples {
    int direction, first, count;
    int perTile; // even shares, so that no tile is late
    int tiles;   // that have samples: a barrier that expects no bytes would run ahead of the threads that wait for it

    template <class Args>
    __device__ __forceinline__ ClusterSamples(const Args &args, int cluster) {
        direction = cluster / args.slices;
        first = cluster % args.slices * args.samplesPerSlice;
        count = min(args.samplesPerSlice, args.batch - first);
        const int mostTiles = (args.samplesPerSlice + kTileSamples - 1) / kTileSamples;
        perTile = (count + mostTiles - 1) / mostTiles;
        tiles = (count + perTile - 1) / perTile;
    }

    __device__ __forceinline__ int of(int tile) const { return max(0, min(perTile, count - tile * perTile)); }
};

#endif // FRNN_HOPPER

} // namespace frnn
