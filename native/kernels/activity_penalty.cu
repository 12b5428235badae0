#include "common/check.h"
#include "common/grid.cuh"
#include "common/launch.cuh"
#include "common/types.cuh"
#include "fusedrnn/loss.h"
#include "whole_sum.cuh"

namespace frnn {
namespace {

template <typename S>
__global__ void __launch_bounds__(THREADS) activityPenaltyKernel(const __grid_constant__ FrnnActivityPenaltyParams p) {
    const S *y = address<const S>(p.y);
    S *dy = address<S>(p.dy);
    const float scale = 2.0f * address<const float>(p.gradientScale)[0];
    const int64_t count = p.T * p.K;
    double sum = 0.0;
    for (int64_t i = gridThread(); i < count; i += gridThreads()) {
        const float value = toFloat(y[i]);
        const float fromBefore = i >= p.K ? value - toFloat(y[i - p.K]) : 0.0f;
        const float toNext = i + p.K < count ? toFloat(y[i + p.K]) - value : 0.0f;
        sum += static_cast<double>(p.activity) * value * value + static_cast<double>(p.change) * fromBefore * fromBefore;
        dy[i] = fromFloat<S>(fmaf(scale, fmaf(p.activity, value, p.change * (fromBefore - toNext)), toFloat(dy[i])));
    }
    wholeSum(sum, p.workspace, p.counters, [&](double total) {
        float *loss = address<float>(p.loss);
        loss[0] = static_cast<float>(static_cast<double>(loss[0]) + total);
    });
}

}  // namespace
}  // namespace frnn

using namespace frnn;

extern "C" {

int64_t frnn_activity_penalty_workspace(int64_t T, int64_t K) { return T <= 0 || K <= 0 ? 0 : partials(T * K) * 8; }

int32_t frnn_activity_penalty(const FrnnActivityPenaltyParams *params, FrnnMessage *message) {
    Check check("frnn_activity_penalty", message);
    if (!check.params(params)) return check.status();
    const FrnnActivityPenaltyParams &p = *params;
    check.floating("type", p.type).positive("T", p.T).positive("K", p.K).elements("y", p.T, p.K);
    check.real("activity", p.activity, 0, 3.4e38).real("change", p.change, 0, 3.4e38);
    check.pointer("y", p.y, typeBytes(p.type)).pointer("dy", p.dy, typeBytes(p.type)).require(p.y != p.dy, "y and dy are one tensor");
    check.pointer("gradientScale", p.gradientScale, 4).pointer("loss", p.loss, 4).pointer("workspace", p.workspace, 16);
    check.pointer("counters", p.counters, 4);
    if (!check.ok()) return check.status();
    const int64_t blocks = partials(p.T * p.K);
    withType(p.type, [&](auto tag) {
        using S = typename decltype(tag)::type;
        launchKernel(activityPenaltyKernel<S>, static_cast<unsigned>(blocks), THREADS, 0, streamOf(p.stream), p);
    });
    return check.cuda(cudaGetLastError());
}

}  // extern "C"
