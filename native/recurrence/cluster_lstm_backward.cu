// LSTM backward on clusters.
#include "cluster_backward_launch.cuh"
#include "half_cells.cuh"

namespace frnn {
namespace {

struct LstmBackward : LstmCellGradient {
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

    template <class Type>
    static __device__ __forceinline__ Prepared prepare(const BackwardArgs &args, const Saved &s, const float (&carried)[2]) {
        return prepared<Type>(args, s.gates, __uint_as_float(s.previousCell), s.dy, carried);
    }

    template <class Type>
    static __device__ __forceinline__ Gradient apply(bool real, const Prepared &p, float dh, float (&carried)[2]) {
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

} // namespace

cudaError_t launchLstmBackward(int tile, bool half, const BackwardArgs &args, cudaStream_t stream) {
    return BackwardLaunch<LstmBackward, LstmBackwardTiles>::launch(tile, half, args, stream);
}

} // namespace frnn
