// LSTM forward on clusters.
#include "cluster_forward_launch.cuh"
#include "half_cells.cuh"

namespace frnn {
namespace {

struct LstmForward : LstmCell {
    // One group of 8 units: gates i,f in the first m-tile, g,o in the second, so that a lane has all gates of a unit.
    static constexpr int kGroupUnits = 8, kTiles = 2;
    static constexpr bool kCarries = true;
    static constexpr __host__ __device__ int gate(int tile, int row) { return tile * 2 + row; }
    static constexpr __host__ __device__ int half(int, int) { return 0; }
    static constexpr __host__ __device__ int tile(int gate, int) { return gate / 2; }
    static constexpr __host__ __device__ int row(int gate, int) { return gate % 2; }

    struct Inputs {
        uint2 gates;
    };

    static __device__ __forceinline__ Inputs load(const uint16_t *p) { return {__ldg(reinterpret_cast<const uint2 *>(p))}; }
    static __device__ __forceinline__ Inputs get(const char *p) { return {*reinterpret_cast<const uint2 *>(p)}; }
    static __device__ __forceinline__ void put(const Inputs &in, char *p) { *reinterpret_cast<uint2 *>(p) = in.gates; }

    template <class Type>
    static __device__ __forceinline__ Result apply(const float (&sum)[4], const Inputs &in, float c, float, float clip, int) {
        return step<Type>(sum, in.gates, c, clip);
    }

    template <class Type>
    static __device__ __forceinline__ void save(bool real, const ForwardArgs &args, int64_t cell, const Result &r) {
        storeIf(real && args.savedGates != nullptr, args.savedGates + cell * 4, savedGates<Type>(r));
        storeIf(real, args.savedCells + cell, __float_as_uint(r.carried));
    }
};

} // namespace

cudaError_t launchLstmForward(int tile, bool half, const ForwardArgs &args, cudaStream_t stream) {
    return ForwardLaunch<LstmForward, LstmForwardTiles>::launch(tile, half, args, stream);
}

} // namespace frnn
