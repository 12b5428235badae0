// Where a gate's row lies in the packed weights.
#pragma once

#include <cstdint>

#include "fusedrnn/pack.h"

#if defined(__CUDACC__)
#define FRNN_ROWS_INLINE __host__ __device__ __forceinline__
#else
#define FRNN_ROWS_INLINE inline
#endif

namespace frnn {

FRNN_ROWS_INLINE int64_t packedRow(int32_t rows, int64_t gates, int64_t hidden, int64_t gate, int64_t unit) {
    if (rows == FRNN_ROWS_INTERLEAVED) return unit * gates + gate;
    return gate < 2 ? unit * 2 + gate : 2 * hidden + unit;
}

}  // namespace frnn
