// LSTM forward: c = f*c + i*g, h = o*tanh(c), with c limited to the clip where it is read.
#include "cell_limit.h"
#include "cluster_forward_launch.cuh"

namespace frnn {
namespace {

struct LstmForward {
    // One group of 8 units: gates i,f in the first m-tile, g,o in the second, so that a lane has all gates of a unit.
    static constexpr int kGroupUnits = 8, kGates = 4, kTiles = 2;
    static constexpr bool kCarries = true, kCarriesCell = true, kRecurrentBias = false;
    static constexpr __host__ __device__ int gate(int tile, int row) { return tile * 2 + row; }
    static constexpr __host__ __device__ int half(int, int) { return 0; }
    static constexpr __host__ __device__ int tile(int gate, int) { return gate / 2; }
    static constexpr __host__ __device__ int row(int gate, int) { return gate % 2; }

    struct Inputs {
        uint2 gates;
    };
    struct Result {
        float h, carried, i, f, g, o;
    };

    static __device__ __forceinline__ Inputs load(const uint16_t *p) { return {__ldg(reinterpret_cast<const uint2 *>(p))}; }
    static __device__ __forceinline__ Inputs get(const char *p) { return {*reinterpret_cast<const uint2 *>(p)}; }
    static __device__ __forceinline__ void put(const Inputs &in, char *p) { *reinterpret_cast<uint2 *>(p) = in.gates; }

    template <class Type>
    static __device__ __forceinline__ Result apply(const float (&sum)[4], const Inputs &in, float c, float, float clip, int) {
        Result r;
        r.i = Type::sigmoid(sum[0] + Type::low(in.gates.x));
        r.f = Type::sigmoid(sum[1] + Type::high(in.gates.x));
        r.g = Type::tanh(sum[2] + Type::low(in.gates.y));
        r.o = Type::sigmoid(sum[3] + Type::high(in.gates.y));
        r.carried = fmaf(r.f, limited(c, clip), r.i * r.g);
        r.h = r.o * Type::tanh(limited(r.carried, clip));
        return r;
    }

    template <class Type>
    static __device__ __forceinline__ void save(bool real, const ForwardArgs &args, int64_t cell, const Result &r) {
        storeIf(real && args.savedGates != nullptr, args.savedGates + cell * 4, make_uint2(Type::pack(r.i, r.f), Type::pack(r.g, r.o)));
        storeIf(real, args.savedCells + cell, __float_as_uint(r.carried));
    }
};

} // namespace

cudaError_t launchLstmForward(int tile, bool half, const ForwardArgs &args, cudaStream_t stream) {
    return ForwardLaunch<LstmForward, LstmForwardTiles>::launch(tile, half, args, stream);
}

} // namespace frnn
