// LSTM backward, spread over many multiprocessors.
#pragma once

#include "chip_device.cuh"
#include "chip_tiles.h"
#include "half_cells.cuh"

namespace frnn {

struct ChipLstmBackward : LstmCellGradient {
    using Previous = float; // the cell one forward step earlier
    struct Saved {
        uint2 gates;
        float previousCell;
        uint16_t dy;
    };

    static __device__ __forceinline__ const Previous *previousIn(const BackwardArgs &args) { return args.savedCells; }

    static __device__ __forceinline__ Saved load(const BackwardArgs &args, const ChipStep &p) {
        Saved s;
        s.gates = readTwoWords(args.savedGates + p.cell * 4);
        s.previousCell = p.hasPrevious ? __uint_as_float(readWord(args.savedCells + p.previous)) : 0.0f;
        s.dy = args.dy != nullptr ? readHalfword(args.dy + p.cell) : uint16_t(0);
        return s;
    }

    static __device__ __forceinline__ void prefetch(const BackwardArgs &args, const ChipStep &p) {
        bringIntoL2(args.savedGates + p.cell * 4);
        if (p.hasPrevious) bringIntoL2(args.savedCells + p.previous);
        if (args.dy != nullptr) bringIntoL2(args.dy + p.cell);
    }

    template <class Type>
    static __device__ __forceinline__ Prepared prepare(const BackwardArgs &args, const Saved &s, const float (&carried)[2]) {
        return prepared<Type>(args, s.gates, s.previousCell, s.dy, carried);
    }

    template <class Type>
    static __device__ __forceinline__ Gradient apply(const Prepared &p, float dh, float (&carried)[2]) {
        return gradient<Type>(p, dh, carried);
    }

    // Units 0 to 3 of a quad are in lanes that differ in bits 1 and 4, each with two words. Lanes of units 0 and 2 send their
    // words and the next unit's first, the lane of unit 1 the second words of units 1 and 3.
    static __device__ __forceinline__ int packet(const Gradient &g, int lane, uint4 &packet) {
        const uint32_t nextFirst = __shfl_xor_sync(~0u, g.gates.x, 2), otherSecond = __shfl_xor_sync(~0u, g.gates.y, 16);
        const bool even = !(lane & 2);
        packet = even ? make_uint4(g.gates.x, g.gates.y, nextFirst, 0) : make_uint4(g.gates.y, otherSecond, 0, 0);
        return even ? lane >> 4 : lane & 16 ? -1 : 2;
    }

    // What of a unit enters the product: four values.
    static __device__ __forceinline__ uint2 recurrentSide(const Gradient &g) { return g.gates; }

    static __device__ __forceinline__ void store(const BackwardArgs &args, int64_t cell, const Gradient &g) {
        *reinterpret_cast<uint2 *>(args.dGates + cell * 4) = g.gates;
    }

    // Of two units side by side, the first of them even.
    static __device__ __forceinline__ void storePair(const BackwardArgs &args, int64_t cell, const Gradient (&g)[2]) {
        *reinterpret_cast<uint4 *>(args.dGates + cell * 4) = make_uint4(g[0].gates.x, g[0].gates.y, g[1].gates.x, g[1].gates.y);
    }
};

} // namespace frnn
