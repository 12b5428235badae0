// GRU forward, spread over many multiprocessors, reset after the recurrent product.
#pragma once

#include "chip_device.cuh"
#include "half_cells.cuh"

namespace frnn {

struct ChipGruForward : GruCell {
    // Three m-tiles: r,z of the first 8 units, r,z of the second 8, n of all.
    static constexpr int kTiles = 3;
    static constexpr bool kKeepsState = true, kMayBeWide = true;
    static constexpr __host__ __device__ int gate(int tile, int row) { return tile < 2 ? row : 2; }
    static constexpr __host__ __device__ int half(int tile, int row) { return tile < 2 ? tile : row; }
    static constexpr __host__ __device__ int tile(int gate, int half) { return gate < 2 ? half : 2; }
    static constexpr __host__ __device__ int row(int gate, int half) { return gate < 2 ? gate : half; }
    static __device__ __forceinline__ bool unbounded(const ForwardArgs &) { return false; }

    struct Inputs {
        uint16_t gates[3];
    };

    static __device__ __forceinline__ Inputs load(const uint16_t *p) {
        return {{readHalfword(p), readHalfword(p + 1), readHalfword(p + 2)}};
    }

    // Through 8 bytes of shared memory; nothing is read of a cell that is not real. Copies are of whole words, two of which hold a
    // cell's three values, with its neighbour's in front of them where the cell is odd.
    static __device__ __forceinline__ void fetch(uint32_t to, const uint16_t *gateInputs, int64_t cell, bool real) {
        const int odd = int(cell & 1);
        const uint16_t *const from = gateInputs + (real ? cell * 3 - odd : 0);
        copyAsync4(to, from, real ? 4 : 0);
        copyAsync4(to + 4, from + (real ? 2 : 0), real ? 2 + 2 * odd : 0);
    }
    static __device__ __forceinline__ Inputs fetched(uint2 words, int64_t cell) {
        const uint32_t middle = words.x >> 16;
        if (cell & 1) return {{uint16_t(middle), uint16_t(words.y), uint16_t(words.y >> 16)}};
        return {{uint16_t(words.x), uint16_t(middle), uint16_t(words.y)}};
    }

    template <class Type>
    static __device__ __forceinline__ Result apply(const float (&sum)[4], const Inputs &in, float h, float bias, const ForwardArgs &) {
        return step<Type>(sum, in.gates, h, bias);
    }

    template <class Type>
    static __device__ __forceinline__ void save(const ForwardArgs &args, int64_t cell, const Result &v) {
        *reinterpret_cast<uint2 *>(args.savedGates + cell * 4) = savedGates<Type>(v);
    }
};

} // namespace frnn
