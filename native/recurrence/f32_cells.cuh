// The cells in F32 storage, forward and backward, with the equations of cellmath.h: what every kind of persistent F32 kernel
// computes of a cell once it has the sums.
#pragma once

#include "cellmath.h"
#include "cluster_args.h"
#include "persistent_device.cuh"

namespace frnn {

// The gradient of one cell: the recurrent side of the gates, and for a GRU the input side of n.
template <int kGates>
struct F32Gradient {
    float recurrent[kGates];
    float inputN;

    __device__ __forceinline__ float4 four() const {
        return make_float4(recurrent[0], recurrent[1 % kGates], recurrent[2 % kGates], kGates == 4 ? recurrent[3 % kGates] : 0.0f);
    }
};

struct LstmForwardF32 {
    static constexpr int kGates = 4;
    static constexpr bool kCarries = true, kCarriesCell = true, kRecurrentBias = false, kZonesOut = false;
    struct Result {
        float h, carried;
        float4 gates;
    };

    static __device__ __forceinline__ Result apply(const float (&sum)[4], const float (&in)[4], float c, float, float clip, int) {
        const LstmForward v = lstmForward<false>(sum[0] + in[0], sum[1] + in[1], sum[2] + in[2], sum[3] + in[3], c, clip);
        return {v.h, v.c, make_float4(v.i, v.f, v.g, v.o)};
    }

    static __device__ __forceinline__ void save(const ForwardArgsF32 &args, int64_t cell, const Result &r) {
        if (args.savedGates != nullptr) reinterpret_cast<float4 *>(args.savedGates)[cell] = r.gates;
        args.savedCells[cell] = r.carried;
    }
};

struct LstmBackwardF32 {
    static constexpr int kGates = 4, kCarriedFloats = 2; // dc and the cell of the step being undone
    static constexpr bool kCarriesCell = true, kZonesOut = false;
    static constexpr int kBeforeSteps = 1; // the cell of the step before
    using Gradient = F32Gradient<kGates>;

    static __device__ __forceinline__ float besides(const float *) { return 0; }

    static __device__ __forceinline__ void begin(const BackwardArgsF32 &args, int64_t last, size_t state, float *carried) {
        carried[0] = carriedOr(args.dcCarried, args.dcy, state);
        carried[1] = args.savedCells[last];
    }

    static __device__ __forceinline__ const float *before(const BackwardArgsF32 &args) { return args.savedCells; }

    // Before the first forward step the cell is cx.
    static __device__ __forceinline__ float first(const BackwardArgsF32 &args, size_t state, float) {
        return carriedOr(args.cellsBefore, args.cx, state);
    }

    static __device__ __forceinline__ Gradient apply(const BackwardArgsF32 &args, const float *gates, float before, float dh, float *carried) {
        const LstmBackward v = lstmBackward<false>(gates[0], gates[1], gates[2], gates[3], carried[1], before, dh, carried[0], args.cellClip);
        carried[0] = v.dcPrevious;
        carried[1] = before;
        return {{v.di, v.df, v.dg, v.do_}, 0};
    }

    static __device__ __forceinline__ void store(const BackwardArgsF32 &args, int64_t cell, const Gradient &g) {
        reinterpret_cast<float4 *>(args.dGates)[cell] = g.four();
    }
};

// GRU, reset after the recurrent product.
struct GruForwardF32 {
    static constexpr int kGates = 3;
    static constexpr bool kCarries = true, kCarriesCell = false, kRecurrentBias = true, kZonesOut = false;
    struct Result {
        float h, carried;
        float4 gates;
    };

    static __device__ __forceinline__ Result apply(const float (&sum)[3], const float (&in)[3], float h, float bias, float, int) {
        const float q = sum[2] + bias;
        const GruForward v = gruForward<false>(sum[0] + in[0], sum[1] + in[1], in[2], q, h);
        return {v.h, v.h, make_float4(v.r, v.z, v.n, q)};
    }

    static __device__ __forceinline__ void save(const ForwardArgsF32 &args, int64_t cell, const Result &r) {
        reinterpret_cast<float4 *>(args.savedGates)[cell] = r.gates;
    }
};

struct GruBackwardF32 {
    static constexpr int kGates = 3, kCarriedFloats = 1; // the part of dh that bypasses the product: dh*z
    static constexpr bool kCarriesCell = false, kZonesOut = false;
    static constexpr int kBeforeSteps = 1; // the state of the step before
    using Gradient = F32Gradient<kGates>;

    static __device__ __forceinline__ float besides(const float *carried) { return carried[0]; }

    static __device__ __forceinline__ void begin(const BackwardArgsF32 &, int64_t, size_t, float *) {}

    static __device__ __forceinline__ const float *before(const BackwardArgsF32 &args) { return args.y; }

    // Before the first forward step the state is hx.
    static __device__ __forceinline__ float first(const BackwardArgsF32 &args, size_t state, float) {
        return args.hx != nullptr ? args.hx[state] : 0.0f;
    }

    static __device__ __forceinline__ Gradient apply(const BackwardArgsF32 &, const float *gates, float before, float dh, float *carried) {
        const GruBackward v = gruBackward(gates[0], gates[1], gates[2], gates[3], before, dh);
        carried[0] = v.dhDirect;
        return {{v.dr, v.dz, v.dq}, v.dn};
    }

    static __device__ __forceinline__ void store(const BackwardArgsF32 &args, int64_t cell, const Gradient &g) {
        float *const input = args.dGates + cell * 3, *const recurrent = args.dGatesH + cell * 3;
        input[0] = recurrent[0] = g.recurrent[0];
        input[1] = recurrent[1] = g.recurrent[1];
        input[2] = g.inputN;
        recurrent[2] = g.recurrent[2];
    }
};

// Plain RNN, tanh or ReLU.
struct RnnForwardF32 {
    static constexpr int kGates = 1;
    static constexpr bool kCarries = false, kCarriesCell = false, kRecurrentBias = false, kZonesOut = false;
    struct Result {
        float h, carried;
    };

    static __device__ __forceinline__ Result apply(const float (&sum)[1], const float (&in)[1], float, float, float, int relu) {
        const float x = sum[0] + in[0];
        return {relu ? rnnForward<false, true>(x) : rnnForward<false, false>(x), 0};
    }

    // Backward needs y alone.
    static __device__ __forceinline__ void save(const ForwardArgsF32 &, int64_t, const Result &) {}
};

struct RnnBackwardF32 {
    static constexpr int kGates = 1, kCarriedFloats = 0;
    static constexpr bool kCarriesCell = false, kZonesOut = false;
    static constexpr int kBeforeSteps = 0; // not before at all: y of the step itself
    using Gradient = F32Gradient<kGates>;

    static __device__ __forceinline__ float besides(const float *) { return 0; }

    static __device__ __forceinline__ void begin(const BackwardArgsF32 &, int64_t, size_t, float *) {}

    static __device__ __forceinline__ const float *before(const BackwardArgsF32 &args) { return args.y; }

    static __device__ __forceinline__ float first(const BackwardArgsF32 &, size_t, float y) { return y; }

    static __device__ __forceinline__ Gradient apply(const BackwardArgsF32 &args, const float *, float y, float dh, float *) {
        // A NaN in y has to reach the gradient with ReLU as well.
        return {{args.relu ? rnnBackward<true>(y, dh) + y * 0.0f : rnnBackward<false>(y, dh)}, 0};
    }

    static __device__ __forceinline__ void store(const BackwardArgsF32 &args, int64_t cell, const Gradient &g) {
        args.dGates[cell] = g.recurrent[0];
    }
};

} // namespace frnn
