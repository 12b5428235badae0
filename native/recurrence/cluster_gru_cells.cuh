// The GRU in 16-bit storage as the cluster kernels run it, forward and backward.
#pragma once

#include "cluster_gru_saved.cuh"
#include "half_cells.cuh"

namespace frnn {

struct ClusterGruForward : GruCell {
    // One group of 16 units in three m-tiles: r,z of the first 8 units, r,z of the second 8, n of all.
    static constexpr int kGroupUnits = 16, kTiles = 3;
    static constexpr bool kCarries = true;
    static constexpr __host__ __device__ int gate(int tile, int row) { return tile < 2 ? row : 2; }
    static constexpr __host__ __device__ int half(int tile, int row) { return tile < 2 ? tile : row; }
    static constexpr __host__ __device__ int tile(int gate, int half) { return gate < 2 ? half : 2; }
    static constexpr __host__ __device__ int row(int gate, int half) { return gate < 2 ? gate : half; }

    struct Inputs {
        uint16_t gates[3];
    };

    static __device__ __forceinline__ Inputs load(const uint16_t *p) { return {{__ldg(p), __ldg(p + 1), __ldg(p + 2)}}; }
    static __device__ __forceinline__ Inputs get(const char *p) {
        const uint16_t *gates = reinterpret_cast<const uint16_t *>(p);
        return {{gates[0], gates[1], gates[2]}};
    }
    static __device__ __forceinline__ void put(const Inputs &in, char *p) {
        for (int g = 0; g < 3; g++) reinterpret_cast<uint16_t *>(p)[g] = in.gates[g];
    }

    template <class Type>
    static __device__ __forceinline__ Result apply(const float (&sum)[3], const Inputs &in, float h, float bias, float, int) {
        return step<Type>(sum, in.gates, h, bias);
    }

    template <class Type>
    static __device__ __forceinline__ void save(bool real, const ForwardArgs &args, int64_t cell, const Result &v) {
        storeIf(real, args.savedGates + cell * 4, savedGates<Type>(v));
    }
};

struct ClusterGruBackward : GruCellGradient {
    static constexpr int kBeforeBytes = 2, kBeforeSteps = 1; // the state of the step before

    using Saved = GruSaved;

    template <class Type>
    static __device__ __forceinline__ void begin(const BackwardArgs &, int64_t, size_t, float *) {}

    static __device__ __forceinline__ const void *before(const BackwardArgs &args) { return args.y; }

    static __device__ __forceinline__ Saved get(const char *sample, int unit) { return GruSaved::get(sample, unit); }

    static __device__ __forceinline__ void copy(const BackwardArgs &args, bool real, int64_t cell, int64_t previous, char *sample, int unit) {
        GruSaved::copy(args, real, cell, previous, sample, unit);
    }

    template <class Type>
    static __device__ __forceinline__ Prepared prepare(const BackwardArgs &, const Saved &s, const float *carried) {
        return prepared<Type>(s.gates, s.previousState, s.dy, carried);
    }

    template <class Type>
    static __device__ __forceinline__ Gradient apply(bool real, const Prepared &p, float dh, float *carried) {
        const Gradient g = gradient<Type>(p, dh, carried);
        return real ? g : Gradient{0, 0, 0, 0};
    }

    static __device__ __forceinline__ void stage(const Gradient &g, char *at) {
        storeThree(reinterpret_cast<uint16_t *>(at), g.r, g.z, g.recurrentN);
    }

    static __device__ __forceinline__ void store(const BackwardArgs &args, bool real, int64_t cell, const Gradient &g, bool pairs) {
        storeThreeIf(real, args.dGates + cell * 3, g.r, g.z, g.n, pairs);
        storeThreeIf(real, args.dGatesH + cell * 3, g.r, g.z, g.recurrentN, pairs);
    }
};

} // namespace frnn
