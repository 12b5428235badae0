// The gates of many time steps at once, after a product of the h before each of them: what one forward step leaves for the backward
// pass, made anew.
#include "cell_step.cuh"
#include "fusedrnn/gates.h"

namespace frnn {
namespace {

// The places of a row of one direction: in what holds these steps alone, and in what holds all T.
struct GatesRow {
    bool frozen;   // behind the sample's length
    int64_t n;
    int64_t t;
    int64_t part;  // in [timeCount,N,D]
    int64_t whole; // in [T,N,D]
};

template <typename Params>
__device__ __forceinline__ GatesRow gatesRow(const Params &p, int64_t step, int64_t d) {
    GatesRow at;
    at.n = step % p.N;
    at.t = p.timeBegin + step / p.N;
    at.part = step * p.D + d;
    at.whole = (p.timeBegin * p.N + step) * p.D + d;
    at.frozen = p.lengths != 0 && at.t >= address<const int32_t>(p.lengths)[at.n];
    return at;
}

// Runs body(row, u) for every unit of `units` that this thread owns; the blocks' y goes over steps and samples.
template <typename Params, typename Body>
__device__ __forceinline__ void forEachRow(const Params &p, int64_t units, Body body) {
    for (int64_t step = blockIdx.y; step < p.timeCount * p.N; step += gridDim.y) {
        const GatesRow at = gatesRow(p, step, blockIdx.z);
        for (int64_t u = gridThread(); u < units; u += gridThreads()) body(at, u);
    }
}

template <typename S>
__global__ void __launch_bounds__(CELL_THREADS, CELL_RESIDENT / CELL_THREADS)
statesBeforeKernel(const __grid_constant__ FrnnStatesBeforeParams p) {
    forEachRow(p, p.stateStride, [&](const GatesRow &at, int64_t u) {
        const int64_t d = blockIdx.z;
        S value = fromFloat<S>(0.0f);
        if (u < p.R && !at.frozen) {
            const int64_t last = (p.lengths == 0 ? p.T : address<const int32_t>(p.lengths)[at.n]) - 1;
            if (at.t == (d == 0 ? 0 : last)) {
                if (p.hx != 0) value = address<const S>(p.hx)[(d * p.N + at.n) * p.R + u];
            } else {
                const int64_t step = p.N * p.D;
                value = address<const S>(p.y)[(at.whole + (d == 0 ? -step : step)) * p.R + u];
            }
        }
        address<S>(p.states)[at.part * p.stateStride + u] = value;
    });
}

// Every cell has run(p, at, d, u) for a unit within its sample's length, and frozen(p, at, u) for one behind it.
template <typename S>
struct LstmUnit {
    static __device__ __forceinline__ void frozen(const FrnnGatesParams &p, const GatesRow &at, int64_t u) {
        const float zeros[4] = {};
        storeGroup<S>(p.savedGates, at.whole * p.H + u, zeros);
    }

    static __device__ __forceinline__ void run(const FrnnGatesParams &p, const GatesRow &at, int64_t, int64_t u) {
        float x[4], r[4];
        loadRow<S>(p.gateInputs, at.whole * p.gateStride, u, x);
        loadRow<float>(p.sums, at.part * p.sumStride, u, r);
        const LstmGates gates = lstmGates<FAST_MATH<S>>(x[0] + r[0], x[1] + r[1], x[2] + r[2], x[3] + r[3]);
        const float saved[4] = {gates.i, gates.f, gates.g, gates.o};
        storeGroup<S>(p.savedGates, at.whole * p.H + u, saved);
    }
};

template <typename S>
struct GruUnit {
    static __device__ __forceinline__ void frozen(const FrnnGatesParams &p, const GatesRow &at, int64_t u) { LstmUnit<S>::frozen(p, at, u); }

    static __device__ __forceinline__ void run(const FrnnGatesParams &p, const GatesRow &at, int64_t d, int64_t u) {
        float x[3], r[3];
        loadRow<S>(p.gateInputs, at.whole * p.gateStride, u, x);
        loadRow<float>(p.sums, at.part * p.sumStride, u, r);
        const float q = r[2] + optionalLoad<float>(p.bHn, d * p.H + u);
        const GruGates gates = gruGates<FAST_MATH<S>>(x[0] + r[0], x[1] + r[1], x[2], q);
        const float saved[4] = {gates.r, gates.z, gates.n, q};
        storeGroup<S>(p.savedGates, at.whole * p.H + u, saved);
    }
};

// Reset before the recurrent product, stage 0: r and z, and r*h in place of h.
template <typename S>
struct ResetUnit {
    static __device__ __forceinline__ void frozen(const FrnnGatesParams &, const GatesRow &, int64_t) {}

    static __device__ __forceinline__ void run(const FrnnGatesParams &p, const GatesRow &at, int64_t, int64_t u) {
        const S *x = address<const S>(p.gateInputs) + at.whole * p.gateStride + u * 3;
        S &state = address<S>(p.states)[at.part * p.stateStride + u];
        float r[2];
        loadRow<float>(p.sums, at.part * p.sumStride, u, r);
        const GruResetGates gates = gruResetGates<FAST_MATH<S>>(toFloat(x[0]) + r[0], toFloat(x[1]) + r[1]);
        state = fromFloat<S>(gates.r * toFloat(state));
        const float saved[2] = {gates.r, gates.z};
        storeGroup<S>(p.savedGates, (at.whole * p.H + u) * 2, saved);
    }
};

// Reset before the recurrent product, stage 1: n, and r*h beside the gates and for itself.
template <typename S>
struct CandidateUnit {
    static __device__ __forceinline__ void frozen(const FrnnGatesParams &p, const GatesRow &at, int64_t u) {
        LstmUnit<S>::frozen(p, at, u);
        address<S>(p.savedReset)[at.whole * p.H + u] = fromFloat<S>(0.0f);
    }

    static __device__ __forceinline__ void run(const FrnnGatesParams &p, const GatesRow &at, int64_t, int64_t u) {
        const float x = toFloat(address<const S>(p.gateInputs)[at.whole * p.gateStride + u * 3 + 2]);
        const S resetH = address<const S>(p.states)[at.part * p.stateStride + u];
        const float saved[2] = {gruCandidate<FAST_MATH<S>>(x + address<const float>(p.sums)[at.part * p.sumStride + u]), toFloat(resetH)};
        storeGroup<S>(p.savedGates, (at.whole * p.H + u) * 2 + 1, saved);
        address<S>(p.savedReset)[at.whole * p.H + u] = resetH;
    }
};

template <typename S, typename Unit>
__global__ void __launch_bounds__(CELL_THREADS, CELL_RESIDENT / CELL_THREADS) gatesKernel(const __grid_constant__ FrnnGatesParams p) {
    forEachRow(p, p.H, [&](const GatesRow &at, int64_t u) {
        if (at.frozen) {
            Unit::frozen(p, at, u);
        } else {
            Unit::run(p, at, blockIdx.z, u);
        }
    });
}

template <typename S, typename Body>
void withUnit(int32_t cell, int32_t stage, Body &&body) {
    switch (cell) {
        case FRNN_LSTM: return body(Tag<LstmUnit<S>>{});
        case FRNN_GRU_RESET_AFTER: return body(Tag<GruUnit<S>>{});
        default: return stage == 0 ? body(Tag<ResetUnit<S>>{}) : body(Tag<CandidateUnit<S>>{});
    }
}

template <typename Params>
void checkTimes(Check &check, const Params &p) {
    check.floating("type", p.type).positive("T", p.T).positive("N", p.N).range("D", p.D, 1, 2);
    check.range("timeBegin", p.timeBegin, 0, p.T - 1).range("timeCount", p.timeCount, 1, p.T - p.timeBegin).optional("lengths", p.lengths, 4);
}

void checkGates(Check &check, const FrnnGatesParams &p) {
    const int64_t s = typeBytes(p.type);
    const bool before = p.cell == FRNN_GRU_RESET_BEFORE;
    const int64_t rows = p.cell == FRNN_LSTM ? 4 : !before ? 3 : p.stage == 0 ? 2 : 1;
    checkTimes(check, p);
    check.range("cell", p.cell, FRNN_LSTM, FRNN_GRU_RESET_BEFORE).range("stage", p.stage, 0, before ? 1 : 0).positive("H", p.H);
    check.elements("gates", p.T, p.N, p.D, p.H, 4);
    if (!check.ok()) return;
    check.require(p.gateStride >= p.H * (p.cell == FRNN_LSTM ? 4 : 3), "gateStride must be at least H times the gates");
    if (p.cell == FRNN_LSTM) check.require(p.gateStride % 4 == 0, "gateStride must be a multiple of 4 for the LSTM");
    check.require(p.sumStride >= p.H * rows && p.sumStride % 4 == 0, "sumStride must be a multiple of 4 and hold a row");
    check.elements("gateInputs", p.T, p.N, p.D, p.gateStride).elements("sums", p.timeCount, p.N, p.D, p.sumStride);
    check.pointer("gateInputs", p.gateInputs, p.cell == FRNN_LSTM ? 4 * s : s).pointer("sums", p.sums, 16).pointer("savedGates", p.savedGates, 4 * s);
    if (p.cell == FRNN_GRU_RESET_AFTER) check.optional("bHn", p.bHn, 4);
    else check.absent("bHn", p.bHn);
    if (before) {
        check.require(p.stateStride >= p.H, "stateStride must be at least H").pointer("states", p.states, s);
        check.elements("states", p.timeCount, p.N, p.D, p.stateStride);
    } else {
        check.absent("states", p.states);
    }
    if (before && p.stage == 1) check.pointer("savedReset", p.savedReset, s);
    else check.absent("savedReset", p.savedReset);
}

}  // namespace
}  // namespace frnn

using namespace frnn;

extern "C" {

int32_t frnn_states_before(const FrnnStatesBeforeParams *params, FrnnMessage *message) {
    Check check("frnn_states_before", message);
    if (!check.params(params)) return check.status();
    const FrnnStatesBeforeParams &p = *params;
    const int64_t s = typeBytes(p.type);
    checkTimes(check, p);
    check.positive("R", p.R).require(p.stateStride >= p.R, "stateStride must be at least R");
    check.elements("y", p.T, p.N, p.D, p.R).elements("states", p.timeCount, p.N, p.D, p.stateStride);
    check.pointer("y", p.y, s).optional("hx", p.hx, s).pointer("states", p.states, s);
    if (!check.ok()) return check.status();
    const CellGrid grid = cellGrid(p.timeCount * p.N, p.stateStride, static_cast<int32_t>(p.D));
    withType(p.type, [&](auto tag) {
        using S = typename decltype(tag)::type;
        launchKernel(statesBeforeKernel<S>, grid.blocks, grid.threads, 0, streamOf(p.stream), p);
    });
    return check.cuda(cudaGetLastError());
}

int32_t frnn_gates(const FrnnGatesParams *params, FrnnMessage *message) {
    Check check("frnn_gates", message);
    if (!check.params(params)) return check.status();
    const FrnnGatesParams &p = *params;
    checkGates(check, p);
    if (!check.ok()) return check.status();
    const CellGrid grid = cellGrid(p.timeCount * p.N, p.H, static_cast<int32_t>(p.D));
    withType(p.type, [&](auto tag) {
        using S = typename decltype(tag)::type;
        withUnit<S>(p.cell, p.stage, [&](auto unit) {
            using Unit = typename decltype(unit)::type;
            launchKernel(gatesKernel<S, Unit>, grid.blocks, grid.threads, 0, streamOf(p.stream), p);
        });
    });
    return check.cuda(cudaGetLastError());
}

}  // extern "C"
