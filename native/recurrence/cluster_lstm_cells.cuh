// The LSTM in 16-bit storage as the cluster kernels run it, forward and backward.
#pragma once

#include "half_cells.cuh"

namespace frnn {

struct ClusterLstmForward : LstmCell {
    // One group of 8 units: gates i,f in the first m-tile, g,o in the second, so that a lane has all gates of a unit.
    static constexpr int kGroupUnits = 8, kTiles = 2;
    static constexpr bool kCarries = true;
    static constexpr __host__ __device__ int gate(int tile, int row) { return tile * 2 + row; }
    static constexpr __host__ __device__ int half(int, int) { return 0; }
    static constexpr __host__ __device__ int tile(int gate, int) { return gate / 2; }
    static constexpr __host__ __device__ int row(int gate, int) { return gate % 2; }

    struct Inputs {
        uint2 gates;
    };

    static __device__ __forceinline__ Inputs load(const uint16_t *p) { return {__ldg(reinterpret_cast<const uint2 *>(p))}; }
    static __device__ __forceinline__ Inputs get(const char *p) { return {*reinterpret_cast<const uint2 *>(p)}; }
    static __device__ __forceinline__ void put(const Inputs &in, char *p) { *reinterpret_cast<uint2 *>(p) = in.gates; }

    template <class Type>
    static __device__ __forceinline__ Result apply(const float (&sum)[4], const Inputs &in, float c, float, float clip, int) {
        return step<Type>(sum, in.gates, c, clip);
    }

    template <class Type>
    static __device__ __forceinline__ void save(bool real, const ForwardArgs &args, int64_t cell, const Result &r) {
        storeIf(real && args.savedGates != nullptr, args.savedGates + cell * 4, savedGates<Type>(r));
        storeIf(real, args.savedCells + cell, __float_as_uint(r.carried));
    }
};

struct ClusterLstmBackward : LstmCellGradient {
    static constexpr int kBeforeBytes = 4, kBeforeSteps = 1; // the cell of the step before

    struct Saved {
        uint2 gates;
        uint32_t previousCell;
        uint16_t dy;
    };

    static __device__ __forceinline__ const void *before(const BackwardArgs &args) { return args.savedCells; }

    static __device__ __forceinline__ Saved get(const char *sample, int unit) {
        return {*reinterpret_cast<const uint2 *>(sample + unit * 8), *reinterpret_cast<const uint32_t *>(sample + 32 + unit * 4),
                *reinterpret_cast<const uint16_t *>(sample + 48 + unit * 2)};
    }

    // What the ring would have brought, for one cell; `previous` is -1 where there is no step before.
    static __device__ __forceinline__ void copy(const BackwardArgs &args, bool real, int64_t cell, int64_t previous, char *sample, int unit) {
        Saved s = {};
        if (real) {
            s.gates = __ldg(reinterpret_cast<const uint2 *>(args.savedGates + cell * 4));
            if (previous >= 0) s.previousCell = __float_as_uint(__ldg(args.savedCells + previous));
            if (args.dy != nullptr) s.dy = __ldg(args.dy + cell);
        }
        *reinterpret_cast<uint2 *>(sample + unit * 8) = s.gates;
        *reinterpret_cast<uint32_t *>(sample + 32 + unit * 4) = s.previousCell;
        *reinterpret_cast<uint16_t *>(sample + 48 + unit * 2) = s.dy;
    }

    static __device__ __forceinline__ float cellBefore(const Saved &s) { return __uint_as_float(s.previousCell); }

    template <class Type>
    static __device__ __forceinline__ Prepared prepare(const BackwardArgs &args, const Saved &s, const float *carried) {
        return prepared<Type>(args, s.gates, cellBefore(s), s.dy, carried);
    }

    template <class Type>
    static __device__ __forceinline__ Gradient apply(bool real, const Prepared &p, float dh, float *carried) {
        const Gradient g = gradient<Type>(p, dh, carried);
        return {real ? g.gates : make_uint2(0, 0)};
    }

    static __device__ __forceinline__ void stage(const Gradient &g, char *at) {
        *reinterpret_cast<uint2 *>(at) = g.gates;
    }

    static __device__ __forceinline__ void store(const BackwardArgs &args, bool real, int64_t cell, const Gradient &g, bool) {
        storeIf(real, args.dGates + cell * 4, g.gates);
    }
};

} // namespace frnn
