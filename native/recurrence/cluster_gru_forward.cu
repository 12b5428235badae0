// GRU forward on clusters, reset after the recurrent product.
#include "cluster_forward_launch.cuh"
#include "half_cells.cuh"

namespace frnn {
namespace {

struct GruForward : GruCell {
    // One group of 16 units in three m-tiles: r,z of the first 8 units, r,z of the second 8, n of all.
    static constexpr int kGroupUnits = 16, kTiles = 3;
    static constexpr bool kCarries = true;
    static constexpr __host__ __device__ int gate(int tile, int row) { return tile < 2 ? row : 2; }
    static constexpr __host__ __device__ int half(int tile, int row) { return tile < 2 ? tile : row; }
    static constexpr __host__ __device__ int tile(int gate, int half) { return gate < 2 ? half : 2; }
    static constexpr __host__ __device__ int row(int gate, int half) { return gate < 2 ? gate : half; }

    struct Inputs {
        uint16_t gates[3];
    };

    static __device__ __forceinline__ Inputs load(const uint16_t *p) { return {{__ldg(p), __ldg(p + 1), __ldg(p + 2)}}; }
    static __device__ __forceinline__ Inputs get(const char *p) {
        const uint16_t *gates = reinterpret_cast<const uint16_t *>(p);
        return {{gates[0], gates[1], gates[2]}};
    }
    static __device__ __forceinline__ void put(const Inputs &in, char *p) {
        for (int g = 0; g < 3; g++) reinterpret_cast<uint16_t *>(p)[g] = in.gates[g];
    }

    template <class Type>
    static __device__ __forceinline__ Result apply(const float (&sum)[3], const Inputs &in, float h, float bias, float, int) {
        return step<Type>(sum, in.gates, h, bias);
    }

    template <class Type>
    static __device__ __forceinline__ void save(bool real, const ForwardArgs &args, int64_t cell, const Result &v) {
        storeIf(real, args.savedGates + cell * 4, savedGates<Type>(v));
    }
};

} // namespace

cudaError_t launchGruForward(int tile, bool half, const ForwardArgs &args, cudaStream_t stream) {
    return ForwardLaunch<GruForward, GruForwardTiles>::launch(tile, half, args, stream);
}

} // namespace frnn
