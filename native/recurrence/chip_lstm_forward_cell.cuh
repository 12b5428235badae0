// LSTM forward, spread over many multiprocessors.
#pragma once

#include "chip_device.cuh"
#include "half_cells.cuh"

namespace frnn {

struct ChipLstmForward : LstmCell {
    // Per 8 units gates i,f in one m-tile and g,o in the next, so that a lane has all gates of a unit.
    static constexpr int kTiles = 4;
    static constexpr bool kKeepsState = false, kMayBeWide = false;
    static constexpr __host__ __device__ int gate(int tile, int row) { return tile % 2 * 2 + row; }
    static constexpr __host__ __device__ int half(int tile, int) { return tile / 2; }
    static constexpr __host__ __device__ int tile(int gate, int half) { return half * 2 + gate / 2; }
    static constexpr __host__ __device__ int row(int gate, int) { return gate % 2; }
    static __device__ __forceinline__ bool unbounded(const ForwardArgs &) { return false; }

    struct Inputs {
        uint2 gates;
    };

    static __device__ __forceinline__ Inputs load(const uint16_t *p) { return {readTwoWords(p)}; }

    // Through 8 bytes of shared memory; nothing is read of a cell that is not real.
    static __device__ __forceinline__ void fetch(uint32_t to, const uint16_t *gateInputs, int64_t cell, bool real) {
        copyAsync8(to, gateInputs + (real ? cell * 4 : 0), real ? 8 : 0);
    }
    static __device__ __forceinline__ Inputs fetched(uint2 words, int64_t) { return {words}; }

    template <class Type>
    static __device__ __forceinline__ Result apply(const float (&sum)[4], const Inputs &in, float c, float, const ForwardArgs &args) {
        return step<Type>(sum, in.gates, c, args.cellClip);
    }

    template <class Type>
    static __device__ __forceinline__ void save(const ForwardArgs &args, int64_t cell, const Result &r) {
        if (args.savedGates != nullptr) {
            *reinterpret_cast<uint2 *>(args.savedGates + cell * 4) = savedGates<Type>(r);
        }
        args.savedCells[cell] = r.carried;
    }
};

} // namespace frnn
