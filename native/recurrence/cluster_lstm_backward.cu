// LSTM backward, from the saved gates i,f,g,o and cells c. Where c is read it is limited, and no gradient passes at the limit.
#include "cell_limit.h"
#include "cluster_backward_launch.cuh"

namespace frnn {
namespace {

struct LstmBackward {
    static constexpr int kGates = 4, kCarriedFloats = 2; // dc and the cell of the step being undone
    static constexpr bool kCarriesCell = true;
    static constexpr int kBeforeBytes = 4, kBeforeSteps = 1; // the cell of the step before

    struct Saved {
        uint2 gates;
        uint32_t previousCell;
        uint16_t dy;
    };
    // All that does not depend on dh, computed while the shares of dh travel.
    struct Prepared {
        float i, f, g, dc, previousCell, dy, intoOutput, intoCell, clip;
        __device__ __forceinline__ float besides() const { return 0; }
    };
    struct Gradient {
        uint2 gates;
    };

    static __device__ __forceinline__ float besides(const float (&)[2]) { return 0; }

    template <class Type>
    static __device__ __forceinline__ void begin(const BackwardArgs &args, int64_t last, size_t state, float (&carried)[2]) {
        carried[0] = carriedOr<Type>(args.dcCarried, args.dcy, state);
        carried[1] = args.savedCells[last];
    }

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
        Prepared p;
        const float o = Type::high(s.gates.y), squashed = Type::tanh(limited(carried[1], args.cellClip));
        p.i = Type::low(s.gates.x);
        p.f = Type::high(s.gates.x);
        p.g = Type::low(s.gates.y);
        p.dc = carried[0];
        p.previousCell = __uint_as_float(s.previousCell);
        p.dy = Type::value(s.dy);
        p.intoOutput = squashed * o * (1 - o);
        p.intoCell = atLimit(carried[1], args.cellClip) ? 0.0f : o * (1 - squashed * squashed);
        p.clip = args.cellClip;
        return p;
    }

    // Before the first forward step the cell is cx.
    template <class Type>
    static __device__ __forceinline__ void first(const BackwardArgs &args, size_t state, Prepared &p) {
        p.previousCell = carriedOr<Type>(args.cellsBefore, args.cx, state);
    }

    template <class Type>
    static __device__ __forceinline__ Gradient apply(bool real, const Prepared &p, float dh, float (&carried)[2]) {
        dh += p.dy;
        const float dc = fmaf(dh, p.intoCell, p.dc);
        const float di = dc * p.g * p.i * (1 - p.i), df = dc * limited(p.previousCell, p.clip) * p.f * (1 - p.f);
        const float dg = dc * p.i * (1 - p.g * p.g), dO = dh * p.intoOutput;
        carried[0] = atLimit(p.previousCell, p.clip) ? 0.0f : dc * p.f;
        carried[1] = p.previousCell;
        return {real ? make_uint2(Type::pack(di, df), Type::pack(dg, dO)) : make_uint2(0, 0)};
    }

    static __device__ __forceinline__ void stage(const Gradient &g, char *at) {
        *reinterpret_cast<uint2 *>(at) = g.gates;
    }

    static __device__ __forceinline__ void store(const BackwardArgs &args, bool real, int64_t cell, const Gradient &g, bool) {
        storeIf(real, args.dGates + cell * 4, g.gates);
    }

    static __device__ __forceinline__ void storeFirst(uint16_t *to, const Gradient &g) {
        *reinterpret_cast<uint2 *>(to) = g.gates;
    }
};

} // namespace

cudaError_t launchLstmBackward(int tile, bool half, const BackwardArgs &args, cudaStream_t stream) {
    return BackwardLaunch<LstmBackward, LstmBackwardTiles>::launch(tile, half, args, stream);
}

} // namespace frnn
