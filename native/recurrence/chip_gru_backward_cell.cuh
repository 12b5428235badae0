// GRU backward, spread over many multiprocessors.
#pragma once

#include "chip_device.cuh"
#include "chip_tiles.h"
#include "half_cells.cuh"

namespace frnn {

// Before the last step dh as a whole is carried.
struct ChipGruBackward : GruCellGradient {
    using Previous = uint16_t; // the state one forward step earlier
    struct Saved {
        uint2 gates;
        uint16_t previousState, dy;
    };

    template <class Type>
    static __device__ __forceinline__ void begin(const BackwardArgs &args, int64_t, size_t state, float (&carried)[2]) {
        carried[0] = carriedOr<Type>(args.dhCarried, args.dhy, state);
    }

    static __device__ __forceinline__ const Previous *previousIn(const BackwardArgs &args) { return args.y; }

    static __device__ __forceinline__ Saved load(const BackwardArgs &args, const ChipStep &p) {
        Saved s;
        s.gates = readTwoWords(args.savedGates + p.cell * 4);
        s.previousState = p.hasPrevious ? readHalfword(args.y + p.previous) : uint16_t(0);
        s.dy = args.dy != nullptr ? readHalfword(args.dy + p.cell) : uint16_t(0);
        return s;
    }

    static __device__ __forceinline__ void prefetch(const BackwardArgs &args, const ChipStep &p) {
        bringIntoL2(args.savedGates + p.cell * 4);
        if (p.hasPrevious) bringIntoL2(args.y + p.previous);
        if (args.dy != nullptr) bringIntoL2(args.dy + p.cell);
    }

    template <class Type>
    static __device__ __forceinline__ Prepared prepare(const BackwardArgs &, const Saved &s, const float (&carried)[2]) {
        return prepared<Type>(s.gates, s.previousState, s.dy, carried);
    }

    template <class Type>
    static __device__ __forceinline__ Gradient apply(const Prepared &p, float dh, float (&carried)[2]) {
        return gradient<Type>(p, dh, carried);
    }

    // Units 0 to 3 of a quad are in lanes that differ in bits 1 and 4. Lanes of units 0 and 2 send their gates and the next unit's.
    static __device__ __forceinline__ int packet(const Gradient &g, int lane, uint4 &packet) {
        const uint32_t first = uint32_t(g.z) << 16 | g.r;
        const uint32_t nextFirst = __shfl_xor_sync(~0u, first, 2), nextN = __shfl_xor_sync(~0u, uint32_t(g.recurrentN), 2);
        packet = make_uint4(first, nextFirst << 16 | g.recurrentN, nextN << 16 | nextFirst >> 16, 0);
        return lane & 2 ? -1 : lane >> 4;
    }

    // What of a unit enters the product: three values and an empty place.
    static __device__ __forceinline__ uint2 recurrentSide(const Gradient &g) { return make_uint2(uint32_t(g.z) << 16 | g.r, g.recurrentN); }

    static __device__ __forceinline__ void store(const BackwardArgs &args, int64_t cell, const Gradient &g) {
        storeThree(args.dGates + cell * 3, g.r, g.z, g.n);
        storeThree(args.dGatesH + cell * 3, g.r, g.z, g.recurrentN);
    }

    // Of two units side by side, the first of them even.
    static __device__ __forceinline__ void storePair(const BackwardArgs &args, int64_t cell, const Gradient (&g)[2]) {
        storeSix(args.dGates + cell * 3, g[0].r, g[0].z, g[0].n, g[1].r, g[1].z, g[1].n);
        storeSix(args.dGatesH + cell * 3, g[0].r, g[0].z, g[0].recurrentN, g[1].r, g[1].z, g[1].recurrentN);
    }

private:
    static __device__ __forceinline__ void storeSix(uint16_t *to, uint32_t a, uint32_t b, uint32_t c, uint32_t d, uint32_t e, uint32_t f) {
        uint32_t *const words = reinterpret_cast<uint32_t *>(to);
        words[0] = b << 16 | a;
        words[1] = d << 16 | c;
        words[2] = f << 16 | e;
    }
};

} // namespace frnn
