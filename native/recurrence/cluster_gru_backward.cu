// GRU backward, from the saved r,z,n and q = W_hn h + b_hn: h' = (1-z)*n + z*h with n = tanh(x_n + r*q).
#include "cluster_backward_launch.cuh"

namespace frnn {
namespace {

struct GruBackward {
    static constexpr int kGates = 3, kCarriedFloats = 1; // the part of dh that bypasses the product: dh*z
    static constexpr bool kCarriesCell = false;

    struct Saved {
        uint2 gates;
        uint16_t previousState, dy;
    };
    struct Prepared {
        float intoR, intoZ, intoN, r, z, previousState, bypass, dy, n;
        __device__ __forceinline__ float besides() const { return bypass; }
    };
    struct Gradient {
        uint16_t r, z, n, recurrentN;
    };

    static __device__ __forceinline__ float besides(const float (&carried)[2]) { return carried[0]; }

    template <class Type>
    static __device__ __forceinline__ void begin(const BackwardArgs &, int64_t, size_t, float (&)[2]) {}

    static __device__ __forceinline__ Saved load(const BackwardArgs &args, const StepPlace &p) {
        Saved s;
        s.gates = loadPair(args.savedGates + p.cell * 4);
        s.previousState = p.hasPrevious ? loadHalfword(args.y + p.previous) : uint16_t(0);
        s.dy = args.dy != nullptr ? loadHalfword(args.dy + p.cell) : uint16_t(0);
        return s;
    }

    static __device__ __forceinline__ void prefetch(const BackwardArgs &args, const StepPlace &p) {
        prefetchL2(args.savedGates + p.cell * 4);
        if (p.hasPrevious) prefetchL2(args.y + p.previous);
        if (args.dy != nullptr) prefetchL2(args.dy + p.cell);
    }

    template <class Type>
    static __device__ __forceinline__ Prepared prepare(const BackwardArgs &, const Saved &s, const float (&carried)[2]) {
        const float r = Type::low(s.gates.x), z = Type::high(s.gates.x), n = Type::low(s.gates.y), q = Type::high(s.gates.y);
        Prepared p;
        p.r = r;
        p.z = z;
        p.n = n;
        p.previousState = Type::value(s.previousState);
        p.bypass = carried[0];
        p.dy = Type::value(s.dy);
        p.intoN = (1 - z) * (1 - n * n);
        p.intoR = q * r * (1 - r);
        p.intoZ = z * (1 - z);
        return p;
    }

    // Before the first forward step the state is hx.
    template <class Type>
    static __device__ __forceinline__ void first(const BackwardArgs &args, size_t state, Prepared &p) {
        if (args.hx != nullptr) p.previousState = Type::value(args.hx[state]);
    }

    template <class Type>
    static __device__ __forceinline__ Gradient apply(const Prepared &p, float dh, float (&carried)[2]) {
        dh += p.dy;
        const float dn = dh * p.intoN;
        carried[0] = dh * p.z;
        carried[1] = 0;
        return {Type::bits(dn * p.intoR), Type::bits(dh * (p.previousState - p.n) * p.intoZ), Type::bits(dn), Type::bits(dn * p.r)};
    }

    static __device__ __forceinline__ void stage(const Gradient &g, char *at) {
        storeThree(reinterpret_cast<uint16_t *>(at), g.r, g.z, g.recurrentN);
    }

    static __device__ __forceinline__ void store(const BackwardArgs &args, int64_t cell, const Gradient &g) {
        storeThree(args.dGates + cell * 3, g.r, g.z, g.n);
        storeThree(args.dGatesH + cell * 3, g.r, g.z, g.recurrentN);
    }

    static __device__ __forceinline__ void storeFirst(uint16_t *to, const Gradient &g) {
        storeThree(to, g.r, g.z, g.recurrentN);
    }

private:
    static __device__ __forceinline__ void storeThree(uint16_t *to, uint16_t a, uint16_t b, uint16_t c) {
        to[0] = a;
        to[1] = b;
        to[2] = c;
    }
};

} // namespace

cudaError_t launchGruBackward(int tile, bool half, const BackwardArgs &args, cudaStream_t stream) {
    return BackwardLaunch<GruBackward, GruBackwardTiles>::launch(tile, half, args, stream);
}

} // namespace frnn
