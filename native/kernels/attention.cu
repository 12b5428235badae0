#include "fusedrnn/attention.h"

#include "common/block.cuh"
#include "common/check.h"
#include "common/grid.cuh"
#include "common/launch.cuh"
#include "common/types.cuh"

namespace frnn {
namespace {

constexpr int WARPS = THREADS / 32;

// A block has one sample at a time: all its sums stay within the block, in an order of its own.
template <typename P>
__device__ __forceinline__ int64_t validSteps(const P &p, int64_t n) {
    const int64_t length = address<const int32_t>(p.lengths)[n];
    return length < 0 ? 0 : length > p.S ? p.S : length;
}

// The result of thread 0 for all of them.
__device__ __forceinline__ float broadcast(float value, float *shared) {
    if (threadIdx.x == 0) *shared = value;
    __syncthreads();
    const float result = *shared;
    __syncthreads();
    return result;
}

__device__ __forceinline__ float warpSum(float value) {
#pragma unroll
    for (int offset = 16; offset > 0; offset >>= 1) value += __shfl_down_sync(0xffffffffu, value, offset);
    return value;
}

__device__ __forceinline__ float blockMaximum(float value, float *shared) {
    return blockCombine(
        value, shared, [](float v, int offset) { return __shfl_down_sync(0xffffffffu, v, offset); }, [](float a, float b) { return fmaxf(a, b); });
}

template <typename S>
__device__ __forceinline__ float score(const S *query, const S *keys, const S *weight, int64_t A) {
    float sum = 0.0f;
    for (int64_t a = threadIdx.x % 32; a < A; a += 32) sum = fmaf(toFloat(weight[a]), tanhf(toFloat(query[a]) + toFloat(keys[a])), sum);
    return warpSum(sum);
}

template <typename S>
__global__ void __launch_bounds__(THREADS) attentionKernel(const __grid_constant__ FrnnAttentionParams p) {
    __shared__ float shared[WARPS];
    __shared__ float whole;
    float *shares = address<float>(p.shares);
    const S *values = address<const S>(p.values);
    for (int64_t n = blockIdx.x; n < p.N; n += gridDim.x) {
        const int64_t length = validSteps(p, n);
        for (int64_t s = threadIdx.x / 32; s < length; s += WARPS) {
            const float sum = score(address<const S>(p.query) + n * p.A, address<const S>(p.keys) + (s * p.N + n) * p.A, address<const S>(p.weight), p.A);
            if (threadIdx.x % 32 == 0) shares[s * p.N + n] = sum;
        }
        __syncthreads();
        float part = -INFINITY;
        for (int64_t s = threadIdx.x; s < length; s += THREADS) part = fmaxf(part, shares[s * p.N + n]);
        const float maximum = broadcast(blockMaximum(part, shared), &whole);
        part = 0.0f;
        for (int64_t s = threadIdx.x; s < length; s += THREADS) part += expf(shares[s * p.N + n] - maximum);
        const float sum = broadcast(blockSum(part, shared), &whole);
        for (int64_t s = threadIdx.x; s < p.S; s += THREADS) {
            shares[s * p.N + n] = s < length ? expf(shares[s * p.N + n] - maximum) / sum : 0.0f;
        }
        __syncthreads();
        for (int64_t f = threadIdx.x; f < p.F; f += THREADS) {
            float context = 0.0f;
            for (int64_t s = 0; s < length; ++s) context = fmaf(shares[s * p.N + n], toFloat(values[(s * p.N + n) * p.F + f]), context);
            address<S>(p.context)[n * p.F + f] = fromFloat<S>(context);
        }
        __syncthreads();
    }
}

// Gradients of the scores of sample n, and those of the values on the way.
template <typename S>
__device__ __forceinline__ void scoreGradients(const FrnnAttentionBackwardParams &p, int64_t n, int64_t length, float *shared, float *whole) {
    const float *shares = address<const float>(p.shares);
    const S *values = address<const S>(p.values);
    const S *dContext = address<const S>(p.dContext) + n * p.F;
    float *dScores = address<float>(p.dScores);
    for (int64_t s = threadIdx.x / 32; s < length; s += WARPS) {
        float sum = 0.0f;
        for (int64_t f = threadIdx.x % 32; f < p.F; f += 32) sum = fmaf(toFloat(dContext[f]), toFloat(values[(s * p.N + n) * p.F + f]), sum);
        sum = warpSum(sum);
        if (threadIdx.x % 32 == 0) dScores[s * p.N + n] = sum;
    }
    __syncthreads();
    float part = 0.0f;
    for (int64_t s = threadIdx.x; s < length; s += THREADS) part = fmaf(shares[s * p.N + n], dScores[s * p.N + n], part);
    const float mean = broadcast(blockSum(part, shared), whole);
    for (int64_t s = threadIdx.x; s < length; s += THREADS) dScores[s * p.N + n] = shares[s * p.N + n] * (dScores[s * p.N + n] - mean);
    __syncthreads();
}

template <typename S>
__global__ void __launch_bounds__(THREADS) attentionBackwardKernel(const __grid_constant__ FrnnAttentionBackwardParams p) {
    __shared__ float shared[WARPS];
    __shared__ float whole;
    const float *shares = address<const float>(p.shares);
    const float *dScores = address<const float>(p.dScores);
    for (int64_t n = blockIdx.x; n < p.N; n += gridDim.x) {
        const int64_t length = validSteps(p, n);
        scoreGradients<S>(p, n, length, shared, &whole);
        for (int64_t a = threadIdx.x; a < p.A; a += THREADS) {
            const float query = toFloat(address<const S>(p.query)[n * p.A + a]);
            const float weight = toFloat(address<const S>(p.weight)[a]);
            float dQuery = 0.0f;
            float dWeight = 0.0f;
            for (int64_t s = 0; s < length; ++s) {
                const int64_t at = (s * p.N + n) * p.A + a;
                const float t = tanhf(query + toFloat(address<const S>(p.keys)[at]));
                const float dSum = dScores[s * p.N + n] * weight * (1.0f - t * t);
                address<float>(p.dKeys)[at] += dSum;
                dQuery += dSum;
                dWeight = fmaf(dScores[s * p.N + n], t, dWeight);
            }
            address<S>(p.dQuery)[n * p.A + a] = fromFloat<S>(dQuery);
            address<float>(p.dWeight)[n * p.A + a] += dWeight;
        }
        for (int64_t f = threadIdx.x; f < p.F; f += THREADS) {
            const float dContext = toFloat(address<const S>(p.dContext)[n * p.F + f]);
            for (int64_t s = 0; s < length; ++s) {
                float *dValue = address<float>(p.dValues) + (s * p.N + n) * p.F + f;
                *dValue = fmaf(shares[s * p.N + n], dContext, *dValue);
            }
        }
        __syncthreads();
    }
}

template <typename P>
void checkShared(Check &check, const P &p) {
    check.floating("type", p.type).positive("S", p.S).notNegative("N", p.N).positive("A", p.A).positive("F", p.F);
    check.elements("keys", p.S, p.N, p.A).elements("values", p.S, p.N, p.F);
    if (!check.ok() || p.N == 0) return;
    const int64_t bytes = typeBytes(p.type);
    check.pointer("query", p.query, bytes).pointer("keys", p.keys, bytes).pointer("weight", p.weight, bytes).pointer("values", p.values, bytes);
    check.pointer("lengths", p.lengths, 4).pointer("shares", p.shares, 4);
}

}  // namespace
}  // namespace frnn

using namespace frnn;

extern "C" {

int32_t frnn_attention(const FrnnAttentionParams *params, FrnnMessage *message) {
    Check check("frnn_attention", message);
    if (!check.params(params)) return check.status();
    const FrnnAttentionParams &p = *params;
    checkShared(check, p);
    if (!check.ok() || p.N == 0) return check.status();
    check.pointer("context", p.context, typeBytes(p.type));
    if (!check.ok()) return check.status();
    withType(p.type, [&](auto tag) {
        using S = typename decltype(tag)::type;
        launchKernel(attentionKernel<S>, blocksFor(p.N, 1), THREADS, 0, streamOf(p.stream), p);
    });
    return check.cuda(cudaGetLastError());
}

int32_t frnn_attention_backward(const FrnnAttentionBackwardParams *params, FrnnMessage *message) {
    Check check("frnn_attention_backward", message);
    if (!check.params(params)) return check.status();
    const FrnnAttentionBackwardParams &p = *params;
    checkShared(check, p);
    if (!check.ok() || p.N == 0) return check.status();
    check.pointer("dContext", p.dContext, typeBytes(p.type)).pointer("dScores", p.dScores, 4).pointer("dQuery", p.dQuery, typeBytes(p.type));
    check.pointer("dKeys", p.dKeys, 4).pointer("dWeight", p.dWeight, 4).pointer("dValues", p.dValues, 4);
    if (!check.ok()) return check.status();
    withType(p.type, [&](auto tag) {
        using S = typename decltype(tag)::type;
        launchKernel(attentionBackwardKernel<S>, blocksFor(p.N, 1), THREADS, 0, streamOf(p.stream), p);
    });
    return check.cuda(cudaGetLastError());
}

}  // extern "C"
