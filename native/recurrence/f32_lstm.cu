// LSTM in F32, forward and backward: the equations are those of cellmath.h.
#include "cellmath.h"
#include "f32_launch.cuh"

namespace frnn {
namespace {

struct LstmForwardF32 {
    static constexpr int kGates = 4;
    static constexpr bool kCarries = true, kCarriesCell = true, kRecurrentBias = false;
    struct Result {
        float h, carried;
        float4 gates;
    };

    static __device__ __forceinline__ Result apply(const float (&sum)[4], const float (&in)[4], float c, float, float clip, int) {
        const LstmForward v = lstmForward<false>(sum[0] + in[0], sum[1] + in[1], sum[2] + in[2], sum[3] + in[3], c, clip);
        return {v.h, v.c, make_float4(v.i, v.f, v.g, v.o)};
    }

    static __device__ __forceinline__ void save(const ForwardArgsF32 &args, int64_t cell, const Result &r) {
        if (args.savedGates != nullptr) reinterpret_cast<float4 *>(args.savedGates)[cell] = r.gates;
        args.savedCells[cell] = r.carried;
    }
};

struct LstmBackwardF32 {
    static constexpr int kGates = 4, kCarriedFloats = 2; // dc and the cell of the step being undone
    static constexpr bool kCarriesCell = true;
    static constexpr int kBeforeSteps = 1; // the cell of the step before
    using Gradient = F32Gradient<kGates>;

    static __device__ __forceinline__ float besides(const float (&)[2]) { return 0; }

    static __device__ __forceinline__ void begin(const BackwardArgsF32 &args, int64_t last, size_t state, float (&carried)[2]) {
        carried[0] = carriedOr(args.dcCarried, args.dcy, state);
        carried[1] = args.savedCells[last];
    }

    static __device__ __forceinline__ const float *before(const BackwardArgsF32 &args) { return args.savedCells; }

    // Before the first forward step the cell is cx.
    static __device__ __forceinline__ float first(const BackwardArgsF32 &args, size_t state, float) {
        return carriedOr(args.cellsBefore, args.cx, state);
    }

    static __device__ __forceinline__ Gradient apply(const BackwardArgsF32 &args, const float *gates, float before, float dh, float (&carried)[2]) {
        const LstmBackward v = lstmBackward<false>(gates[0], gates[1], gates[2], gates[3], carried[1], before, dh, carried[0], args.cellClip);
        carried[0] = v.dcPrevious;
        carried[1] = before;
        return {{v.di, v.df, v.dg, v.do_}, 0};
    }

    static __device__ __forceinline__ void store(const BackwardArgsF32 &args, int64_t cell, const Gradient &g) {
        reinterpret_cast<float4 *>(args.dGates)[cell] = g.four();
    }
};

} // namespace

cudaError_t launchLstmF32(int tile, const ForwardArgsF32 &args, cudaStream_t stream) {
    return launchF32<LstmForwardF32, LstmF32Tiles>(tile, args, stream);
}

cudaError_t launchLstmF32(int tile, const BackwardArgsF32 &args, cudaStream_t stream) {
    return launchF32<LstmBackwardF32, LstmF32Tiles>(tile, args, stream);
}

} // namespace frnn
