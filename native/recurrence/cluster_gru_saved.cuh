// What a GRU's forward pass has saved, as the cluster kernels' rings bring it, and its gate gradients as they go out; for both forms
// of the GRU.
#pragma once

#include "cluster_args.h"
#include "persistent_device.cuh"

namespace frnn {

// Of one cell. A sample's place in a stage holds 4 units: gates 0..31, states of the step before 32..39, dy 48..55.
struct GruSaved {
    uint2 gates;
    uint16_t previousState, dy;

    static __device__ __forceinline__ GruSaved get(const char *sample, int unit) {
        return {*reinterpret_cast<const uint2 *>(sample + unit * 8), *reinterpret_cast<const uint16_t *>(sample + 32 + unit * 2),
                *reinterpret_cast<const uint16_t *>(sample + 48 + unit * 2)};
    }

    // What the ring would have brought, for one cell; `previous` is -1 where there is no step before.
    static __device__ __forceinline__ void copy(const BackwardArgs &args, bool real, int64_t cell, int64_t previous, char *sample, int unit) {
        GruSaved s = {};
        if (real) {
            s.gates = __ldg(reinterpret_cast<const uint2 *>(args.savedGates + cell * 4));
            if (previous >= 0) s.previousState = __ldg(args.y + previous);
            if (args.dy != nullptr) s.dy = __ldg(args.dy + cell);
        }
        *reinterpret_cast<uint2 *>(sample + unit * 8) = s.gates;
        *reinterpret_cast<uint16_t *>(sample + 32 + unit * 2) = s.previousState;
        *reinterpret_cast<uint16_t *>(sample + 48 + unit * 2) = s.dy;
    }
};

// A cell's three gradients. Lanes 2 apart hold an even unit and the next: with an even number of units their six values are three words.
__device__ __forceinline__ void storeThreeIf(bool real, uint16_t *to, uint16_t a, uint16_t b, uint16_t c, bool pairs) {
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

} // namespace frnn
