// The running state of an LSTM with projection, whose h comes out of a GEMM.
#include "cell_step.cuh"

namespace frnn {
namespace {

template <typename S, typename R>
__global__ void __launch_bounds__(CELL_THREADS) stateForwardKernel(const __grid_constant__ FrnnStateForwardParams p) {
    forEachUnit(p, p.P, [&](int d, int64_t n, int64_t u) {
        const CellPoint at = cellPoint(p, p.P, d, n, u);
        if (at.frozen) {
            optionalStore<S>(p.y, at.sequence, 0.0f);
            return;
        }
        const float keep = hiddenKeep<true>(p, at, p.P, u);
        float h = toFloat(address<const R>(p.projected)[at.inState]);
        if (keep != 0.0f) h = zonedOut(keep, toFloat(address<const S>(p.hState)[at.inState]), h);
        storePadded<S>(p.hState, at.sample, p.stateStride, p.P, u, h);
        optionalStore<S>(p.y, at.sequence, h);
    });
}

template <typename S>
__global__ void __launch_bounds__(CELL_THREADS) stateBackwardKernel(const __grid_constant__ FrnnStateBackwardParams p) {
    forEachUnit(p, p.P, [&](int d, int64_t n, int64_t u) {
        const CellPoint at = cellPoint(p, p.P, d, n, u);
        float gradient = 0.0f;
        if (!at.frozen) {
            float *dh = address<float>(p.dhState) + at.inState;
            const ZoneoutGradient whole = zonedOutGradient(hiddenKeep<true>(p, at, p.P, u), *dh + optionalLoad<S>(p.dy, at.sequence));
            gradient = whole.computed;
            *dh = whole.before;
        }
        storePadded<S>(p.dProjected, at.row, p.stateStride, p.P, u, gradient);
    });
}

template <typename Params>
void checkStep(Check &check, const Params &p, int64_t units, const char *unitsName) {
    check.floating("type", p.type).positive("T", p.T).positive("N", p.N).positive(unitsName, units).range("D", p.D, 1, 2);
    check.range("step", p.step, 0, p.T - 1).range("directionBegin", p.directionBegin, 0, p.D - 1);
    check.range("directionCount", p.directionCount, 1, p.D - p.directionBegin).elements("y", p.T, p.N, p.D, units);
    check.require(p.stateStride >= units, "stateStride must be at least P").elements("states", p.T, p.N, p.D, p.stateStride);
    check.optional("lengths", p.lengths, 4).real("zoneout", p.zoneout, 0, 1).optional("random", p.random, 4);
}

}  // namespace
}  // namespace frnn

using namespace frnn;

extern "C" {

int32_t frnn_state_forward(const FrnnStateForwardParams *params, FrnnMessage *message) {
    Check check("frnn_state_forward", message);
    if (!check.params(params)) return check.status();
    const FrnnStateForwardParams &p = *params;
    checkStep(check, p, p.P, "P");
    const int64_t bytes = typeBytes(p.type);
    check.require(p.projectedType == FRNN_F32 || p.projectedType == p.type, "projectedType must be F32 or type");
    check.pointer("projected", p.projected, typeBytes(p.projectedType)).pointer("hState", p.hState, bytes).optional("y", p.y, bytes);
    if (!check.ok()) return check.status();
    const CellGrid grid = cellGrid(p.N, p.P, p.directionCount);
    withTypes(p.type, p.projectedType, [&](auto s, auto r) {
        using S = typename decltype(s)::type;
        using R = typename decltype(r)::type;
        launchKernel(stateForwardKernel<S, R>, grid.blocks, grid.threads, 0, streamOf(p.stream), p);
    });
    return check.cuda(cudaGetLastError());
}

int32_t frnn_state_backward(const FrnnStateBackwardParams *params, FrnnMessage *message) {
    Check check("frnn_state_backward", message);
    if (!check.params(params)) return check.status();
    const FrnnStateBackwardParams &p = *params;
    checkStep(check, p, p.P, "P");
    const int64_t bytes = typeBytes(p.type);
    check.require(p.zoneout == 0.0f || p.random != 0, "zoneout needs random");
    check.optional("dy", p.dy, bytes).pointer("dhState", p.dhState, 4).pointer("dProjected", p.dProjected, bytes);
    if (!check.ok()) return check.status();
    const CellGrid grid = cellGrid(p.N, p.P, p.directionCount);
    withType(p.type, [&](auto s) {
        using S = typename decltype(s)::type;
        launchKernel(stateBackwardKernel<S>, grid.blocks, grid.threads, 0, streamOf(p.stream), p);
    });
    return check.cuda(cudaGetLastError());
}

}  // extern "C"
