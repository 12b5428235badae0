// LSTM backward, spread over many multiprocessors, from the saved gates i,f,g,o and cells c. Where c is read it is limited, and no gradient passes at the limit.
#pragma once

#include "cell_limit.h"
#include "chip_device.cuh"
#include "chip_tiles.h"
#include "cluster_args.h"

namespace frnn {

struct ChipLstmBackward {
    static constexpr int kGates = 4, kCarriedFloats = 2; // dc and the cell of the step being undone
    static constexpr bool kCarriesCell = true;

    using Previous = float; // the cell one forward step earlier
    struct Saved {
        uint2 gates;
        float previousCell;
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
        Prepared p;
        const float o = Type::high(s.gates.y), squashed = Type::tanh(limited(carried[1], args.cellClip));
        p.i = Type::low(s.gates.x);
        p.f = Type::high(s.gates.x);
        p.g = Type::low(s.gates.y);
        p.dc = carried[0];
        p.previousCell = s.previousCell;
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
    static __device__ __forceinline__ Gradient apply(const Prepared &p, float dh, float (&carried)[2]) {
        dh += p.dy;
        const float dc = fmaf(dh, p.intoCell, p.dc);
        const float di = dc * p.g * p.i * (1 - p.i), df = dc * limited(p.previousCell, p.clip) * p.f * (1 - p.f);
        const float dg = dc * p.i * (1 - p.g * p.g), dO = dh * p.intoOutput;
        carried[0] = atLimit(p.previousCell, p.clip) ? 0.0f : dc * p.f;
        carried[1] = p.previousCell;
        return {make_uint2(Type::pack(di, df), Type::pack(dg, dO))};
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

    static __device__ __forceinline__ void storeFirst(uint16_t *to, const Gradient &g) {
        *reinterpret_cast<uint2 *>(to) = g.gates;
    }
};

} // namespace frnn
