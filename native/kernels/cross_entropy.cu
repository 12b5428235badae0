#include "fusedrnn/loss.h"

#include "common/block.cuh"
#include "common/check.h"
#include "common/grid.cuh"
#include "common/launch.cuh"
#include "common/types.cuh"

namespace frnn {
namespace {

// Running maximum and sum of exp(x - maximum) over part of a row, and where the maximum is. Empty: -inf and 0.
struct Partial {
    float maximum;
    float sum;
    int32_t best;
};

// A part without a finite maximum holds 0, or NaN, which has to survive.
__device__ __forceinline__ float rescaled(const Partial &part, float maximum) {
    return part.maximum == -INFINITY ? part.sum : part.sum * expf(part.maximum - maximum);
}

__device__ __forceinline__ Partial combined(const Partial &a, const Partial &b) {
    const float maximum = fmaxf(a.maximum, b.maximum);
    const bool second = b.maximum > a.maximum || (b.maximum == a.maximum && b.best < a.best);
    return {maximum, rescaled(a, maximum) + rescaled(b, maximum), second ? b.best : a.best};
}

__device__ __forceinline__ Partial shuffled(const Partial &part, int offset) {
    return {__shfl_down_sync(0xffffffffu, part.maximum, offset), __shfl_down_sync(0xffffffffu, part.sum, offset),
            __shfl_down_sync(0xffffffffu, part.best, offset)};
}

template <typename S>
__device__ __forceinline__ Partial scanRow(const S *row, int64_t V) {
    Partial part{-INFINITY, 0.0f, INT32_MAX};
#pragma unroll 4
    for (int64_t v = threadIdx.x; v < V; v += blockDim.x) {
        const float x = toFloat(row[v]);
        if (x > part.maximum) {
            part.sum = part.sum * expf(part.maximum - x) + 1.0f;
            part.maximum = x;
            part.best = static_cast<int32_t>(v);
        } else if (!(x == -INFINITY)) {
            part.sum += expf(x - part.maximum);
        }
    }
    return part;
}

template <typename S>
__global__ void __launch_bounds__(THREADS) crossEntropyKernel(const __grid_constant__ FrnnCrossEntropyParams p) {
    __shared__ Partial shared[THREADS / 32];
    __shared__ Partial whole;
    const int32_t *targets = address<const int32_t>(p.targets);
    for (int64_t m = blockIdx.x; m < p.M; m += gridDim.x) {
        S *row = address<S>(p.logits) + m * p.stride;
        const Partial part = blockCombine(
            scanRow(row, p.V), shared, [](const Partial &v, int offset) { return shuffled(v, offset); },
            [](const Partial &a, const Partial &b) { return combined(a, b); });
        if (threadIdx.x == 0) whole = part;
        __syncthreads();
        const float maximum = whole.maximum;
        const float sum = whole.sum;
        const int32_t best = whole.best;
        const int64_t target = targets[m];
        const bool bad = target >= p.V;
        const bool counts = target >= 0 && !bad;
        const float logit = counts ? toFloat(row[target]) : 0.0f;
        __syncthreads();
        if (threadIdx.x == 0) {
            optionalWrite<float>(p.losses, m, counts ? logf(sum) + (maximum - logit) : 0.0f);
            optionalWrite<int32_t>(p.best, m, best == INT32_MAX ? 0 : best);
            if (bad) optionalWrite<uint32_t>(p.error, 0, FRNN_WORD_INDEX);
        }
        if (p.gradientScale != 0) {
            const float scale = address<const float>(p.gradientScale)[0];
#pragma unroll 4
            for (int64_t v = threadIdx.x; v < p.V; v += blockDim.x) {
                const float softmax = expf(toFloat(row[v]) - maximum) / sum;
                row[v] = fromFloat<S>(counts ? (softmax - (v == target ? 1.0f : 0.0f)) * scale : 0.0f);
            }
        }
        __syncthreads();
    }
}

__global__ void __launch_bounds__(THREADS) targetScaleKernel(const int32_t *__restrict__ targets, float *scale, int64_t M, float numerator) {
    __shared__ long long shared[THREADS / 32];
    long long count = 0;
    for (int64_t m = threadIdx.x; m < M; m += THREADS) count += targets[m] >= 0 ? 1 : 0;
    count = blockSum(count, shared);
    if (threadIdx.x == 0) scale[0] = numerator / static_cast<float>(count > 0 ? count : 1);
}

}  // namespace
}  // namespace frnn

using namespace frnn;

extern "C" {

int32_t frnn_cross_entropy(const FrnnCrossEntropyParams *params, FrnnMessage *message) {
    Check check("frnn_cross_entropy", message);
    if (!check.params(params)) return check.status();
    const FrnnCrossEntropyParams &p = *params;
    check.floating("type", p.type).notNegative("M", p.M).range("V", p.V, 1, INT32_MAX - 1);
    check.require(p.stride >= p.V, "stride is less than V").elements("logits", p.M, p.stride);
    if (!check.ok() || p.M == 0) return check.status();
    check.pointer("logits", p.logits, typeBytes(p.type)).pointer("targets", p.targets, 4).optional("losses", p.losses, 4);
    check.optional("best", p.best, 4).optional("gradientScale", p.gradientScale, 4).optional("error", p.error, 4);
    if (!check.ok()) return check.status();
    // One warp suffices for a short row; a long one gets a whole block.
    const unsigned threads = p.V <= 512 ? 32 : THREADS;
    withType(p.type, [&](auto tag) {
        using S = typename decltype(tag)::type;
        launchKernel(crossEntropyKernel<S>, blocksFor(p.M, 1), threads, 0, streamOf(p.stream), p);
    });
    return check.cuda(cudaGetLastError());
}

int32_t frnn_target_scale(const FrnnTargetScaleParams *params, FrnnMessage *message) {
    Check check("frnn_target_scale", message);
    if (!check.params(params)) return check.status();
    const FrnnTargetScaleParams &p = *params;
    check.notNegative("M", p.M).pointer("scale", p.scale, 4);
    if (p.M > 0) check.pointer("targets", p.targets, 4);
    if (!check.ok()) return check.status();
    launchKernel(targetScaleKernel, 1, THREADS, 0, streamOf(p.stream), address<const int32_t>(p.targets), address<float>(p.scale), p.M, p.numerator);
    return check.cuda(cudaGetLastError());
}

}  // extern "C"
