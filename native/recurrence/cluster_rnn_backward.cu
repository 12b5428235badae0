// Plain RNN backward, from y: dx = dh*(1-y*y) for tanh, dh where y > 0 for ReLU.
#include "cluster_backward_launch.cuh"

namespace frnn {
namespace {

struct RnnBackward {
    static constexpr int kGates = 1, kCarriedFloats = 0;
    static constexpr bool kCarriesCell = false;

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

    static __device__ __forceinline__ float besides(const float (&)[2]) { return 0; }

    template <class Type>
    static __device__ __forceinline__ void begin(const BackwardArgs &, int64_t, size_t, float (&)[2]) {}

    static __device__ __forceinline__ Saved load(const BackwardArgs &args, const StepPlace &p) {
        return {loadHalfword(args.y + p.cell), args.dy != nullptr ? loadHalfword(args.dy + p.cell) : uint16_t(0)};
    }

    static __device__ __forceinline__ void prefetch(const BackwardArgs &args, const StepPlace &p) {
        prefetchL2(args.y + p.cell);
        if (args.dy != nullptr) prefetchL2(args.dy + p.cell);
    }

    template <class Type>
    static __device__ __forceinline__ Prepared prepare(const BackwardArgs &args, const Saved &s, const float (&)[2]) {
        const float y = Type::value(s.y);
        // A NaN in y has to reach the gradient with ReLU as well.
        return {args.relu ? (y > 0 ? 1.0f : y * 0.0f) : 1 - y * y, Type::value(s.dy)};
    }

    template <class Type>
    static __device__ __forceinline__ void first(const BackwardArgs &, size_t, Prepared &) {}

    template <class Type>
    static __device__ __forceinline__ Gradient apply(const Prepared &p, float dh, float (&)[2]) {
        return {Type::bits((dh + p.dy) * p.slope)};
    }

    static __device__ __forceinline__ void stage(const Gradient &g, char *at) {
        *reinterpret_cast<uint16_t *>(at) = g.gate;
    }

    static __device__ __forceinline__ void store(const BackwardArgs &args, int64_t cell, const Gradient &g) {
        args.dGates[cell] = g.gate;
    }

    static __device__ __forceinline__ void storeFirst(uint16_t *to, const Gradient &g) {
        *to = g.gate;
    }
};

} // namespace

cudaError_t launchRnnBackward(int tile, bool half, const BackwardArgs &args, cudaStream_t stream) {
    return BackwardLaunch<RnnBackward, RnnBackwardTiles>::launch(tile, half, args, stream);
}

} // namespace frnn
