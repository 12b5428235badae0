// GRU backward on clusters.
#include "cluster_backward_launch.cuh"
#include "cluster_gru_saved.cuh"
#include "half_cells.cuh"

namespace frnn {
namespace {

struct GruBackward : GruCellGradient {
    static constexpr int kBeforeBytes = 2, kBeforeSteps = 1; // the state of the step before

    using Saved = GruSaved;

    template <class Type>
    static __device__ __forceinline__ void begin(const BackwardArgs &, int64_t, size_t, float (&)[2]) {}

    static __device__ __forceinline__ const void *before(const BackwardArgs &args) { return args.y; }

    static __device__ __forceinline__ Saved get(const char *sample, int unit) { return GruSaved::get(sample, unit); }

    static __device__ __forceinline__ void copy(const BackwardArgs &args, bool real, int64_t cell, int64_t previous, char *sample, int unit) {
        GruSaved::copy(args, real, cell, previous, sample, unit);
    }

    template <class Type>
    static __device__ __forceinline__ Prepared prepare(const BackwardArgs &, const Saved &s, const float (&carried)[2]) {
        return prepared<Type>(s.gates, s.previousState, s.dy, carried);
    }

    template <class Type>
    static __device__ __forceinline__ Gradient apply(bool real, const Prepared &p, float dh, float (&carried)[2]) {
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

} // namespace

cudaError_t launchGruBackward(int tile, bool half, const BackwardArgs &args, cudaStream_t stream) {
    return BackwardLaunch<GruBackward, GruBackwardTiles>::launch(tile, half, args, stream);
}

} // namespace frnn
