// Device building blocks of the persistent kernels: storage types, tensor-core products, barriers and stores between the
// blocks of a cluster. Everything here needs compute capability 9.0.
#pragma once

#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <limits.h>
#include <stdint.h>

#include <type_traits>

namespace frnn {

// Kernels have bodies on Hopper alone: tile sizes are cut to its registers, shared memory and clusters.
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ == 900
#define FRNN_HOPPER 1
#elif defined(__CUDA_ARCH__)
// Elsewhere the bodies are empty, so that nothing calls their parts.
#pragma nv_diag_suppress 177
#endif

// tanh.approx answers exactly +-1 for large arguments and NaN for NaN; its error of 2^-11 is below a half ulp of bf16.
__device__ __forceinline__ float fastTanh(float x) {
    float y;
    asm("tanh.approx.f32 %0, %1;" : "=f"(y) : "f"(x));
    return y;
}

__device__ __forceinline__ float fastSigmoid(float x) {
    return fmaf(fastTanh(0.5f * x), 0.5f, 0.5f);
}

// 16-bit storage: conversions on raw bits, two values to a register, the first in the lower half, and squashing as exact as
// the type needs.
struct Bf16 {
    static constexpr uint32_t kOne = 0x3f80;
    static __device__ __forceinline__ float tanh(float x) { return fastTanh(x); }
    static __device__ __forceinline__ float sigmoid(float x) { return fastSigmoid(x); }
    static __device__ __forceinline__ uint32_t pack(float low, float high) {
        __nv_bfloat162 v = __floats2bfloat162_rn(low, high);
        return *reinterpret_cast<uint32_t *>(&v);
    }
    static __device__ __forceinline__ uint16_t bits(float x) { return __bfloat16_as_ushort(__float2bfloat16_rn(x)); }
    static __device__ __forceinline__ float value(uint16_t bits) { return __uint_as_float(uint32_t(bits) << 16); }
    static __device__ __forceinline__ float low(uint32_t pair) { return __uint_as_float(pair << 16); }
    static __device__ __forceinline__ float high(uint32_t pair) { return __uint_as_float(pair & 0xffff0000u); }

    // c[16x8] += a[16x16] * b[16x8]
    static __device__ __forceinline__ void multiplyAdd(float (&c)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1) {
        asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3},{%4,%5,%6,%7},{%8,%9},{%0,%1,%2,%3};"
            : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
            : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
    }
};

// 2^-11 is a whole half ulp of f16: too much. The exponential overflows to infinity and its quotient to 0, so that these end
// at exactly 0, 1 and -1 too.
struct Half {
    static constexpr uint32_t kOne = 0x3c00;
    static __device__ __forceinline__ float sigmoid(float x) { return __fdividef(1.0f, 1.0f + __expf(-x)); }
    static __device__ __forceinline__ float tanh(float x) { return fmaf(2.0f, sigmoid(2.0f * x), -1.0f); }
    static __device__ __forceinline__ uint32_t pack(float low, float high) {
        __half2 v = __floats2half2_rn(low, high);
        return *reinterpret_cast<uint32_t *>(&v);
    }
    static __device__ __forceinline__ uint16_t bits(float x) { return __half_as_ushort(__float2half_rn(x)); }
    static __device__ __forceinline__ float value(uint16_t bits) { return __half2float(__ushort_as_half(bits)); }
    static __device__ __forceinline__ float low(uint32_t pair) { return value(uint16_t(pair)); }
    static __device__ __forceinline__ float high(uint32_t pair) { return value(uint16_t(pair >> 16)); }

    static __device__ __forceinline__ void multiplyAdd(float (&c)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1) {
        asm("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2,%3},{%4,%5,%6,%7},{%8,%9},{%0,%1,%2,%3};"
            : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
            : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
    }
};

// Copies from global to shared memory that complete in groups; what lies behind `valid` bytes becomes zero.
__device__ __forceinline__ void copyAsync16(uint32_t to, const void *from, int valid) {
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(to), "l"(from), "r"(valid) : "memory");
}

__device__ __forceinline__ void copyAsync8(uint32_t to, const void *from, int valid) {
    asm volatile("cp.async.ca.shared.global [%0], [%1], 8, %2;" ::"r"(to), "l"(from), "r"(valid) : "memory");
}

__device__ __forceinline__ void copyCommit() {
    asm volatile("cp.async.commit_group;" ::: "memory");
}

// Waits until at most kPending of this thread's groups are under way.
template <int kPending>
__device__ __forceinline__ void copyWait() {
    asm volatile("cp.async.wait_group %0;" ::"n"(kPending) : "memory");
}

// Stores under a predicate: a branch around a single store would cost more than the store.
__device__ __forceinline__ void storeIf(bool condition, void *p, uint4 v) {
    asm volatile(
        "{\n\t.reg .pred p;\n\tsetp.ne.u32 p, %5, 0;\n\t@p st.global.v4.u32 [%0], {%1,%2,%3,%4};\n\t}" ::"l"(p), "r"(v.x), "r"(v.y),
        "r"(v.z), "r"(v.w), "r"(uint32_t(condition))
        : "memory");
}

__device__ __forceinline__ void storeIf(bool condition, void *p, uint2 v) {
    asm volatile("{\n\t.reg .pred p;\n\tsetp.ne.u32 p, %3, 0;\n\t@p st.global.v2.u32 [%0], {%1,%2};\n\t}" ::"l"(p), "r"(v.x),
                 "r"(v.y), "r"(uint32_t(condition))
                 : "memory");
}

__device__ __forceinline__ void storeIf(bool condition, void *p, uint32_t v) {
    asm volatile("{\n\t.reg .pred p;\n\tsetp.ne.u32 p, %2, 0;\n\t@p st.global.u32 [%0], %1;\n\t}" ::"l"(p), "r"(v),
                 "r"(uint32_t(condition))
                 : "memory");
}

__device__ __forceinline__ void storeIf(bool condition, void *p, uint16_t v) {
    asm volatile("{\n\t.reg .pred p;\n\tsetp.ne.u32 p, %2, 0;\n\t@p st.global.u16 [%0], %1;\n\t}" ::"l"(p), "h"(v),
                 "r"(uint32_t(condition))
                 : "memory");
}

// Makes the compiler hold a value in a register where it would compute it anew in every step, after the wait.
template <class T>
__device__ __forceinline__ void hold(T &value) {
    if constexpr (std::is_same_v<T, float>) {
        asm volatile("" : "+f"(value));
    } else if constexpr (sizeof(T) == 8) {
        asm volatile("" : "+l"(value));
    } else {
        asm volatile("" : "+r"(value));
    }
}

// The same in all lanes, and known to be: code behind a test of it needs no convergence.
__device__ __forceinline__ int warpIndex() {
    return __shfl_sync(~0u, int(threadIdx.x) / 32, 0);
}

#ifdef FRNN_HOPPER

__device__ __forceinline__ uint32_t sharedAddress(const void *p) {
    return uint32_t(__cvta_generic_to_shared(p));
}

// The address of the same place in the shared memory of another block of the cluster.
__device__ __forceinline__ uint32_t peerAddress(uint32_t address, int rank) {
    uint32_t peer;
    asm("mapa.shared::cluster.u32 %0, %1, %2;" : "=r"(peer) : "r"(address), "r"(rank));
    return peer;
}

__device__ __forceinline__ uint32_t clusterRank() {
    uint32_t rank;
    asm("mov.u32 %0, %%cluster_ctarank;" : "=r"(rank));
    return rank;
}

__device__ __forceinline__ void clusterSync() {
    asm volatile("barrier.cluster.arrive.release.aligned;\n\tbarrier.cluster.wait.acquire.aligned;" ::: "memory");
}

// 16 bytes into a peer's shared memory; the peer's barrier counts them when they are visible there.
__device__ __forceinline__ void storePeer(uint32_t address, uint4 v, uint32_t barrier) {
    asm volatile(
        "st.async.weak.shared::cluster.mbarrier::complete_tx::bytes.v4.b32 [%0], {%1,%2,%3,%4}, [%5];" ::"r"(address),
        "r"(v.x), "r"(v.y), "r"(v.z), "r"(v.w), "r"(barrier)
        : "memory");
}

__device__ __forceinline__ void barrierInit(uint32_t barrier) {
    asm volatile("mbarrier.init.shared::cta.b64 [%0], 1;" ::"r"(barrier) : "memory");
}

__device__ __forceinline__ void barrierInitVisible() {
    asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
}

// Opens the next phase: it completes when `bytes` have arrived.
__device__ __forceinline__ void barrierExpect(uint32_t barrier, uint32_t bytes) {
    asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(barrier), "r"(bytes) : "memory");
}

__device__ __forceinline__ bool barrierTry(uint32_t barrier, uint32_t parity) {
    uint32_t done;
    asm volatile(
        "{\n\t.reg .pred p;\n\tmbarrier.try_wait.parity.shared::cta.b64 p, [%1], %2;\n\tselp.u32 %0, 1, 0, p;\n\t}"
        : "=r"(done)
        : "r"(barrier), "r"(parity)
        : "memory");
    return done != 0;
}

// Waits for a phase, but not for ever: after about two seconds the error word is written and `lost` set. A thread that
// has lost a partner waits no more and runs on through all its steps, so that no block is left alone at a barrier.
__device__ __forceinline__ void barrierWait(uint32_t barrier, uint32_t parity, bool &lost, uint32_t *error) {
    constexpr long long kLimit = 4000000000ll; // cycles
    if (barrierTry(barrier, parity) || lost) return;
    const long long start = clock64();
    while (!barrierTry(barrier, parity)) {
        if (clock64() - start > kLimit) {
            lost = true;
            if (error != nullptr) atomicExch(error, 1u);
            return;
        }
    }
}

// Meeting point of `threads` threads of a block; 0 is __syncthreads.
__device__ __forceinline__ void namedBarrier(int id, int threads) {
    asm volatile("bar.sync %0, %1;" ::"r"(id), "r"(threads) : "memory");
}

// Eight consecutive 16-bit values of a row of `count`, zeros behind its end; `aligned`: rows are whole 16-byte blocks.
__device__ __forceinline__ uint4 loadEight(const uint16_t *row, int first, int count, bool aligned) {
    if (first >= count) return make_uint4(0, 0, 0, 0);
    if (aligned) return __ldg(reinterpret_cast<const uint4 *>(row + first));
    uint64_t half[2] = {0, 0};
#pragma unroll
    for (int h = 0; h < 2; h++) {
#pragma unroll 1
        for (int i = 0; i < 4; i++) {
            const int k = first + h * 4 + i;
            if (k < count) half[h] |= uint64_t(__ldg(row + k)) << (16 * i);
        }
    }
    return make_uint4(uint32_t(half[0]), uint32_t(half[0] >> 32), uint32_t(half[1]), uint32_t(half[1] >> 32));
}

#endif // FRNN_HOPPER

} // namespace frnn
