// GRU backward on clusters.
#include "cluster_backward_launch.cuh"
#include "half_cells.cuh"

namespace frnn {
namespace {

struct GruBackward : GruCellGradient {
    static constexpr int kBeforeBytes = 2, kBeforeSteps = 1; // the state of the step before

    struct Saved {
        uint2 gates;
        uint16_t previousState, dy;
    };

    template <class Type>
    static __device__ __forceinline__ void begin(const BackwardArgs &, int64_t, size_t, float (&)[2]) {}

    static __device__ __forceinline__ const void *before(const BackwardArgs &args) { return args.y; }

    static __device__ __forceinline__ Saved get(const char *sample, int unit) {
        return {*reinterpret_cast<const uint2 *>(sample + unit * 8), *reinterpret_cast<const uint16_t *>(sample + 32 + unit * 2),
                *reinterpret_cast<const uint16_t *>(sample + 48 + unit * 2)};
    }

    // What the ring would have brought, for one cell; `previous` is -1 where there is no step before.
    static __device__ __forceinline__ void copy(const BackwardArgs &args, bool real, int64_t cell, int64_t previous, char *sample, int unit) {
        Saved s = {};
        if (real) {
            s.gates = __ldg(reinterpret_cast<const uint2 *>(args.savedGates + cell * 4));
            if (previous >= 0) s.previousState = __ldg(args.y + previous);
            if (args.dy != nullptr) s.dy = __ldg(args.dy + cell);
        }
        *reinterpret_cast<uint2 *>(sample + unit * 8) = s.gates;
        *reinterpret_cast<uint16_t *>(sample + 32 + unit * 2) = s.previousState;
        *reinterpret_cast<uint16_t *>(sample + 48 + unit * 2) = s.dy;
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

private:
    // Lanes 2 apart hold an even unit and the next: with an even number of units their six values are three words.
    static __device__ __forceinline__ void storeThreeIf(bool real, uint16_t *to, uint16_t a, uint16_t b, uint16_t c, bool pairs) {
        const bool odd = threadIdx.x & 2;
        const uint32_t got = __shfl_xor_sync(~0u, odd ? uint32_t(a) : uint32_t(c), 2);
        if (pairs) {
            // Even: (a,b) at word 0 and (c,a') at word 1; odd: (b',c') at word 2, one value behind its own start.
            const uint32_t word = odd ? b | uint32_t(c) << 16 : a | uint32_t(b) << 16;
            storeIf(real, to + (odd ? 1 : 0), word);
            storeIf(real && !odd, to + 2, c | got << 16);
        } else {
            storeIf(real, to, a);
            storeIf(real, to + 1, b);
            storeIf(real, to + 2, c);
        }
    }
};

} // namespace

cudaError_t launchGruBackward(int tile, bool half, const BackwardArgs &args, cudaStream_t stream) {
    return BackwardLaunch<GruBackward, GruBackwardTiles>::launch(tile, half, args, stream);
}

} // namespace frnn
