// The limit of an LSTM's cell: where c is read, by h and by the next step, it counts within [-clip, clip]; 0: no limit.
#pragma once

#include <cmath>

#if defined(__CUDACC__)
#define FRNN_HOST_DEVICE __host__ __device__ __forceinline__
#else
#define FRNN_HOST_DEVICE inline
#endif

namespace frnn {

// Keeps NaN: a comparison with it is false, and the value passes.
FRNN_HOST_DEVICE float limited(float c, float clip) { return clip > 0.0f && fabsf(c) > clip ? copysignf(clip, c) : c; }

// Where no gradient passes the limit.
FRNN_HOST_DEVICE bool atLimit(float c, float clip) { return clip > 0.0f && fabsf(c) >= clip; }

}  // namespace frnn
