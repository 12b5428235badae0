// Device building blocks of the chip-wide kernels: loads and stores that blocks meet through in L2. Nothing here needs an
// order between two stores: a word or packet tells by itself whether it is the one that is waited for.
#pragma once

#include "persistent_device.cuh"
#include "sample_rows.cuh"

namespace frnn {

// Cycles after which a thread that waits for another block gives up: about two seconds.
constexpr long long kChipWaitLimit = 4000000000ll;

#ifdef FRNN_HOPPER

// Fragment `index` of a warp's weights: in registers, or behind `rest` in shared memory.
template <class Type, int kKept>
__device__ __forceinline__ void multiplyAddKept(float (&sums)[4], const uint32_t (&weights)[kKept][4], const char *rest, int index,
                                                uint32_t b0, uint32_t b1) {
    if (index < kKept) {
        Type::multiplyAdd(sums, weights[index], b0, b1);
    } else {
        const uint4 v = *reinterpret_cast<const uint4 *>(rest + (index - kKept) * 512);
        const uint32_t fragment[4] = {v.x, v.y, v.z, v.w};
        Type::multiplyAdd(sums, fragment, b0, b1);
    }
}

template <int kKept>
__device__ __forceinline__ void keep(uint32_t (&weights)[kKept][4], char *rest, int index, const uint32_t (&fragment)[4]) {
    if (index < kKept) {
#pragma unroll
        for (int i = 0; i < 4; i++) weights[index][i] = fragment[i];
    } else {
        *reinterpret_cast<uint4 *>(rest + (index - kKept) * 512) = make_uint4(fragment[0], fragment[1], fragment[2], fragment[3]);
    }
}

// A clock for bounded waiting: false once the limit has passed since the first call. A thread that has lost a partner
// waits no more and runs on through all its steps, so that no block is left alone at a barrier.
struct Patience {
    long long start = 0;

    __device__ __forceinline__ bool left(bool &lost, uint32_t *error) {
        if (lost) return false;
        const long long now = clock64();
        if (start == 0) start = now;
        if (now - start <= kChipWaitLimit) return true;
        lost = true;
        if (error != nullptr) atomicExch(error, 1u);
        return false;
    }
};

#endif // FRNN_HOPPER

} // namespace frnn
