// What the pointwise kernels of one time step share: which element a thread works on and how they are launched.
#pragma once

#include <algorithm>
#include <type_traits>

#include "cellmath.h"
#include "common/check.h"
#include "common/grid.cuh"
#include "common/launch.cuh"
#include "common/philox.h"
#include "common/types.cuh"
#include "fusedrnn/cell.h"
#include "zoneout.h"

namespace frnn {

// 16-bit storage hides the error of the fast exponential, F32 does not.
template <typename S>
constexpr bool FAST_MATH = sizeof(S) == 2;

// Most threads of a block along the units; a warp at least, so that neighbours read neighbouring addresses.
constexpr int CELL_THREADS = 128;

// Threads of a multiprocessor that registers have to leave room for. Left to itself, the compiler reaches for more on sm_100
// and spills.
constexpr int CELL_RESIDENT = 1024;

struct CellGrid {
    dim3 blocks;
    unsigned threads;
};

// x: units, y: samples, z: directions; kernels loop over what does not fit.
inline CellGrid cellGrid(int64_t N, int64_t units, int32_t directions) {
    const int64_t threads = std::min<int64_t>(CELL_THREADS, ceilDiv(units, 32) * 32);
    const int64_t x = std::min<int64_t>(ceilDiv(units, threads), MOST_BLOCKS);
    return {dim3(static_cast<unsigned>(x), static_cast<unsigned>(std::min<int64_t>(N, 65535)), static_cast<unsigned>(directions)),
            static_cast<unsigned>(threads)};
}

// One unit of one sample in one direction at the step's time.
struct CellPoint {
    int64_t t;
    int direction;
    bool frozen;      // behind the sample's length
    bool first;       // the sample's first processed step
    int64_t row;      // in [T,N,D]
    int64_t sample;   // in [D,N]
    int64_t inState;  // in [D,N,stateStride]
    int64_t state;    // in [D,N,units]
    int64_t sequence; // in [T,N,D,units], which is also [T,N,D*units]
    int64_t previous; // as sequence, one processed step earlier; not valid if first
};

template <typename Params>
__device__ __forceinline__ CellPoint cellPoint(const Params &p, int64_t units, int d, int64_t n, int64_t u) {
    CellPoint at;
    at.t = d == 0 ? p.step : p.T - 1 - p.step;
    at.direction = d;
    const int64_t length = p.lengths == 0 ? p.T : address<const int32_t>(p.lengths)[n];
    at.frozen = at.t >= length;
    at.first = at.t == (d == 0 ? 0 : length - 1);
    at.row = (at.t * p.N + n) * p.D + d;
    at.sample = d * p.N + n;
    at.inState = at.sample * p.stateStride + u;
    at.state = at.sample * units + u;
    at.sequence = at.row * units + u;
    const int64_t stepSize = p.N * p.D * units;
    at.previous = d == 0 ? at.sequence - stepSize : at.sequence + stepSize;
    return at;
}

// The share a unit keeps of its value before: 0 without zoneout, 1 or 0 in training, the probability in inference.
template <typename Params>
__device__ __forceinline__ float zoneoutKeep(const Params &p, float probability, const CellPoint &at, int64_t units, int64_t u, bool cell) {
    if (probability == 0.0f || p.random == 0) return probability;
    const uint32_t *random = address<const uint32_t>(p.random);
    const int64_t n = at.sample - at.direction * p.N;
    const int64_t element = (at.t * p.N + n) * units + u;
    const int64_t index = element >> 2;
    const uint32_t stream = static_cast<uint32_t>(p.zoneoutStream + 2 * at.direction + (cell ? 1 : 0));
    const PhiloxBlock block =
        philox(static_cast<uint32_t>(index), static_cast<uint32_t>(index >> 32), stream, random[2], random[0], random[1]);
    return dropoutKeeps(wordOf(block, element), probability) ? 0.0f : 1.0f;
}

// ZONEOUT: kernels come with and without it, so that it costs the latter no registers.
template <bool ZONEOUT, typename Params>
__device__ __forceinline__ float hiddenKeep(const Params &p, const CellPoint &at, int64_t units, int64_t u) {
    if (!ZONEOUT) return 0.0f;
    return zoneoutKeep(p, p.zoneout, at, units, u, false);
}

template <bool ZONEOUT, typename Params>
__device__ __forceinline__ float cellKeep(const Params &p, const CellPoint &at, int64_t u) {
    if (!ZONEOUT) return 0.0f;
    return zoneoutKeep(p, p.cellZoneout, at, p.H, u, true);
}

// Runs body(d, n, u) for every unit this thread owns.
template <typename Params, typename Body>
__device__ __forceinline__ void forEachUnit(const Params &p, int64_t units, Body body) {
    const int d = p.directionBegin + static_cast<int>(blockIdx.z);
    for (int64_t n = blockIdx.y; n < p.N; n += gridDim.y) {
        for (int64_t u = gridThread(); u < units; u += gridThreads()) body(d, n, u);
    }
}

template <typename S>
__device__ __forceinline__ float optionalLoad(uint64_t tensor, int64_t index) {
    return tensor == 0 ? 0.0f : toFloat(address<const S>(tensor)[index]);
}

template <typename S>
__device__ __forceinline__ void optionalStore(uint64_t tensor, int64_t index, float value) {
    if (tensor != 0) address<S>(tensor)[index] = fromFloat<S>(value);
}

// COUNT neighbouring values as one access of COUNT * sizeof(S) bytes; `index` counts groups.
template <typename S, int COUNT>
__device__ __forceinline__ void loadGroup(uint64_t tensor, int64_t index, float (&values)[COUNT]) {
    const Pack<S, COUNT> pack = address<const Pack<S, COUNT>>(tensor)[index];
#pragma unroll
    for (int k = 0; k < COUNT; ++k) values[k] = toFloat(pack.at[k]);
}

template <typename S, int COUNT>
__device__ __forceinline__ void storeGroup(uint64_t tensor, int64_t index, const float (&values)[COUNT]) {
    Pack<S, COUNT> pack;
#pragma unroll
    for (int k = 0; k < COUNT; ++k) pack.at[k] = fromFloat<S>(values[k]);
    address<Pack<S, COUNT>>(tensor)[index] = pack;
}

// The values of unit u in a row that begins at element `row`; three per unit do not make an aligned group.
template <typename S, int COUNT>
__device__ __forceinline__ void loadRow(uint64_t tensor, int64_t row, int64_t u, float (&values)[COUNT]) {
    if constexpr (COUNT == 3) {
        const S *from = address<const S>(tensor) + row + u * COUNT;
#pragma unroll
        for (int k = 0; k < COUNT; ++k) values[k] = toFloat(from[k]);
    } else {
        loadGroup<S>(tensor, row / COUNT + u, values);
    }
}

// The way back, with the zeros behind the last unit's values.
template <typename S, int COUNT>
__device__ __forceinline__ void storeRow(uint64_t tensor, int64_t row, int64_t stride, int64_t units, int64_t u, const float (&values)[COUNT]) {
    S *to = address<S>(tensor) + row;
    if constexpr (COUNT == 3) {
#pragma unroll
        for (int k = 0; k < COUNT; ++k) to[u * COUNT + k] = fromFloat<S>(values[k]);
    } else {
        storeGroup<S>(tensor, row / COUNT + u, values);
    }
    if (u == units - 1) {
        for (int64_t k = units * COUNT; k < stride; ++k) to[k] = fromFloat<S>(0.0f);
    }
}

// One value per unit, in a tensor that may be left out.
template <typename S>
__device__ __forceinline__ void storePadded(uint64_t tensor, int64_t row, int64_t stride, int64_t units, int64_t u, float value) {
    if (tensor == 0) return;
    const float values[1] = {value};
    storeRow<S>(tensor, row * stride, stride, units, u, values);
}

// Gradient of h at this step: what came from later steps, and this step's output.
template <typename S>
__device__ __forceinline__ float wholeDh(const FrnnCellBackwardParams &p, const CellPoint &at) {
    return address<const float>(p.dhState)[at.inState] + optionalLoad<S>(p.dy, at.sequence);
}

// State of the step before: the initial one at a sample's first step.
template <typename Initial, typename Saved>
__device__ __forceinline__ float before(const CellPoint &at, uint64_t initial, uint64_t saved) {
    return at.first ? optionalLoad<Initial>(initial, at.state) : toFloat(address<const Saved>(saved)[at.previous]);
}

// All of a forward step's arguments but that there are gateInputs, which a step that multiplies x itself does without.
void checkCellForward(Check &check, const FrnnCellForwardParams &p);
void checkCellBackward(Check &check, const FrnnCellBackwardParams &p);

// The launchers behind frnn_cell_forward and frnn_cell_backward, by cell; arguments are checked there.
void launchCellForward(const FrnnCellForwardParams &p);
void launchLstmBackward(const FrnnCellBackwardParams &p);
void launchGruBackward(const FrnnCellBackwardParams &p);
void launchResetBeforeBackward(const FrnnCellBackwardParams &p);
void launchRnnBackward(const FrnnCellBackwardParams &p);

// Calls body(true or false, as a type), whether h or c zones out.
template <typename Params, typename Body>
void withZoneout(const Params &p, Body &&body) {
    if (p.zoneout > 0.0f || p.cellZoneout > 0.0f) {
        body(std::true_type{});
    } else {
        body(std::false_type{});
    }
}

// Calls body(Tag<S>, Tag<R>) for the storage type and the type of the recurrent product.
template <typename Body>
void withTypes(int32_t type, int32_t recurrentType, Body &&body) {
    withType(type, [&](auto s) {
        if (recurrentType == FRNN_F32) {
            body(s, Tag<float>{});
        } else {
            body(s, s);
        }
    });
}

}  // namespace frnn
