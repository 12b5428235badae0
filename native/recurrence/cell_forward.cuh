// The cells' forward steps, one unit of one sample at a time: what each reads besides its recurrent product and what it leaves.
// Shared by the kernels that follow a GEMM and by those that compute the product themselves.
//
// Every cell has
//   ROWS                     rows of the recurrent weights per unit, and sums on the input side
//   APART                    the row whose recurrent bias stays on the recurrent side; -1: none
//   FIRST_GATE, GATES        which of the unit's gates the rows are, and how many gates it has
//   Held                     what the step reads besides sums; x: the sums on the input side
//   readGates(p, at, u, held)   x from gateInputs, and the bias of the row apart
//   readState(p, at, u, held)   all else
//   frozen(p, at, u)         behind the sample's length
//   advance(p, at, u, held, r)  the step; r: the recurrent product
// and comes with and without ZONEOUT.
#pragma once

#include "cell_step.cuh"

namespace frnn {

// What a frozen sample's h is after the step, where that is another tensor than before.
template <typename S>
__device__ __forceinline__ void keepState(const FrnnCellForwardParams &p, const CellPoint &at, int64_t u) {
    if (p.hState != 0 && p.hState != p.hBefore) {
        storePadded<S>(p.hState, at.sample, p.stateStride, p.H, u, optionalLoad<S>(p.hBefore, at.inState));
    }
}

// h after the step: what the cell computed, unless zoneout keeps some of h before.
template <typename S, bool ZONEOUT>
__device__ __forceinline__ float hiddenAfter(const FrnnCellForwardParams &p, const CellPoint &at, int64_t u, float computed) {
    const float keep = hiddenKeep<ZONEOUT>(p, at, p.H, u);
    return keep == 0.0f ? computed : zonedOut(keep, optionalLoad<S>(p.hBefore, at.inState), computed);
}

template <typename S>
__device__ __forceinline__ void storeZeros(uint64_t saved, const CellPoint &at) {
    const float zeros[4] = {};
    if (saved != 0) storeGroup<S>(saved, at.sequence, zeros);
}

template <typename S, bool ZONEOUT>
struct LstmStep {
    static constexpr int ROWS = 4, APART = -1, FIRST_GATE = 0, GATES = 4;

    struct Held {
        float x[4];
        float c;
    };

    static __device__ __forceinline__ void readGates(const FrnnCellForwardParams &p, const CellPoint &at, int64_t u, Held &held) {
        loadRow<S>(p.gateInputs, at.row * p.gateStride, u, held.x);
    }

    static __device__ __forceinline__ void readState(const FrnnCellForwardParams &p, const CellPoint &at, int64_t, Held &held) {
        held.c = p.cType == FRNN_F32 ? optionalLoad<float>(p.cBefore, at.state) : optionalLoad<S>(p.cBefore, at.state);
    }

    static __device__ __forceinline__ void storeCell(const FrnnCellForwardParams &p, const CellPoint &at, float c) {
        if (p.cType == FRNN_F32) {
            address<float>(p.cState)[at.state] = c;
        } else {
            address<S>(p.cState)[at.state] = fromFloat<S>(c);
        }
    }

    static __device__ __forceinline__ void frozen(const FrnnCellForwardParams &p, const CellPoint &at, int64_t u) {
        Held held;
        readState(p, at, u, held);
        keepState<S>(p, at, u);
        if (p.cState != p.cBefore) storeCell(p, at, held.c);
        optionalStore<S>(p.y, at.sequence, 0.0f);
        storePadded<S>(p.hRaw, at.row, p.stateStride, p.H, u, 0.0f);
        optionalStore<float>(p.savedCells, at.sequence, held.c);
        storeZeros<S>(p.savedGates, at);
    }

    static __device__ __forceinline__ void advance(
        const FrnnCellForwardParams &p, const CellPoint &at, int64_t u, const Held &held, const float (&r)[4]) {
        const float *x = held.x;
        const LstmForward cell = lstmForward<FAST_MATH<S>>(x[0] + r[0], x[1] + r[1], x[2] + r[2], x[3] + r[3], held.c, p.cellClip);
        const float h = hiddenAfter<S, ZONEOUT>(p, at, u, cell.h);
        const float c = zonedOut(cellKeep<ZONEOUT>(p, at, u), held.c, cell.c);
        storeCell(p, at, c);
        storePadded<S>(p.hState, at.sample, p.stateStride, p.H, u, h);
        optionalStore<S>(p.y, at.sequence, h);
        storePadded<S>(p.hRaw, at.row, p.stateStride, p.H, u, h);
        optionalStore<float>(p.savedCells, at.sequence, c);
        if (p.savedGates != 0) {
            const float gates[4] = {cell.i, cell.f, cell.g, cell.o};
            storeGroup<S>(p.savedGates, at.sequence, gates);
        }
    }
};

// Reset after the recurrent product, as cuDNN and PyTorch.
template <typename S, bool ZONEOUT>
struct GruStep {
    static constexpr int ROWS = 3, APART = 2, FIRST_GATE = 0, GATES = 3;

    struct Held {
        float x[3];
        float h, biasApart;
    };

    static __device__ __forceinline__ void readGates(const FrnnCellForwardParams &p, const CellPoint &at, int64_t u, Held &held) {
        loadRow<S>(p.gateInputs, at.row * p.gateStride, u, held.x);
        held.biasApart = optionalLoad<float>(p.bHn, at.direction * p.H + u);
    }

    static __device__ __forceinline__ void readState(const FrnnCellForwardParams &p, const CellPoint &at, int64_t, Held &held) {
        held.h = optionalLoad<S>(p.hBefore, at.inState);
    }

    static __device__ __forceinline__ void frozen(const FrnnCellForwardParams &p, const CellPoint &at, int64_t u) {
        keepState<S>(p, at, u);
        optionalStore<S>(p.y, at.sequence, 0.0f);
        storeZeros<S>(p.savedGates, at);
    }

    static __device__ __forceinline__ void advance(
        const FrnnCellForwardParams &p, const CellPoint &at, int64_t u, const Held &held, const float (&r)[3]) {
        const float q = r[2] + held.biasApart;
        const GruForward cell = gruForward<FAST_MATH<S>>(held.x[0] + r[0], held.x[1] + r[1], held.x[2], q, held.h);
        const float next = hiddenAfter<S, ZONEOUT>(p, at, u, cell.h);
        storePadded<S>(p.hState, at.sample, p.stateStride, p.H, u, next);
        optionalStore<S>(p.y, at.sequence, next);
        if (p.savedGates != 0) {
            const float saved[4] = {cell.r, cell.z, cell.n, q};
            storeGroup<S>(p.savedGates, at.sequence, saved);
        }
    }
};

// Reset before the recurrent product, stage 0: r and z; n's input waits for the second stage.
template <typename S>
struct ResetStep {
    static constexpr int ROWS = 2, APART = -1, FIRST_GATE = 0, GATES = 3;

    struct Held {
        float x[2];
        float h;
    };

    static __device__ __forceinline__ void readGates(const FrnnCellForwardParams &p, const CellPoint &at, int64_t u, Held &held) {
        const S *row = address<const S>(p.gateInputs) + at.row * p.gateStride + u * 3;
        held.x[0] = toFloat(row[0]);
        held.x[1] = toFloat(row[1]);
    }

    static __device__ __forceinline__ void readState(const FrnnCellForwardParams &p, const CellPoint &at, int64_t, Held &held) {
        held.h = optionalLoad<S>(p.hBefore, at.inState);
    }

    static __device__ __forceinline__ void frozen(const FrnnCellForwardParams &p, const CellPoint &at, int64_t u) {
        optionalStore<S>(p.savedReset, at.sequence, 0.0f);
        storePadded<S>(p.resetState, at.sample, p.stateStride, p.H, u, 0.0f);
    }

    static __device__ __forceinline__ void advance(
        const FrnnCellForwardParams &p, const CellPoint &at, int64_t u, const Held &held, const float (&r)[2]) {
        const GruResetGates activated = gruResetGates<FAST_MATH<S>>(held.x[0] + r[0], held.x[1] + r[1]);
        const float gates[2] = {activated.r, activated.z};
        const float resetH = gates[0] * held.h;
        storeGroup<float>(p.resetGates, at.state, gates);
        storePadded<S>(p.resetState, at.sample, p.stateStride, p.H, u, resetH);
        optionalStore<S>(p.savedReset, at.sequence, resetH);
    }
};

// Reset before the recurrent product, stage 1: n, and the rest.
template <typename S, bool ZONEOUT>
struct CandidateStep {
    static constexpr int ROWS = 1, APART = -1, FIRST_GATE = 2, GATES = 3;

    struct Held {
        float x[1];
        float h, resetH;
        float gates[2];
    };

    static __device__ __forceinline__ void readGates(const FrnnCellForwardParams &p, const CellPoint &at, int64_t u, Held &held) {
        held.x[0] = toFloat(address<const S>(p.gateInputs)[at.row * p.gateStride + u * 3 + 2]);
    }

    static __device__ __forceinline__ void readState(const FrnnCellForwardParams &p, const CellPoint &at, int64_t, Held &held) {
        held.h = optionalLoad<S>(p.hBefore, at.inState);
        held.resetH = toFloat(address<const S>(p.resetState)[at.inState]);
        loadGroup<float>(p.resetGates, at.state, held.gates);
    }

    static __device__ __forceinline__ void frozen(const FrnnCellForwardParams &p, const CellPoint &at, int64_t u) {
        keepState<S>(p, at, u);
        optionalStore<S>(p.y, at.sequence, 0.0f);
        storeZeros<S>(p.savedGates, at);
    }

    static __device__ __forceinline__ void advance(
        const FrnnCellForwardParams &p, const CellPoint &at, int64_t u, const Held &held, const float (&r)[1]) {
        const float candidate = gruCandidate<FAST_MATH<S>>(held.x[0] + r[0]);
        const float next = hiddenAfter<S, ZONEOUT>(p, at, u, gruMix(held.gates[1], candidate, held.h));
        storePadded<S>(p.hState, at.sample, p.stateStride, p.H, u, next);
        optionalStore<S>(p.y, at.sequence, next);
        if (p.savedGates != 0) {
            const float saved[4] = {held.gates[0], held.gates[1], candidate, held.resetH};
            storeGroup<S>(p.savedGates, at.sequence, saved);
        }
    }
};

template <typename S, bool RELU, bool ZONEOUT>
struct RnnStep {
    static constexpr int ROWS = 1, APART = -1, FIRST_GATE = 0, GATES = 1;

    struct Held {
        float x[1];
    };

    static __device__ __forceinline__ void readGates(const FrnnCellForwardParams &p, const CellPoint &at, int64_t u, Held &held) {
        held.x[0] = toFloat(address<const S>(p.gateInputs)[at.row * p.gateStride + u]);
    }

    static __device__ __forceinline__ void readState(const FrnnCellForwardParams &, const CellPoint &, int64_t, Held &) {}

    static __device__ __forceinline__ void frozen(const FrnnCellForwardParams &p, const CellPoint &at, int64_t u) {
        keepState<S>(p, at, u);
        optionalStore<S>(p.y, at.sequence, 0.0f);
    }

    static __device__ __forceinline__ void advance(
        const FrnnCellForwardParams &p, const CellPoint &at, int64_t u, const Held &held, const float (&r)[1]) {
        const float h = hiddenAfter<S, ZONEOUT>(p, at, u, rnnForward<FAST_MATH<S>, RELU>(held.x[0] + r[0]));
        storePadded<S>(p.hState, at.sample, p.stateStride, p.H, u, h);
        optionalStore<S>(p.y, at.sequence, h);
    }
};

// Calls body(Tag<Step>) for the cell and stage.
template <typename S, bool ZONEOUT = false, typename Body>
void withCell(int32_t cell, int32_t stage, Body &&body) {
    switch (cell) {
        case FRNN_LSTM: return body(Tag<LstmStep<S, ZONEOUT>>{});
        case FRNN_GRU_RESET_AFTER: return body(Tag<GruStep<S, ZONEOUT>>{});
        case FRNN_GRU_RESET_BEFORE: return stage == 0 ? body(Tag<ResetStep<S>>{}) : body(Tag<CandidateStep<S, ZONEOUT>>{});
        case FRNN_RNN_RELU: return body(Tag<RnnStep<S, true, ZONEOUT>>{});
        default: return body(Tag<RnnStep<S, false, ZONEOUT>>{});
    }
}

}  // namespace frnn
