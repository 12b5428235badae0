// Device building blocks of the chip-wide kernels: loads and stores that blocks meet through in L2. Nothing here needs an
// order between two stores: a word or packet tells by itself whether it is the one that is waited for.
#pragma once

#include "persistent_device.cuh"

namespace frnn {

// Cycles after which a thread that waits for another block gives up: about two seconds.
constexpr long long kChipWaitLimit = 4000000000ll;

// Operands of a later step; they stay where they are written, so that they are under way while the block waits.
__device__ __forceinline__ uint16_t readHalfword(const void *p) {
    uint16_t v;
    asm volatile("ld.global.nc.u16 %0, [%1];" : "=h"(v) : "l"(p));
    return v;
}

__device__ __forceinline__ uint32_t readWord(const void *p) {
    uint32_t v;
    asm volatile("ld.global.nc.u32 %0, [%1];" : "=r"(v) : "l"(p));
    return v;
}

__device__ __forceinline__ uint2 readTwoWords(const void *p) {
    uint2 v;
    asm volatile("ld.global.nc.v2.u32 {%0,%1}, [%2];" : "=r"(v.x), "=r"(v.y) : "l"(p));
    return v;
}

__device__ __forceinline__ void bringIntoL2(const void *p) {
    asm volatile("prefetch.global.L2 [%0];" ::"l"(p));
}

#ifdef FRNN_HOPPER

// Four words, each whole in itself.
__device__ __forceinline__ uint4 loadWords(const void *p) {
    uint4 v;
    asm volatile("ld.relaxed.gpu.global.v4.u32 {%0,%1,%2,%3}, [%4];" : "=r"(v.x), "=r"(v.y), "=r"(v.z), "=r"(v.w) : "l"(p) : "memory");
    return v;
}

__device__ __forceinline__ void storeWords(void *p, uint4 v) {
    asm volatile("st.relaxed.gpu.global.v4.u32 [%0], {%1,%2,%3,%4};" ::"l"(p), "r"(v.x), "r"(v.y), "r"(v.z), "r"(v.w) : "memory");
}

// 16 bytes that arrive together.
__device__ __forceinline__ uint4 loadPacket(const void *p) {
    uint64_t low, high;
    asm volatile("{\n\t.reg .b128 v;\n\tld.relaxed.gpu.global.b128 v, [%2];\n\tmov.b128 {%0, %1}, v;\n\t}"
                 : "=l"(low), "=l"(high)
                 : "l"(p)
                 : "memory");
    return make_uint4(uint32_t(low), uint32_t(low >> 32), uint32_t(high), uint32_t(high >> 32));
}

__device__ __forceinline__ void storePacket(void *p, uint4 v) {
    const uint64_t low = uint64_t(v.y) << 32 | v.x, high = uint64_t(v.w) << 32 | v.z;
    asm volatile("{\n\t.reg .b128 v;\n\tmov.b128 v, {%1, %2};\n\tst.relaxed.gpu.global.b128 [%0], v;\n\t}" ::"l"(p), "l"(low), "l"(high)
                 : "memory");
}

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
