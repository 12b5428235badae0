// Stand-in for what nvcc and the CUDA runtime give to kernels, for g++: one simulated thread is one call of the kernel.
#pragma once

#include <cuda_runtime_api.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "simulation/intrinsics.h"
#include "simulation/launch.h"
#include "vector_types.h"

#define __host__
#define __device__
#define __global__
#define __grid_constant__
#define __forceinline__ inline __attribute__((always_inline))
#define __noinline__ __attribute__((noinline))
#define __align__(bytes) alignas(bytes)
#define __launch_bounds__(...)
// For launches whose blocks run one after another; `extern` has its own name, FRNN_DYNAMIC_SHARED.
#define __shared__                   \
    ::simulation::useStaticShared(); \
    static

extern uint3 threadIdx, blockIdx;
extern dim3 blockDim, gridDim;
constexpr int warpSize = 32;

// Bits and numbers -----------------------------------------------------------------------------------------------------

template <class To, class From>
inline To simulatedBits(From from) {
    static_assert(sizeof(To) == sizeof(From), "a change of type keeps the size");
    To to;
    std::memcpy(&to, &from, sizeof to);
    return to;
}
inline float __uint_as_float(uint32_t x) { return simulatedBits<float>(x); }
inline float __int_as_float(int x) { return simulatedBits<float>(x); }
inline uint32_t __float_as_uint(float x) { return simulatedBits<uint32_t>(x); }
inline int __float_as_int(float x) { return simulatedBits<int>(x); }
inline int __popc(uint32_t x) { return __builtin_popcount(x); }
inline int __popcll(unsigned long long x) { return __builtin_popcountll(x); }
inline int __ffs(int x) { return __builtin_ffs(x); }
inline int __clz(int x) { return x == 0 ? 32 : __builtin_clz(static_cast<unsigned>(x)); }
inline uint32_t __umulhi(uint32_t a, uint32_t b) { return static_cast<uint32_t>(static_cast<uint64_t>(a) * b >> 32); }
inline uint32_t __byte_perm(uint32_t x, uint32_t y, uint32_t selector) {
    const uint64_t bytes = static_cast<uint64_t>(y) << 32 | x;
    uint32_t result = 0;
    for (int i = 0; i < 4; ++i) result |= static_cast<uint32_t>(bytes >> (selector >> 4 * i & 7) * 8 & 0xff) << 8 * i;
    return result;
}
inline uint32_t __funnelshift_r(uint32_t low, uint32_t high, uint32_t shift) {
    return static_cast<uint32_t>((static_cast<uint64_t>(high) << 32 | low) >> (shift & 31));
}

template <class Operation>
inline uint32_t simulatedHalves(uint32_t a, uint32_t b, Operation operation) {
    const auto part = [&](int shift) {
        return static_cast<uint32_t>(static_cast<uint16_t>(operation(static_cast<int16_t>(a >> shift), static_cast<int16_t>(b >> shift)))) << shift;
    };
    return part(0) | part(16);
}
inline uint32_t __vmins2(uint32_t a, uint32_t b) {
    return simulatedHalves(a, b, [](int16_t x, int16_t y) { return x < y ? x : y; });
}
inline uint32_t __vmaxs2(uint32_t a, uint32_t b) {
    return simulatedHalves(a, b, [](int16_t x, int16_t y) { return x > y ? x : y; });
}
inline uint32_t __vcmpgts2(uint32_t a, uint32_t b) {
    return simulatedHalves(a, b, [](int16_t x, int16_t y) { return x > y ? 0xffff : 0; });
}
inline uint32_t __vimax3_s16x2(uint32_t a, uint32_t b, uint32_t c) { return __vmaxs2(__vmaxs2(a, b), c); }

inline float __expf(float x) { return simulation::expApproximate(x); }
inline float __fdividef(float x, float y) { return simulation::divideApproximate(x, y); }
inline float __frcp_rn(float x) { return 1.0f / x; }
inline float rsqrtf(float x) { return 1.0f / std::sqrt(x); }
using std::isfinite;
using std::isinf;
using std::isnan;
using std::max;
using std::min;
template <class A, class B>
inline std::common_type_t<A, B> min(A a, B b) {
    return b < a ? b : a;
}
template <class A, class B>
inline std::common_type_t<A, B> max(A a, B b) {
    return a < b ? b : a;
}

// Memory ---------------------------------------------------------------------------------------------------------------

template <class T>
inline T __ldg(const T *p) {
    simulation::checkAligned(p, alignof(T));
    return *p;
}
inline void __threadfence() { simulation::fence(); }
inline void __threadfence_block() {}

template <class T>
inline T atomicAdd(T *p, T v) {
    const T before = *p;
    *p = static_cast<T>(before + v);
    simulation::changed(p);
    return before;
}
template <class T>
inline T atomicExch(T *p, T v) {
    const T before = *p;
    *p = v;
    simulation::changed(p);
    return before;
}
template <class T>
inline T atomicMax(T *p, T v) {
    const T before = *p;
    *p = std::max(before, v);
    simulation::changed(p);
    return before;
}
template <class T>
inline T atomicMin(T *p, T v) {
    const T before = *p;
    *p = std::min(before, v);
    simulation::changed(p);
    return before;
}
template <class T>
inline T atomicOr(T *p, T v) {
    const T before = *p;
    *p = before | v;
    simulation::changed(p);
    return before;
}
template <class T>
inline T atomicCAS(T *p, T expected, T v) {
    const T before = *p;
    if (before == expected) *p = v;
    simulation::changed(p);
    return before;
}

// Meetings -------------------------------------------------------------------------------------------------------------

#define __syncthreads() (void)::simulation::blockBarrier(0, 0, false)
#define __syncthreads_or(predicate) static_cast<int>(::simulation::blockBarrier(0, 0, (predicate) != 0).any)
#define __syncthreads_and(predicate) static_cast<int>(::simulation::blockBarrier(0, 0, (predicate) != 0).all)
#define __syncthreads_count(predicate) static_cast<int>(::simulation::blockBarrier(0, 0, (predicate) != 0).count)
inline void __syncwarp(uint32_t mask = ~0u) { simulation::syncWarp(mask); }
inline uint32_t __ballot_sync(uint32_t mask, int predicate) { return simulation::ballot(mask, predicate != 0); }
inline int __any_sync(uint32_t mask, int predicate) { return simulation::ballot(mask, predicate != 0) != 0; }
inline int __all_sync(uint32_t mask, int predicate) { return simulation::ballot(mask, predicate == 0) == 0; }

template <class T>
inline T simulatedShuffle(uint32_t mask, T value, simulation::Pick pick, uint32_t operand, int width) {
    static_assert(sizeof(T) <= 8, "shuffles move up to 8 bytes");
    uint64_t bits = 0;
    std::memcpy(&bits, &value, sizeof value);
    bits = simulation::shuffle(mask, bits, pick, operand, static_cast<uint32_t>(width));
    std::memcpy(&value, &bits, sizeof value);
    return value;
}
template <class T>
inline T __shfl_sync(uint32_t mask, T value, int lane, int width = 32) {
    return simulatedShuffle(mask, value, simulation::Pick::INDEX, static_cast<uint32_t>(lane), width);
}
template <class T>
inline T __shfl_up_sync(uint32_t mask, T value, unsigned delta, int width = 32) {
    return simulatedShuffle(mask, value, simulation::Pick::UP, delta, width);
}
template <class T>
inline T __shfl_down_sync(uint32_t mask, T value, unsigned delta, int width = 32) {
    return simulatedShuffle(mask, value, simulation::Pick::DOWN, delta, width);
}
template <class T>
inline T __shfl_xor_sync(uint32_t mask, T value, int lanes, int width = 32) {
    return simulatedShuffle(mask, value, simulation::Pick::XOR, static_cast<uint32_t>(lanes), width);
}
template <class T>
inline uint32_t __match_any_sync(uint32_t mask, T value) {
    uint64_t bits = 0;
    std::memcpy(&bits, &value, sizeof value);
    return simulation::matchAny(mask, bits);
}

inline long long clock64() { return simulation::clock(); }
inline void __nanosleep(unsigned nanoseconds) { simulation::sleep(nanoseconds); }
inline void __trap() { __builtin_trap(); }

// The runtime's C++ side -----------------------------------------------------------------------------------------------

template <class T>
inline cudaError_t cudaMalloc(T **address, size_t bytes) {
    return cudaMalloc(reinterpret_cast<void **>(address), bytes);
}
template <class... Parameters>
inline cudaError_t cudaFuncSetAttribute(void (*kernel)(Parameters...), cudaFuncAttribute attribute, int value) {
    return cudaFuncSetAttribute(reinterpret_cast<const void *>(kernel), attribute, value);
}
template <class... Parameters>
inline cudaError_t cudaOccupancyMaxActiveClusters(int *clusters, void (*kernel)(Parameters...), const cudaLaunchConfig_t *config) {
    return cudaOccupancyMaxActiveClusters(clusters, reinterpret_cast<const void *>(kernel), config);
}
inline cudaError_t cudaEventRecord(cudaEvent_t event) { return cudaEventRecord(event, nullptr); }

template <class... Parameters, class... Arguments>
inline cudaError_t cudaLaunchKernelEx(const cudaLaunchConfig_t *config, void (*kernel)(Parameters...), Arguments &&...arguments) {
    simulation::Launch launch;
    launch.grid = config->gridDim;
    launch.block = config->blockDim;
    launch.sharedBytes = config->dynamicSmemBytes;
    for (unsigned i = 0; i < config->numAttrs; ++i) {
        const cudaLaunchAttribute &attribute = config->attrs[i];
        if (attribute.id == cudaLaunchAttributeClusterDimension) launch.clusterSize = attribute.val.clusterDim.x;
        if (attribute.id == cudaLaunchAttributeCooperative) launch.cooperative = attribute.val.cooperative != 0;
    }
    return simulation::enqueueKernel(config->stream, launch, kernel, std::forward<Arguments>(arguments)...);
}
