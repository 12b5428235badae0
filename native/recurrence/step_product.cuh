// Products of a few samples with many rows of weights, straight from global memory: a warp takes 16 rows and every 8th block of
// columns. In a block of 32 bytes' multiples each group of four lanes reads 64 neighbouring bytes of a row, 16 per lane; which of
// these elements meet in which product is the same on both sides, so their order within the block is free.
#pragma once

#include <stdint.h>

#include <type_traits>

#include "common/check.h"
#include "common/types.cuh"
#include "fusedrnn/step.h"
#include "persistent_device.cuh"

namespace frnn {

constexpr int STEP_WARPS = 8;
constexpr int STEP_ROWS = 16;
// Blocks of columns that a warp has asked for at a time.
constexpr int STEP_DEPTH = 2;

// What a lane reads: rows lane/4 and lane/4+8 of the warp's weights, null where there is no such row; the values of all samples.
template <typename S>
struct StepOperands {
    const S *weights[2];
    const S *values;
    int64_t valueStride;
    int samples;
    int columns;

    __device__ __forceinline__ const S *sample(int n) const { return n < samples ? values + n * valueStride : nullptr; }
};

// 16 bytes of a row from element k on, value by value, zeros behind its end.
template <typename S>
__device__ __forceinline__ uint4 gatherSixteen(const S *row, int k, int columns) {
    constexpr int COUNT = 16 / sizeof(S);
    S values[COUNT];
#pragma unroll
    for (int i = 0; i < COUNT; ++i) values[i] = k + i < columns ? row[k + i] : fromFloat<S>(0.0f);
    if constexpr (sizeof(S) == 4) {
        return make_uint4(__float_as_uint(values[0]), __float_as_uint(values[1]), __float_as_uint(values[2]), __float_as_uint(values[3]));
    } else {
        const auto pair = [&](int i) {
            const uint16_t low = *reinterpret_cast<const uint16_t *>(&values[i]);
            const uint16_t high = *reinterpret_cast<const uint16_t *>(&values[i + 1]);
            return uint32_t(low) | uint32_t(high) << 16;
        };
        return make_uint4(pair(0), pair(2), pair(4), pair(6));
    }
}

// The same in one access, if rows are aligned; zeros where there is no row.
template <bool ALIGNED, typename S>
__device__ __forceinline__ uint4 loadSixteen(const S *row, int k, int columns) {
    if (row == nullptr || k >= columns) return make_uint4(0, 0, 0, 0);
    if constexpr (ALIGNED) {
        return *reinterpret_cast<const uint4 *>(row + k);
    } else {
        return gatherSixteen(row, k, columns);
    }
}

// Sums of 16 rows with 8 * TILES samples, spread over the lanes as the tensor cores leave them; 16-bit types.
template <typename S, int TILES>
struct TensorSums {
    using Bits = std::conditional_t<std::is_same_v<S, bf16>, Bf16, Half>;
    float c[TILES][4] = {};

    // Adds the products of DEPTH blocks of columns, of which the lane's parts begin at first, first + stride and so on.
    template <int DEPTH, bool ALIGNED>
    __device__ __forceinline__ void add(const StepOperands<S> &from, int lane, int first, int stride) {
        uint4 w[DEPTH][2], v[DEPTH][TILES];
#pragma unroll
        for (int i = 0; i < DEPTH; ++i) {
            const int k = first + i * stride;
            w[i][0] = loadSixteen<ALIGNED>(from.weights[0], k, from.columns);
            w[i][1] = loadSixteen<ALIGNED>(from.weights[1], k, from.columns);
#pragma unroll
            for (int tile = 0; tile < TILES; ++tile) {
                v[i][tile] = loadSixteen<ALIGNED>(from.sample(lane / 4 + 8 * tile), k, from.columns);
            }
        }
#pragma unroll
        for (int i = 0; i < DEPTH; ++i) {
            const uint32_t low[4] = {w[i][0].x, w[i][1].x, w[i][0].y, w[i][1].y};
            const uint32_t high[4] = {w[i][0].z, w[i][1].z, w[i][0].w, w[i][1].w};
#pragma unroll
            for (int tile = 0; tile < TILES; ++tile) {
                Bits::multiplyAdd(c[tile], low, v[i][tile].x, v[i][tile].y);
                Bits::multiplyAdd(c[tile], high, v[i][tile].z, v[i][tile].w);
            }
        }
    }

    // body(row, sample, sum) for what this lane holds.
    template <typename Body>
    __device__ __forceinline__ void each(int lane, Body body) {
        const int row = lane / 4, sample = lane % 4 * 2;
#pragma unroll
        for (int tile = 0; tile < TILES; ++tile) {
            body(row, tile * 8 + sample, c[tile][0]);
            body(row, tile * 8 + sample + 1, c[tile][1]);
            body(row + 8, tile * 8 + sample, c[tile][2]);
            body(row + 8, tile * 8 + sample + 1, c[tile][3]);
        }
    }
};

// The same by multiplications of scalars, for F32 and for devices whose tensor cores lack the shape. Every lane needs the values
// of all samples at its columns, which lanes of other rows read at the same time from the same address.
template <typename S, int TILES>
struct ScalarSums {
    static constexpr int COUNT = 16 / sizeof(S), SAMPLES = 8 * TILES;
    float c[2][SAMPLES] = {};

    static __device__ __forceinline__ void unpack(uint4 bits, float (&values)[COUNT]) {
        const uint32_t words[4] = {bits.x, bits.y, bits.z, bits.w};
#pragma unroll
        for (int i = 0; i < COUNT; ++i) {
            if constexpr (sizeof(S) == 4) {
                values[i] = __uint_as_float(words[i]);
            } else {
                const uint16_t half = static_cast<uint16_t>(words[i / 2] >> (16 * (i % 2)));
                values[i] = toFloat(*reinterpret_cast<const S *>(&half));
            }
        }
    }

    template <int DEPTH, bool ALIGNED>
    __device__ __forceinline__ void add(const StepOperands<S> &from, int, int first, int stride) {
        uint4 bits[DEPTH][2];
#pragma unroll
        for (int i = 0; i < DEPTH; ++i) {
            const int k = first + i * stride;
            bits[i][0] = loadSixteen<ALIGNED>(from.weights[0], k, from.columns);
            bits[i][1] = loadSixteen<ALIGNED>(from.weights[1], k, from.columns);
        }
#pragma unroll
        for (int i = 0; i < DEPTH; ++i) {
            float w[2][COUNT];
            unpack(bits[i][0], w[0]);
            unpack(bits[i][1], w[1]);
#pragma unroll
            for (int n = 0; n < SAMPLES; ++n) {
                if (n >= from.samples) break;
                float v[COUNT];
                unpack(loadSixteen<ALIGNED>(from.sample(n), first + i * stride, from.columns), v);
#pragma unroll
                for (int e = 0; e < COUNT; ++e) {
                    c[0][n] = fmaf(w[0][e], v[e], c[0][n]);
                    c[1][n] = fmaf(w[1][e], v[e], c[1][n]);
                }
            }
        }
    }

    // Lanes of the same rows hold parts of the same sums.
    template <typename Body>
    __device__ __forceinline__ void each(int lane, Body body) {
#pragma unroll
        for (int half = 0; half < 2; ++half) {
#pragma unroll
            for (int n = 0; n < SAMPLES; ++n) {
                float sum = c[half][n];
                sum += __shfl_xor_sync(0xffffffffu, sum, 1);
                sum += __shfl_xor_sync(0xffffffffu, sum, 2);
                if (lane % 4 == 0) body(lane / 4 + 8 * half, n, sum);
            }
        }
    }
};

// Adds a warp's part of one product for the block's rows, those of whole units, to its sums.
template <typename S, int ROWS, int WARPS, bool ANY_ALIGNMENT, typename Params, typename Sums>
__device__ __forceinline__ void multiplyRows(
    const FrnnStepProduct &product, int direction, int64_t firstUnit, const Params &p, bool aligned, Sums &sums) {
    constexpr int UNITS = STEP_ROWS / ROWS, COUNT = 16 / sizeof(S), DEPTH = STEP_DEPTH;
    const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    StepOperands<S> from;
#pragma unroll
    for (int half = 0; half < 2; ++half) {
        const int row = lane / 4 + 8 * half, unit = row / ROWS, gate = row % ROWS;
        const bool there = unit < UNITS && firstUnit + unit < p.H;
        from.weights[half] = there ? address<const S>(product.weights[direction]) + (firstUnit + unit) * product.unitStride + gate * product.gateStride : nullptr;
    }
    from.values = address<const S>(product.values[direction]);
    from.valueStride = product.valueStride;
    from.samples = static_cast<int>(p.N);
    from.columns = static_cast<int>(product.columns);
    if (from.values == nullptr) return;
    constexpr int BLOCK = 4 * COUNT, ROUND = BLOCK * WARPS;
    const int inBlock = lane % 4 * COUNT;
    if (!ANY_ALIGNMENT || aligned) {
#pragma unroll 1
        for (int k = warp * BLOCK; k < from.columns; k += DEPTH * ROUND) sums.template add<DEPTH, true>(from, lane, k + inBlock, ROUND);
    } else {
#pragma unroll 1
        for (int k = warp * BLOCK; k < from.columns; k += ROUND) sums.template add<1, false>(from, lane, k + inBlock, ROUND);
    }
}

// Whether all rows begin at multiples of 16 bytes and are whole blocks of 16.
template <typename Params>
bool alignedProduct(const FrnnStepProduct &product, const Params &p) {
    const int64_t elements = product.columns | product.unitStride | product.gateStride | product.valueStride;
    uint64_t addresses = 0;
    for (int d = p.directionBegin; d < p.directionBegin + p.directionCount; ++d) addresses |= product.weights[d] | product.values[d];
    return elements * typeBytes(p.type) % 16 == 0 && addresses % 16 == 0;
}

}  // namespace frnn
