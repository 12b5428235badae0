// The samples of a cluster or slice: what the persistent kernels do with them before their first step.
#pragma once

#include "cluster_tiles.h"
#include "persistent_device.cuh"

namespace frnn {

#ifdef FRNN_HOPPER

// The samples of a cluster or slice, cut into n-tiles of `tileSamples` on kPlaces places each. A sample's forward step s lies at
// origin + s * timeStride: direction 1 walks backwards from its last step.
template <int kPlaces = kTileSamples, class Args>
__device__ __forceinline__ void fillRows(SampleRow *rows, const Args &args, int direction, int firstSample, int samples, int tileSamples,
                                         int count) {
    for (int i = threadIdx.x; i < count; i += blockDim.x) {
        const int tile = i / kPlaces, inTile = i % kPlaces, inSlice = tile * tileSamples + inTile;
        SampleRow row = {0, -1, firstSample + inSlice};
        if (inTile < tileSamples && inSlice < samples) {
            row.length = stepsOfSample(args, row.sample);
            const int64_t firstTime = direction == 0 ? 0 : row.length - 1;
            row.origin = ((firstTime * args.batch + row.sample) * args.directions + direction) * args.hidden;
        }
        rows[i] = row;
    }
}

// `width` values per unit become zero behind the length of each sample.
template <class S, class Args>
__device__ __forceinline__ void zeroBehindLengths(S *tensor, int width, const SampleRow *rows, int count, const Args &args, int direction,
                                                  int firstUnit, int units) {
    for (int i = 0; i < count; i++) {
        const SampleRow row = rows[i];
        if (row.length < 0) continue;
        for (int k = threadIdx.x; k < (args.steps - row.length) * units * width; k += blockDim.x) {
            const int64_t time = row.length + k / (units * width);
            const int64_t at = ((time * args.batch + row.sample) * args.directions + direction) * args.hidden + firstUnit;
            tensor[at * width + k % (units * width)] = 0;
        }
    }
}

// The gate gradients of a block's units.
template <class Args>
__device__ __forceinline__ void zeroGatesBehindLengths(int gates, const SampleRow *rows, int count, const Args &args, int direction, int firstUnit,
                                                       int units) {
    if (args.lengths == nullptr) return;
    zeroBehindLengths(args.dGates, gates, rows, count, args, direction, firstUnit, units);
    if (args.dGatesH != nullptr) zeroBehindLengths(args.dGatesH, gates, rows, count, args, direction, firstUnit, units);
}

// Two barriers for each n-tile, the work of one thread; they expect the bytes of their first phase.
template <class Bytes>
__device__ __forceinline__ void openBarriers(uint32_t barriers, int tiles, Bytes incomingBytes) {
    for (int b = 0; b < tiles * 2; b++) barrierInit(barriers + b * 8);
    barrierInitVisible();
    for (int b = 0; b < tiles * 2; b++) barrierExpect(barriers + b * 8, incomingBytes(b / 2));
}

#endif // FRNN_HOPPER

} // namespace frnn
