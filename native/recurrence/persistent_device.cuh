// Device building blocks of the persistent kernels: storage types, tensor-core products, barriers and stores between the
// blocks of a cluster. Everything here needs compute capability 9.0.
#pragma once

#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <limits.h>
#include <stdint.h>

#include "recurrence/instructions.cuh"

namespace frnn {

// tanh.approx answers exactly +-1 for large arguments and NaN for NaN; its error of 2^-11 is below a half ulp of bf16.
__device__ __forceinline__ float fastTanh(float x) {
    return tanhApproximate(x);
}

__device__ __forceinline__ float fastSigmoid(float x) {
    return fmaf(fastTanh(0.5f * x), 0.5f, 0.5f);
}

// 16-bit storage: conversions on raw bits, two values to a register, the first in the lower half, and squashing as exact as
// the type needs.
struct Bf16 {
    static constexpr uint32_t kOne = 0x3f80;
    static __device__ __forceinline__ float tanh(float x) { return fastTanh(x); }
    static __device__ __forceinline__ float sigmoid(float x) { return fastSigmoid(x); }
    static __device__ __forceinline__ uint32_t pack(float low, float high) {
        __nv_bfloat162 v = __floats2bfloat162_rn(low, high);
        return *reinterpret_cast<uint32_t *>(&v);
    }
    static __device__ __forceinline__ uint16_t bits(float x) { return __bfloat16_as_ushort(__float2bfloat16_rn(x)); }
    static __device__ __forceinline__ float value(uint16_t bits) { return __uint_as_float(uint32_t(bits) << 16); }
    static __device__ __forceinline__ float low(uint32_t pair) { return __uint_as_float(pair << 16); }
    static __device__ __forceinline__ float high(uint32_t pair) { return __uint_as_float(pair & 0xffff0000u); }

    // c[16x8] += a[16x16] * b[16x8]
    static __device__ __forceinline__ void multiplyAdd(float (&c)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1) {
        multiplyAddBf16(c, a, b0, b1);
    }
};

// 2^-11 is a whole half ulp of f16: too much. The exponential overflows to infinity and its quotient to 0, so that these end
// at exactly 0, 1 and -1 too.
struct Half {
    static constexpr uint32_t kOne = 0x3c00;
    static __device__ __forceinline__ float sigmoid(float x) { return __fdividef(1.0f, 1.0f + __expf(-x)); }
    static __device__ __forceinline__ float tanh(float x) { return fmaf(2.0f, sigmoid(2.0f * x), -1.0f); }
    static __device__ __forceinline__ uint32_t pack(float low, float high) {
        __half2 v = __floats2half2_rn(low, high);
        return *reinterpret_cast<uint32_t *>(&v);
    }
    static __device__ __forceinline__ uint16_t bits(float x) { return __half_as_ushort(__float2half_rn(x)); }
    static __device__ __forceinline__ float value(uint16_t bits) { return __half2float(__ushort_as_half(bits)); }
    static __device__ __forceinline__ float low(uint32_t pair) { return value(uint16_t(pair)); }
    static __device__ __forceinline__ float high(uint32_t pair) { return value(uint16_t(pair >> 16)); }

    static __device__ __forceinline__ void multiplyAdd(float (&c)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1) {
        multiplyAddF16(c, a, b0, b1);
    }
};

// The same in all lanes, and known to be: code behind a test of it needs no convergence.
__device__ __forceinline__ int warpIndex() {
    return __shfl_sync(~0u, int(threadIdx.x) / 32, 0);
}

// Steps that a sample takes in this call.
template <class Args>
__device__ __forceinline__ int stepsOfSample(const Args &args, int sample) {
    return args.lengths == nullptr ? args.steps : max(0, min(args.steps, args.lengths[sample] - args.firstStep));
}

// What an earlier call left unrounded, or what was given, or zero.
template <class Type>
__device__ __forceinline__ float carriedOr(const float *carried, const uint16_t *given, size_t state) {
    if (carried != nullptr) return carried[state];
    return given != nullptr ? Type::value(given[state]) : 0.0f;
}

__device__ __forceinline__ float carriedOr(const float *carried, const float *given, size_t state) {
    const float *const from = carried != nullptr ? carried : given;
    return from != nullptr ? from[state] : 0.0f;
}

#ifdef FRNN_HOPPER

// Waits for a phase, but not for ever: after about two seconds the error word is written and `lost` set. A thread that
// has lost a partner waits no more and runs on through all its steps, so that no block is left alone at a barrier.
__device__ __forceinline__ void barrierWait(uint32_t barrier, uint32_t parity, bool &lost, uint32_t *error) {
    constexpr long long kLimit = 4000000000ll; // cycles
    if (barrierTry(barrier, parity) || lost) return;
    const long long start = clock64();
    while (!barrierTry(barrier, parity)) {
        if (clock64() - start > kLimit) {
            lost = true;
            if (error != nullptr) atomicExch(error, 1u);
            return;
        }
    }
}

// Recurrent weights, which end in zeros where units do: loads need no conditions.
template <class Words, class S>
__device__ __forceinline__ Words loadWeights(const S *from) {
    return __ldg(reinterpret_cast<const Words *>(from));
}

// Eight consecutive 16-bit values of a row of `count`, zeros behind its end; `aligned`: rows are whole 16-byte blocks.
__device__ __forceinline__ uint4 loadEight(const uint16_t *row, int first, int count, bool aligned) {
    if (first >= count) return make_uint4(0, 0, 0, 0);
    if (aligned) return __ldg(reinterpret_cast<const uint4 *>(row + first));
    uint64_t half[2] = {0, 0};
#pragma unroll
    for (int h = 0; h < 2; h++) {
#pragma unroll 1
        for (int i = 0; i < 4; i++) {
            const int k = first + h * 4 + i;
            if (k < count) half[h] |= uint64_t(__ldg(row + k)) << (16 * i);
        }
    }
    return make_uint4(uint32_t(half[0]), uint32_t(half[0] >> 32), uint32_t(half[1]), uint32_t(half[1] >> 32));
}

#endif // FRNN_HOPPER

} // namespace frnn
