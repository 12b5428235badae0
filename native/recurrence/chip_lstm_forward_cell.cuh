// LSTM forward, spread over many multiprocessors: c = f*c + i*g, h = o*tanh(c), with c limited to the clip where it is read.
#pragma once

#include "cell_limit.h"
#include "chip_device.cuh"
#include "cluster_args.h"

namespace frnn {

struct ChipLstmForward {
    // Per 8 units gates i,f in one m-tile and g,o in the next, so that a lane has all gates of a unit.
    static constexpr int kGates = 4, kTiles = 4;
    static constexpr bool kCarriesCell = true, kKeepsState = false, kMayBeWide = false, kRecurrentBias = false;
    static constexpr __host__ __device__ int gate(int tile, int row) { return tile % 2 * 2 + row; }
    static constexpr __host__ __device__ int half(int tile, int) { return tile / 2; }
    static constexpr __host__ __device__ int tile(int gate, int half) { return half * 2 + gate / 2; }
    static constexpr __host__ __device__ int row(int gate, int) { return gate % 2; }
    static __device__ __forceinline__ bool unbounded(const ForwardArgs &) { return false; }

    struct Inputs {
        uint2 gates;
    };
    struct Result {
        float h, carried, i, f, g, o;
    };

    static __device__ __forceinline__ Inputs load(const uint16_t *p) { return {readTwoWords(p)}; }

    // Through 8 bytes of shared memory; nothing is read of a cell that is not real.
    static __device__ __forceinline__ void fetch(uint32_t to, const uint16_t *gateInputs, int64_t cell, bool real) {
        copyAsync8(to, gateInputs + (real ? cell * 4 : 0), real ? 8 : 0);
    }
    static __device__ __forceinline__ Inputs fetched(uint2 words, int64_t) { return {words}; }

    template <class Type>
    static __device__ __forceinline__ Result apply(const float (&sum)[4], const Inputs &in, float c, float, const ForwardArgs &args) {
        Result r;
        r.i = Type::sigmoid(sum[0] + Type::low(in.gates.x));
        r.f = Type::sigmoid(sum[1] + Type::high(in.gates.x));
        r.g = Type::tanh(sum[2] + Type::low(in.gates.y));
        r.o = Type::sigmoid(sum[3] + Type::high(in.gates.y));
        r.carried = fmaf(r.f, limited(c, args.cellClip), r.i * r.g);
        r.h = r.o * Type::tanh(limited(r.carried, args.cellClip));
        return r;
    }

    template <class Type>
    static __device__ __forceinline__ void save(const ForwardArgs &args, int64_t cell, const Result &r) {
        if (args.savedGates != nullptr) {
            *reinterpret_cast<uint2 *>(args.savedGates + cell * 4) = make_uint2(Type::pack(r.i, r.f), Type::pack(r.g, r.o));
        }
        args.savedCells[cell] = r.carried;
    }
};

} // namespace frnn
