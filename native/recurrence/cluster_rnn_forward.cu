// Plain RNN forward: h = tanh or max(0, .) of the gate input plus the recurrent product.
#include "cluster_forward_launch.cuh"

namespace frnn {
namespace {

struct RnnForward {
    static constexpr int kGroupUnits = 16, kGates = 1, kTiles = 1;
    static constexpr bool kCarries = false, kCarriesCell = false, kRecurrentBias = false;
    static constexpr __host__ __device__ int gate(int, int) { return 0; }
    static constexpr __host__ __device__ int half(int, int row) { return row; }
    static constexpr __host__ __device__ int tile(int, int) { return 0; }
    static constexpr __host__ __device__ int row(int, int half) { return half; }

    struct Inputs {
        uint16_t gate;
    };
    struct Result {
        float h, carried;
    };

    static __device__ __forceinline__ Inputs load(const uint16_t *p) { return {__ldg(p)}; }
    static __device__ __forceinline__ Inputs get(const char *p) { return {*reinterpret_cast<const uint16_t *>(p)}; }
    static __device__ __forceinline__ void put(const Inputs &in, char *p) { *reinterpret_cast<uint16_t *>(p) = in.gate; }

    template <class Type>
    static __device__ __forceinline__ Result apply(const float (&sum)[1], const Inputs &in, float, float, float, int relu) {
        const float x = sum[0] + Type::value(in.gate);
        // Not fmaxf, which would turn NaN into 0.
        return {relu ? (x < 0 ? 0.0f : x) : Type::tanh(x), 0.0f};
    }

    // Backward needs y alone.
    template <class Type>
    static __device__ __forceinline__ void save(bool, const ForwardArgs &, int64_t, const Result &) {}
};

} // namespace

cudaError_t launchRnnForward(int tile, bool half, const ForwardArgs &args, cudaStream_t stream) {
    return ForwardLaunch<RnnForward, RnnForwardTiles>::launch(tile, half, args, stream);
}

} // namespace frnn
