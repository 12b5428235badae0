// The instructions that CUDA C++ has no name for, one function each. simulation/include/recurrence/instructions.cuh has the
// same functions for the simulated device: what is added here is needed there too.
#pragma once

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

// Dynamic shared memory of the block, under the name `name`.
#define FRNN_DYNAMIC_SHARED(name) extern __shared__ __align__(128) char name[]

__device__ __forceinline__ float tanhApproximate(float x) {
    float y;
    asm("tanh.approx.f32 %0, %1;" : "=f"(y) : "f"(x));
    return y;
}

// c[16x8] += a[16x16] * b[16x8]
__device__ __forceinline__ void multiplyAddBf16(float (&c)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1) {
    asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3},{%4,%5,%6,%7},{%8,%9},{%0,%1,%2,%3};"
        : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

__device__ __forceinline__ void multiplyAddF16(float (&c)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1) {
    asm("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2,%3},{%4,%5,%6,%7},{%8,%9},{%0,%1,%2,%3};"
        : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

// c[16x8] += a[16x8] * b[8x8] of operands that roundTf32 made: the instruction leaves out the last 13 bits of each.
__device__ __forceinline__ void multiplyAddTf32(float (&c)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1) {
    asm("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0,%1,%2,%3},{%4,%5,%6,%7},{%8,%9},{%0,%1,%2,%3};"
        : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

// To the nearest value of 10 bits behind the first; halves away from zero.
__device__ __forceinline__ uint32_t roundTf32(float x) {
    uint32_t bits;
    asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(bits) : "f"(x));
    return bits;
}

// Copies from global to shared memory that complete in groups; what lies behind `valid` bytes becomes zero.
__device__ __forceinline__ void copyAsync16(uint32_t to, const void *from, int valid) {
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(to), "l"(from), "r"(valid) : "memory");
}

__device__ __forceinline__ void copyAsync8(uint32_t to, const void *from, int valid) {
    asm volatile("cp.async.ca.shared.global [%0], [%1], 8, %2;" ::"r"(to), "l"(from), "r"(valid) : "memory");
}

__device__ __forceinline__ void copyAsync4(uint32_t to, const void *from, int valid) {
    asm volatile("cp.async.ca.shared.global [%0], [%1], 4, %2;" ::"r"(to), "l"(from), "r"(valid) : "memory");
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

// Cycles, modulo 2^32.
__device__ __forceinline__ uint32_t cycles() {
    return uint32_t(clock());
}

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

// Acquires for the block alone, though peers' bytes are waited for: these lie in this block's shared memory. Acquiring for the cluster
// is the same instruction and throws away L1 besides.
__device__ __forceinline__ bool barrierTry(uint32_t barrier, uint32_t parity) {
    uint32_t done;
    asm volatile(
        "{\n\t.reg .pred p;\n\tmbarrier.try_wait.parity.shared::cta.b64 p, [%1], %2;\n\tselp.u32 %0, 1, 0, p;\n\t}"
        : "=r"(done)
        : "r"(barrier), "r"(parity)
        : "memory");
    return done != 0;
}

// A phase completes with `arrivals` arrivals.
__device__ __forceinline__ void barrierInit(uint32_t barrier, int arrivals) {
    asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(barrier), "r"(arrivals) : "memory");
}

__device__ __forceinline__ void barrierArrive(uint32_t barrier) {
    asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(barrier) : "memory");
}

// Registers move from warps that leave some to warps that take more; called by all warps of a group of four.
template <int kRegisters>
__device__ __forceinline__ void takeRegisters() {
    asm volatile("setmaxnreg.inc.sync.aligned.u32 %0;" ::"n"(kRegisters));
}

template <int kRegisters>
__device__ __forceinline__ void leaveRegisters() {
    asm volatile("setmaxnreg.dec.sync.aligned.u32 %0;" ::"n"(kRegisters));
}

// Meeting point of `threads` threads of a block; 0 is __syncthreads.
__device__ __forceinline__ void namedBarrier(int id, int threads) {
    asm volatile("bar.sync %0, %1;" ::"r"(id), "r"(threads) : "memory");
}

__device__ __forceinline__ uint32_t loadWord(const void *p) {
    uint32_t v;
    asm volatile("ld.relaxed.gpu.global.u32 %0, [%1];" : "=r"(v) : "l"(p) : "memory");
    return v;
}

// Two or four words, each whole in itself.
__device__ __forceinline__ uint2 loadTwoWords(const void *p) {
    uint2 v;
    asm volatile("ld.relaxed.gpu.global.v2.u32 {%0,%1}, [%2];" : "=r"(v.x), "=r"(v.y) : "l"(p) : "memory");
    return v;
}

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

#endif // FRNN_HOPPER

} // namespace frnn
