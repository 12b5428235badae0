// GRU in F32, reset after the recurrent product, forward and backward: the equations are those of cellmath.h.
#include "cellmath.h"
#include "f32_launch.cuh"

namespace frnn {
namespace {

struct GruForwardF32 {
    static constexpr int kGates = 3;
    static constexpr bool kCarries = true, kCarriesCell = false, kRecurrentBias = true;
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
    static constexpr bool kCarriesCell = false;
    static constexpr int kBeforeSteps = 1; // the state of the step before
    using Gradient = F32Gradient<kGates>;

    static __device__ __forceinline__ float besides(const float (&carried)[2]) { return carried[0]; }

    static __device__ __forceinline__ void begin(const BackwardArgsF32 &, int64_t, size_t, float (&)[2]) {}

    static __device__ __forceinline__ const float *before(const BackwardArgsF32 &args) { return args.y; }

    // Before the first forward step the state is hx.
    static __device__ __forceinline__ float first(const BackwardArgsF32 &args, size_t state, float) {
        return args.hx != nullptr ? args.hx[state] : 0.0f;
    }

    static __device__ __forceinline__ Gradient apply(const BackwardArgsF32 &, const float *gates, float before, float dh, float (&carried)[2]) {
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

} // namespace

cudaError_t launchGruF32(int tile, const ForwardArgsF32 &args, cudaStream_t stream) {
    return launchF32<GruForwardF32, GruF32Tiles>(tile, args, stream);
}

cudaError_t launchGruF32(int tile, const BackwardArgsF32 &args, cudaStream_t stream) {
    return launchF32<GruBackwardF32, GruF32Tiles>(tile, args, stream);
}

} // namespace frnn
