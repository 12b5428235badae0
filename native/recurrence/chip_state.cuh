// How a state travels between blocks through L2: every word says by itself which of the two steps that use a slot in turn it
// belongs to. And what all forward kernels spread over the chip do alike before their first step.
#pragma once

#include "chip_device.cuh"
#include "chip_tiles.h"
#include "cluster_args.h"

namespace frnn {

constexpr uint32_t kChipOddEpoch = 0x40004000u;

// Cycles from a step's last product to the first look for the next state; earlier looks only delay the stores they wait for.
constexpr uint32_t kChipFirstLook = 1000;

// On four words of two values each.
__device__ __forceinline__ uint4 marked(uint4 v, uint32_t epoch) {
    return make_uint4(v.x ^ epoch, v.y ^ epoch, v.z ^ epoch, v.w ^ epoch);
}

// NaN, which conversions write as 0x7fff, becomes the largest number below 2.
__device__ __forceinline__ uint4 boundedNan(uint4 v) {
    constexpr uint32_t kMost = 0x3fff3fffu;
    return make_uint4(__vmins2(v.x, kMost), __vmins2(v.y, kMost), __vmins2(v.z, kMost), __vmins2(v.w, kMost));
}

__device__ __forceinline__ uint4 lowBytes(uint4 v) {
    constexpr uint32_t kMask = 0x00ff00ffu;
    return make_uint4(v.x & kMask, v.y & kMask, v.z & kMask, v.w & kMask);
}

__device__ __forceinline__ uint4 highBytes(uint4 v) {
    return lowBytes(make_uint4(v.x >> 8, v.y >> 8, v.z >> 8, v.w >> 8));
}

__device__ __forceinline__ uint4 joined(uint4 high, uint4 low) {
    return make_uint4(high.x << 8 | low.x, high.y << 8 | low.y, high.z << 8 | low.z, high.w << 8 | low.w);
}

#ifdef FRNN_HOPPER

// Takes the first `real` chunks of a lane, 512 bytes apart, when all their words are of this epoch; the mark is taken off.
template <int kPairs>
__device__ __forceinline__ void receive(const char *from, uint32_t epoch, int real, uint4 (&v)[kPairs], bool &lost, uint32_t *error) {
#pragma unroll
    for (int pair = 0; pair < kPairs; pair++) v[pair] = pair < real ? loadWords(from + pair * 512) : make_uint4(epoch, epoch, epoch, epoch);
    for (Patience patience;;) {
        bool stale = false;
#pragma unroll
        for (int pair = 0; pair < kPairs; pair++) {
            const uint32_t wrong = (v[pair].x ^ epoch) | (v[pair].y ^ epoch) | (v[pair].z ^ epoch) | (v[pair].w ^ epoch);
            if (wrong & kChipOddEpoch) {
                stale = true;
                v[pair] = loadWords(from + pair * 512);
            }
        }
        if (!stale || !patience.left(lost, error)) break;
    }
#pragma unroll
    for (int pair = 0; pair < kPairs; pair++) v[pair] = marked(v[pair], epoch);
}

// In magnitude.
template <class Type>
__device__ __forceinline__ bool anyAboveOne(uint4 v) {
    constexpr uint32_t kOnes = Type::kOne * 0x10001u, kMagnitude = 0x7fff7fffu;
    return (__vcmpgts2(v.x & kMagnitude, kOnes) | __vcmpgts2(v.y & kMagnitude, kOnes) | __vcmpgts2(v.z & kMagnitude, kOnes) |
            __vcmpgts2(v.w & kMagnitude, kOnes)) != 0;
}

// NaN came as a number above 1, which no state is.
template <class Type, int kPairs>
__device__ __forceinline__ void restoreNan(uint4 (&v)[kPairs]) {
    constexpr uint32_t kOnes = Type::kOne * 0x10001u;
    uint32_t most = kOnes;
#pragma unroll
    for (int pair = 0; pair < kPairs; pair++) {
        most = __vimax3_s16x2(most, v[pair].x, v[pair].y);
        most = __vimax3_s16x2(most, v[pair].z, v[pair].w);
    }
    if (most == kOnes) return;
#pragma unroll
    for (int pair = 0; pair < kPairs; pair++) {
        v[pair].x |= __vcmpgts2(v[pair].x, kOnes) & 0x7fff7fffu;
        v[pair].y |= __vcmpgts2(v[pair].y, kOnes) & 0x7fff7fffu;
        v[pair].z |= __vcmpgts2(v[pair].z, kOnes) & 0x7fff7fffu;
        v[pair].w |= __vcmpgts2(v[pair].w, kOnes) & 0x7fff7fffu;
    }
}

// The eight units of a sample are in lanes that differ in bits 2, 3 and 4, each with one: exchanges until every lane has all.
template <class Type>
__device__ __forceinline__ uint4 gatherUnits(float h, int lane) {
    const float got = __shfl_xor_sync(~0u, h, 4);
    const uint32_t two = lane & 4 ? Type::pack(got, h) : Type::pack(h, got);
    const uint32_t otherTwo = __shfl_xor_sync(~0u, two, 8);
    const uint32_t low = lane & 8 ? otherTwo : two, high = lane & 8 ? two : otherTwo;
    const uint32_t otherLow = __shfl_xor_sync(~0u, low, 16), otherHigh = __shfl_xor_sync(~0u, high, 16);
    return lane & 16 ? make_uint4(otherLow, otherHigh, low, high) : make_uint4(low, high, otherLow, otherHigh);
}

#endif // FRNN_HOPPER
} // namespace frnn
