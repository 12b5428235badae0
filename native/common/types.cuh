// Storage types and their conversion to float, by traits; dispatch from FrnnType to a template argument.
#pragma once

#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <cstdint>

#include "fusedrnn/types.h"

namespace frnn {

using bf16 = __nv_bfloat16;
using f16 = __half;

template <typename S>
struct Storage;

template <>
struct Storage<float> {
    static __host__ __device__ __forceinline__ float load(float value) { return value; }
    static __host__ __device__ __forceinline__ float store(float value) { return value; }
};

template <>
struct Storage<bf16> {
    static __host__ __device__ __forceinline__ float load(bf16 value) { return __bfloat162float(value); }
    static __host__ __device__ __forceinline__ bf16 store(float value) { return __float2bfloat16_rn(value); }
};

template <>
struct Storage<f16> {
    static __host__ __device__ __forceinline__ float load(f16 value) { return __half2float(value); }
    static __host__ __device__ __forceinline__ f16 store(float value) { return __float2half_rn(value); }
};

template <typename S>
__host__ __device__ __forceinline__ float toFloat(S value) {
    return Storage<S>::load(value);
}

template <typename S>
__host__ __device__ __forceinline__ S fromFloat(float value) {
    return Storage<S>::store(value);
}

// Several neighbouring elements moved by one memory access.
template <typename S, int COUNT>
struct alignas(sizeof(S) * COUNT) Pack {
    S at[COUNT];
};

template <typename S>
struct Tag {
    using type = S;
};

// Calls `body` with the Tag of a floating FrnnType that was checked before.
template <typename Body>
auto withType(int32_t type, Body &&body) {
    switch (type) {
        case FRNN_BF16: return body(Tag<bf16>{});
        case FRNN_F16: return body(Tag<f16>{});
        default: return body(Tag<float>{});
    }
}

template <typename S>
__host__ __device__ __forceinline__ S *address(uint64_t value) {
    return reinterpret_cast<S *>(static_cast<uintptr_t>(value));
}

// Writes to a tensor that the caller may leave out.
template <typename S>
__device__ __forceinline__ void optionalWrite(uint64_t tensor, int64_t index, S value) {
    if (tensor != 0) address<S>(tensor)[index] = value;
}

inline cudaStream_t streamOf(uint64_t value) { return reinterpret_cast<cudaStream_t>(static_cast<uintptr_t>(value)); }

}  // namespace frnn
