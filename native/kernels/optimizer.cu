#include "fusedrnn/optimizer.h"

#include "common/check.h"
#include "common/grid.cuh"
#include "common/launch.cuh"
#include "common/types.cuh"
#include "whole_sum.cuh"

namespace frnn {
namespace {

__device__ __forceinline__ float clipScale(const FrnnClipScaleParams &p, float squaredNorm) {
    const float unscale = p.lossUnscale == 0 ? p.lossUnscaleValue : address<const float>(p.lossUnscale)[0];
    const float norm = unscale * sqrtf(squaredNorm);
    if (!isfinite(norm)) return NAN;
    return p.maxNorm > 0.0f && norm > p.maxNorm ? unscale * (p.maxNorm / norm) : unscale;
}

template <typename G>
__global__ void __launch_bounds__(THREADS) clipScaleKernel(const __grid_constant__ FrnnClipScaleParams p) {
    const double sum = threadSum(address<const G>(p.gradients), p.count, true);
    wholeSum(sum, p.workspace, p.counters, [&](double total) {
        const float squaredNorm = static_cast<float>(total);
        address<float>(p.squaredNorm)[0] = squaredNorm;
        address<float>(p.scale)[0] = clipScale(p, squaredNorm);
    });
}

__global__ void stepDoneKernel(const __grid_constant__ FrnnStepDoneParams p) {
    const bool skipped = isnan(address<const float>(p.scale)[0]);
    if (!skipped) address<float>(p.hyper)[1] += 1.0f;
    if (p.interval == 0) return;
    float *lossScale = address<float>(p.lossScale);
    float good = skipped ? 0.0f : lossScale[2] + 1.0f;
    if (skipped) {
        lossScale[0] *= p.backoff;
    } else if (good >= static_cast<float>(p.interval)) {
        lossScale[0] *= p.growth;
        good = 0.0f;
    }
    lossScale[1] = 1.0f / lossScale[0];
    lossScale[2] = good;
}

// What one step does not change from element to element.
struct Step {
    float rate;
    float correction1; // 1 - beta1^t
    float correction2; // 1 - beta2^t
};

// In double: for beta = 0.999 and small t, a float difference would lose half its digits.
__device__ __forceinline__ float biasCorrection(float beta, float t) {
    return static_cast<float>(-expm1(static_cast<double>(t) * log(static_cast<double>(beta))));
}

__device__ __forceinline__ float sgd(const FrnnUpdateParams &p, const Step &step, int64_t i, float w, float g) {
    g = fmaf(p.weightDecay, w, g);
    if (p.moment1 != 0) {
        float *velocity = address<float>(p.moment1) + i;
        g = fmaf(p.beta1, *velocity, g);
        *velocity = g;
    }
    return w - step.rate * g;
}

__device__ __forceinline__ float rmsProp(const FrnnUpdateParams &p, const Step &step, int64_t i, float w, float g) {
    g = fmaf(p.weightDecay, w, g);
    float *meanSquare = address<float>(p.moment2) + i;
    const float s = p.beta2 * *meanSquare + (1.0f - p.beta2) * g * g;
    *meanSquare = s;
    return w - step.rate * g / (sqrtf(s) + p.epsilon);
}

__device__ __forceinline__ float adam(const FrnnUpdateParams &p, const Step &step, int64_t i, float w, float g) {
    if (p.rule == FRNN_ADAMW) {
        w -= step.rate * p.weightDecay * w;
    } else {
        g = fmaf(p.weightDecay, w, g);
    }
    float *first = address<float>(p.moment1) + i;
    float *second = address<float>(p.moment2) + i;
    const float m = p.beta1 * *first + (1.0f - p.beta1) * g;
    const float v = p.beta2 * *second + (1.0f - p.beta2) * g * g;
    *first = m;
    *second = v;
    return w - step.rate * (m / step.correction1) / (sqrtf(v / step.correction2) + p.epsilon);
}

// The value may be the master itself, so no pointer is restrict.
template <typename V, typename G>
__global__ void __launch_bounds__(THREADS) updateKernel(const __grid_constant__ FrnnUpdateParams p) {
    const float scale = address<const float>(p.scale)[0];
    if (isnan(scale)) return;
    const float *hyper = address<const float>(p.hyper);
    __shared__ Step shared;
    if (threadIdx.x == 0) {
        const bool isAdam = p.rule == FRNN_ADAM || p.rule == FRNN_ADAMW;
        shared.rate = hyper[0];
        shared.correction1 = isAdam ? biasCorrection(p.beta1, hyper[1]) : 1.0f;
        shared.correction2 = isAdam ? biasCorrection(p.beta2, hyper[1]) : 1.0f;
    }
    __syncthreads();
    const Step step = shared;
    float *average = address<float>(p.average);
    const float share = p.average == 0 ? 0.0f : address<const float>(p.averageShare)[0];
    float *masters = address<float>(p.masters);
    V *values = address<V>(p.values);
    const G *gradients = address<const G>(p.gradients);
    for (int64_t i = gridThread(); i < p.count; i += gridThreads()) {
        const float w = masters[i];
        const float g = toFloat(gradients[i]) * scale;
        float next;
        switch (p.rule) {
            case FRNN_SGD: next = sgd(p, step, i, w, g); break;
            case FRNN_RMSPROP: next = rmsProp(p, step, i, w, g); break;
            default: next = adam(p, step, i, w, g); break;
        }
        masters[i] = next;
        values[i] = fromFloat<V>(next);
        if (share != 0.0f) average[i] = fmaf(share, next - average[i], average[i]);
    }
}

void checkMoments(Check &check, const FrnnUpdateParams &p) {
    const bool isAdam = p.rule == FRNN_ADAM || p.rule == FRNN_ADAMW;
    if (isAdam) {
        check.pointer("moment1", p.moment1, 4).require(p.beta1 >= 0.0f && p.beta1 < 1.0f, "beta1 must be at least 0 and less than 1");
    } else if (p.rule == FRNN_SGD) {
        check.optional("moment1", p.moment1, 4).require(p.beta1 >= 0.0f, "momentum must not be negative");
        check.require(p.beta1 == 0.0f || p.moment1 != 0, "momentum needs moment1");
    } else {
        check.absent("moment1", p.moment1);
    }
    if (p.rule == FRNN_SGD) {
        check.absent("moment2", p.moment2);
    } else {
        check.pointer("moment2", p.moment2, 4).require(p.beta2 >= 0.0f && p.beta2 < 1.0f, "beta2 must be at least 0 and less than 1");
    }
}

}  // namespace
}  // namespace frnn

using namespace frnn;

extern "C" {

int32_t frnn_clip_scale(const FrnnClipScaleParams *params, FrnnMessage *message) {
    Check check("frnn_clip_scale", message);
    if (!check.params(params)) return check.status();
    const FrnnClipScaleParams &p = *params;
    check.floating("type", p.type).notNegative("count", p.count).elements("gradients", p.count).real("maxNorm", p.maxNorm, 0, 3.4e38);
    check.pointer("squaredNorm", p.squaredNorm, 4).pointer("scale", p.scale, 4).optional("lossUnscale", p.lossUnscale, 4);
    check.pointer("workspace", p.workspace, 16).pointer("counters", p.counters, 4);
    if (p.count > 0) check.pointer("gradients", p.gradients, typeBytes(p.type));
    if (!check.ok()) return check.status();
    withType(p.type, [&](auto gradient) {
        using G = typename decltype(gradient)::type;
        launchKernel(clipScaleKernel<G>, static_cast<unsigned>(partials(p.count)), THREADS, 0, streamOf(p.stream), p);
    });
    return check.cuda(cudaGetLastError());
}

int32_t frnn_step_done(const FrnnStepDoneParams *params, FrnnMessage *message) {
    Check check("frnn_step_done", message);
    if (!check.params(params)) return check.status();
    const FrnnStepDoneParams &p = *params;
    check.notNegative("interval", p.interval).pointer("scale", p.scale, 4).pointer("hyper", p.hyper, 4);
    if (p.interval > 0) check.pointer("lossScale", p.lossScale, 4).real("growth", p.growth, 1, 1e6).real("backoff", p.backoff, 1e-6, 1);
    if (!check.ok()) return check.status();
    launchKernel(stepDoneKernel, 1, 1, 0, streamOf(p.stream), p);
    return check.cuda(cudaGetLastError());
}

int32_t frnn_update(const FrnnUpdateParams *params, FrnnMessage *message) {
    Check check("frnn_update", message);
    if (!check.params(params)) return check.status();
    const FrnnUpdateParams &p = *params;
    check.range("rule", p.rule, FRNN_SGD, FRNN_ADAMW).floating("valueType", p.valueType).floating("gradientType", p.gradientType);
    check.notNegative("count", p.count).elements("masters", p.count);
    check.real("epsilon", p.epsilon, 0, 3.4e38).real("weightDecay", p.weightDecay, 0, 3.4e38);
    if (!check.ok() || p.count == 0) return check.status();
    check.pointer("values", p.values, typeBytes(p.valueType)).pointer("masters", p.masters, 4);
    check.pointer("gradients", p.gradients, typeBytes(p.gradientType)).pointer("scale", p.scale, 4).pointer("hyper", p.hyper, 4);
    check.require(p.valueType == FRNN_F32 || p.values != p.masters, "values and masters are one tensor, but values are not F32");
    check.optional("average", p.average, 4);
    if (p.average != 0) {
        check.pointer("averageShare", p.averageShare, 4);
    } else {
        check.absent("averageShare", p.averageShare);
    }
    checkMoments(check, p);
    if (!check.ok()) return check.status();
    withType(p.valueType, [&](auto value) {
        withType(p.gradientType, [&](auto gradient) {
            using V = typename decltype(value)::type;
            using G = typename decltype(gradient)::type;
            launchKernel(updateKernel<V, G>, blocksFor(p.count), THREADS, 0, streamOf(p.stream), p);
        });
    });
    return check.cuda(cudaGetLastError());
}

}  // extern "C"
