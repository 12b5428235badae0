// LSTM and GRU cells in 16-bit storage, what every kind of persistent kernel computes of them. How inputs and saved values come
// and how results go is each kind's own.
#pragma once

#include "cell_limit.h"
#include "cluster_args.h"
#include "persistent_device.cuh"

namespace frnn {

// c = f*c + i*g, h = o*tanh(c), with c limited to the clip where it is read.
struct LstmCell {
    static constexpr int kGates = 4;
    static constexpr bool kCarriesCell = true, kRecurrentBias = false, kZonesOut = false;

    struct Result {
        float h, carried, i, f, g, o;
    };

    template <class Type>
    static __device__ __forceinline__ Result step(const float (&sum)[4], uint2 gates, float c, float clip) {
        Result r;
        r.i = Type::sigmoid(sum[0] + Type::low(gates.x));
        r.f = Type::sigmoid(sum[1] + Type::high(gates.x));
        r.g = Type::tanh(sum[2] + Type::low(gates.y));
        r.o = Type::sigmoid(sum[3] + Type::high(gates.y));
        r.carried = fmaf(r.f, limited(c, clip), r.i * r.g);
        r.h = r.o * Type::tanh(limited(r.carried, clip));
        return r;
    }

    template <class Type>
    static __device__ __forceinline__ uint2 savedGates(const Result &r) {
        return make_uint2(Type::pack(r.i, r.f), Type::pack(r.g, r.o));
    }
};

// Reset after the recurrent product: n = tanh(x_n + r*(W_hn h + b_hn)), h = (1-z)*n + z*h.
struct GruCell {
    static constexpr int kGates = 3;
    static constexpr bool kCarriesCell = false, kRecurrentBias = true, kZonesOut = false;

    struct Result {
        float h, carried, r, z, n, q;
    };

    template <class Type, int kSums>
    static __device__ __forceinline__ Result step(const float (&sum)[kSums], const uint16_t (&gates)[3], float h, float bias) {
        Result v;
        v.r = Type::sigmoid(sum[0] + Type::value(gates[0]));
        v.z = Type::sigmoid(sum[1] + Type::value(gates[1]));
        v.q = sum[2] + bias;
        v.n = Type::tanh(fmaf(v.r, v.q, Type::value(gates[2])));
        v.h = fmaf(v.z, h - v.n, v.n);
        // The state is what the other blocks see: a call cut in two gives the same bits as one call.
        v.carried = Type::value(Type::bits(v.h));
        return v;
    }

    template <class Type>
    static __device__ __forceinline__ uint2 savedGates(const Result &v) {
        return make_uint2(Type::pack(v.r, v.z), Type::pack(v.n, v.q));
    }
};

// From the saved gates i,f,g,o and cells c. Where c is read it is limited, and no gradient passes at the limit.
struct LstmCellGradient {
    static constexpr int kGates = 4, kCarriedFloats = 2; // dc and the cell of the step being undone
    static constexpr bool kCarriesCell = true, kZonesOut = false;

    // All that does not depend on dh, computed while the shares of dh travel.
    struct Prepared {
        float i, f, g, dc, previousCell, dy, intoOutput, intoCell, clip;
        __device__ __forceinline__ float besides() const { return 0; }
    };
    struct Gradient {
        uint2 gates;
    };

    static __device__ __forceinline__ float besides(const float *) { return 0; }

    template <class Type>
    static __device__ __forceinline__ void begin(const BackwardArgs &args, int64_t last, size_t state, float *carried) {
        carried[0] = carriedOr<Type>(args.dcCarried, args.dcy, state);
        carried[1] = args.savedCells[last];
    }

    template <class Type>
    static __device__ __forceinline__ Prepared prepared(const BackwardArgs &args, uint2 gates, float previousCell, uint16_t dy,
                                                        const float *carried) {
        return prepared<Type>(args, gates, carried[1], previousCell, dy, carried[0]);
    }

    // c: of which h was computed.
    template <class Type>
    static __device__ __forceinline__ Prepared prepared(const BackwardArgs &args, uint2 gates, float c, float previousCell, uint16_t dy, float dc) {
        Prepared p;
        const float o = Type::high(gates.y), squashed = Type::tanh(limited(c, args.cellClip));
        p.i = Type::low(gates.x);
        p.f = Type::high(gates.x);
        p.g = Type::low(gates.y);
        p.dc = dc;
        p.previousCell = previousCell;
        p.dy = Type::value(dy);
        p.intoOutput = squashed * o * (1 - o);
        p.intoCell = atLimit(c, args.cellClip) ? 0.0f : o * (1 - squashed * squashed);
        p.clip = args.cellClip;
        return p;
    }

    // Before the first forward step the cell is cx.
    template <class Type>
    static __device__ __forceinline__ void first(const BackwardArgs &args, size_t state, Prepared &p) {
        p.previousCell = carriedOr<Type>(args.cellsBefore, args.cx, state);
    }

    template <class Type>
    static __device__ __forceinline__ Gradient gradient(const Prepared &p, float dh, float *carried) {
        return gradientOfWhole<Type>(p, dh + p.dy, carried);
    }

    // dh with dy in it.
    template <class Type>
    static __device__ __forceinline__ Gradient gradientOfWhole(const Prepared &p, float dh, float *carried) {
        const float dc = fmaf(dh, p.intoCell, p.dc);
        const float di = dc * p.g * p.i * (1 - p.i), df = dc * limited(p.previousCell, p.clip) * p.f * (1 - p.f);
        const float dg = dc * p.i * (1 - p.g * p.g), dO = dh * p.intoOutput;
        carried[0] = atLimit(p.previousCell, p.clip) ? 0.0f : dc * p.f;
        carried[1] = p.previousCell;
        return {make_uint2(Type::pack(di, df), Type::pack(dg, dO))};
    }

    static __device__ __forceinline__ void storeFirst(uint16_t *to, const Gradient &g) {
        *reinterpret_cast<uint2 *>(to) = g.gates;
    }
};

// From the saved r,z,n and q = W_hn h + b_hn: h' = (1-z)*n + z*h with n = tanh(x_n + r*q).
struct GruCellGradient {
    static constexpr int kGates = 3, kCarriedFloats = 1; // the part of dh that bypasses the product: dh*z
    static constexpr bool kCarriesCell = false, kZonesOut = false;

    struct Prepared {
        float intoR, intoZ, intoN, r, z, previousState, bypass, dy, n;
        __device__ __forceinline__ float besides() const { return bypass; }
    };
    struct Gradient {
        uint16_t r, z, n, recurrentN;
    };

    static __device__ __forceinline__ float besides(const float *carried) { return carried[0]; }

    template <class Type>
    static __device__ __forceinline__ Prepared prepared(uint2 gates, uint16_t previousState, uint16_t dy, const float *carried) {
        const float r = Type::low(gates.x), z = Type::high(gates.x), n = Type::low(gates.y), q = Type::high(gates.y);
        Prepared p;
        p.r = r;
        p.z = z;
        p.n = n;
        p.previousState = Type::value(previousState);
        p.bypass = carried[0];
        p.dy = Type::value(dy);
        p.intoN = (1 - z) * (1 - n * n);
        p.intoR = q * r * (1 - r);
        p.intoZ = z * (1 - z);
        return p;
    }

    // Before the first forward step the state is hx.
    template <class Type>
    static __device__ __forceinline__ void first(const BackwardArgs &args, size_t state, Prepared &p) {
        if (args.hx != nullptr) p.previousState = Type::value(args.hx[state]);
    }

    template <class Type>
    static __device__ __forceinline__ Gradient gradient(const Prepared &p, float dh, float *carried) {
        return gradientOfWhole<Type>(p, dh + p.dy, carried);
    }

    // dh with dy in it.
    template <class Type>
    static __device__ __forceinline__ Gradient gradientOfWhole(const Prepared &p, float dh, float *carried) {
        const float dn = dh * p.intoN;
        carried[0] = dh * p.z;
        return {Type::bits(dn * p.intoR), Type::bits(dh * (p.previousState - p.n) * p.intoZ), Type::bits(dn), Type::bits(dn * p.r)};
    }

    static __device__ __forceinline__ void storeFirst(uint16_t *to, const Gradient &g) { storeThree(to, g.r, g.z, g.recurrentN); }

protected:
    static __device__ __forceinline__ void storeThree(uint16_t *to, uint16_t a, uint16_t b, uint16_t c) {
        to[0] = a;
        to[1] = b;
        to[2] = c;
    }
};

} // namespace frnn
