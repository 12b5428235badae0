// The plain RNN in 16-bit storage as the cluster kernels run it: h = tanh or max(0, .) of the gate input plus the recurrent
// product, and backward from y: dx = dh*(1-y*y) for tanh, dh where y > 0 for ReLU.
#pragma once

#include "cluster_args.h"
#include "persistent_device.cuh"

namespace frnn {

struct ClusterRnnForward {
    static constexpr int kGroupUnits = 16, kGates = 1, kTiles = 1;
    static constexpr bool kCarries = false, kCarriesCell = false, kRecurrentBias = false, kZonesOut = false;
    static constexpr __host__ __device__ int gate(int, int) { return 0; }
    static constexpr __host__ __device__ int half(int, int row) { return row; }
    static constexpr __host__ __device__ int tile(int, int) { return 0; }
    static constexpr __host__ __device__ int row(int, int half) { return half; }

    struct Inputs {
        uint16_t gate;
    };
    struct Result {
        float h, carried;
    };

    static __device__ __forceinline__ Inputs load(const uint16_t *p) { return {__ldg(p)}; }
    static __device__ __forceinline__ Inputs get(const char *p) { return {*reinterpret_cast<const uint16_t *>(p)}; }
    static __device__ __forceinline__ void put(const Inputs &in, char *p) { *reinterpret_cast<uint16_t *>(p) = in.gate; }

    template <class Type>
    static __device__ __forceinline__ Result apply(const float (&sum)[1], const Inputs &in, float, float, float, int relu) {
        const float x = sum[0] + Type::value(in.gate);
        // Not fmaxf, which would turn NaN into 0.
        return {relu ? (x < 0 ? 0.0f : x) : Type::tanh(x), 0.0f};
    }

    // Backward needs y alone.
    template <class Type>
    static __device__ __forceinline__ void save(bool, const ForwardArgs &, int64_t, const Result &) {}
};

struct ClusterRnnBackward {
    static constexpr int kGates = 1, kCarriedFloats = 0;
    static constexpr bool kCarriesCell = false, kZonesOut = false;
    static constexpr int kBeforeBytes = 2, kBeforeSteps = 0; // not before at all: y of the step itself

    struct Saved {
        uint16_t y, dy;
    };
    struct Prepared {
        float slope, dy;
        __device__ __forceinline__ float besides() const { return 0; }
    };
    struct Gradient {
        uint16_t gate;
    };

    static __device__ __forceinline__ float besides(const float *) { return 0; }

    template <class Type>
    static __device__ __forceinline__ void begin(const BackwardArgs &, int64_t, size_t, float *) {}

    static __device__ __forceinline__ const void *before(const BackwardArgs &args) { return args.y; }

    static __device__ __forceinline__ Saved get(const char *sample, int unit) {
        return {*reinterpret_cast<const uint16_t *>(sample + 32 + unit * 2), *reinterpret_cast<const uint16_t *>(sample + 48 + unit * 2)};
    }

    // What the ring would have brought, for one cell.
    static __device__ __forceinline__ void copy(const BackwardArgs &args, bool real, int64_t cell, int64_t, char *sample, int unit) {
        *reinterpret_cast<uint16_t *>(sample + 32 + unit * 2) = real ? __ldg(args.y + cell) : uint16_t(0);
        *reinterpret_cast<uint16_t *>(sample + 48 + unit * 2) = real && args.dy != nullptr ? __ldg(args.dy + cell) : uint16_t(0);
    }

    template <class Type>
    static __device__ __forceinline__ Prepared prepare(const BackwardArgs &args, const Saved &s, const float *) {
        const float y = Type::value(s.y);
        // A NaN in y has to reach the gradient with ReLU as well.
        return {args.relu ? (y > 0 ? 1.0f : y * 0.0f) : 1 - y * y, Type::value(s.dy)};
    }

    template <class Type>
    static __device__ __forceinline__ void first(const BackwardArgs &, size_t, Prepared &) {}

    template <class Type>
    static __device__ __forceinline__ Gradient apply(bool real, const Prepared &p, float dh, float *) {
        return {real ? Type::bits((dh + p.dy) * p.slope) : uint16_t(0)};
    }

    static __device__ __forceinline__ void stage(const Gradient &g, char *at) {
        *reinterpret_cast<uint16_t *>(at) = g.gate;
    }

    static __device__ __forceinline__ void store(const BackwardArgs &args, bool real, int64_t cell, const Gradient &g, bool) {
        storeIf(real, args.dGates + cell, g.gate);
    }

    static __device__ __forceinline__ void storeFirst(uint16_t *to, const Gradient &g) {
        *to = g.gate;
    }
};

} // namespace frnn
