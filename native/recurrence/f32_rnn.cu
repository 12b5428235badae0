// Plain RNN in F32, tanh or ReLU, forward and backward: the equations are those of cellmath.h.
#include "cellmath.h"
#include "f32_launch.cuh"

namespace frnn {
namespace {

struct RnnForwardF32 {
    static constexpr int kGates = 1;
    static constexpr bool kCarries = false, kCarriesCell = false, kRecurrentBias = false;
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
    static constexpr bool kCarriesCell = false;
    static constexpr int kBeforeSteps = 0; // not before at all: y of the step itself
    using Gradient = F32Gradient<kGates>;

    static __device__ __forceinline__ float besides(const float (&)[2]) { return 0; }

    static __device__ __forceinline__ void begin(const BackwardArgsF32 &, int64_t, size_t, float (&)[2]) {}

    static __device__ __forceinline__ const float *before(const BackwardArgsF32 &args) { return args.y; }

    static __device__ __forceinline__ float first(const BackwardArgsF32 &, size_t, float y) { return y; }

    static __device__ __forceinline__ Gradient apply(const BackwardArgsF32 &args, const float *, float y, float dh, float (&)[2]) {
        // A NaN in y has to reach the gradient with ReLU as well.
        return {{args.relu ? rnnBackward<true>(y, dh) + y * 0.0f : rnnBackward<false>(y, dh)}, 0};
    }

    static __device__ __forceinline__ void store(const BackwardArgsF32 &args, int64_t cell, const Gradient &g) {
        args.dGates[cell] = g.recurrent[0];
    }
};

} // namespace

cudaError_t launchRnnF32(int tile, const ForwardArgsF32 &args, cudaStream_t stream) {
    return launchF32<RnnForwardF32, RnnF32Tiles>(tile, args, stream);
}

cudaError_t launchRnnF32(int tile, const BackwardArgsF32 &args, cudaStream_t stream) {
    return launchF32<RnnBackwardF32, RnnF32Tiles>(tile, args, stream);
}

} // namespace frnn
