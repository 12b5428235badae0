// Zoneout in the persistent kernels: which cells of a warp keep their state in a step, drawn while the state travels.
#pragma once

#include "cluster_args.h"
#include "cluster_tiles.h"
#include "common/philox.h"
#include "zoneout.h"

namespace frnn {

// A cell that zones out. Kernels come with and without, so that it costs the latter nothing.
template <class Cell>
struct Zoned : Cell {
    static constexpr bool kZonesOut = true;
};

// The share a unit keeps of h and of c: 1 or 0 in training, the probability in inference.
struct Keep {
    float h = 0, c = 0;
};

#ifdef FRNN_HOPPER

// The masks of one step for a warp whose cells are kUnits neighbouring units, from a multiple of 4 on, of kSamples samples. Four
// neighbouring elements of a mask share a Philox block. Each lane draws one block: all that a sample's units lie in, for every
// sample, of h and, if kCell, of c. Where 16 lanes are too few for each of the two, c takes a second round.
template <int kUnits, int kSamples, bool kCell>
class ZoneoutDraw {
    // Lanes that a mask takes where the units begin at the beginning of a block, and where they do not.
    static constexpr int kLeast = kUnits / 4 * kSamples, kMost = (kUnits / 4 + 1) * kSamples;
    static_assert(kMost <= 32 && kLeast <= 16 && 16 % kSamples == 0, "a lane draws a block");

public:
    // elementOf(n): index in a mask [T,N,H] of the warp's first unit for its sample n. All lanes of a warp take part.
    template <class ElementOf>
    __device__ __forceinline__ ZoneoutDraw(const Zoneout &zoneout, int direction, int hidden, int lane, ElementOf elementOf)
        : zoneout_(zoneout), random_(zoneout.random != nullptr), rounds_(kCell && kMost > 16 && hidden % 4 != 0 ? 2 : 1) {
        if (!random_) return;
        const int64_t block = elementOf(lane % kSamples) >> 2;
        const bool inOneRound = kCell && rounds_ == 1;
        const int64_t index = block + (inOneRound ? lane % 16 : lane) / kSamples;
        const uint32_t stream = uint32_t(zoneout.stream + 2 * direction);
        const bool cell = inOneRound && lane >= 16;
        drawn_[0] = kept(index, stream + (cell ? 1 : 0), cell ? zoneout.cell : zoneout.hidden);
        if (rounds_ == 2) drawn_[kCell] = kept(index, stream + 1, zoneout.cell);
    }

    // Of sample `column` and unit `unit` of the warp's; `element`: elementOf(column).
    __device__ __forceinline__ Keep of(int column, int unit, int64_t element) const {
        if (!random_) return {zoneout_.hidden, kCell ? zoneout_.cell : 0.0f};
        const int inBlocks = int(element & 3) + unit, lane = inBlocks / 4 * kSamples + column, bit = inBlocks % 4;
        const uint32_t h = __shfl_sync(~0u, drawn_[0], lane);
        Keep keep = {h >> bit & 1 ? 1.0f : 0.0f, 0.0f};
        if (kCell) {
            const uint32_t c = __shfl_sync(~0u, rounds_ == 2 ? drawn_[kCell] : drawn_[0], rounds_ == 2 ? lane : lane + 16);
            keep.c = c >> bit & 1 ? 1.0f : 0.0f;
        }
        return keep;
    }

private:
    // A bit for each element of a block.
    __device__ __forceinline__ uint32_t kept(int64_t index, uint32_t stream, float probability) const {
        const PhiloxBlock block = philox(uint32_t(index), uint32_t(uint64_t(index) >> 32), stream, __ldg(zoneout_.random + 2),
                                         __ldg(zoneout_.random), __ldg(zoneout_.random + 1));
        uint32_t bits = 0;
#pragma unroll
        for (int i = 0; i < 4; i++) bits |= uint32_t(!dropoutKeeps(block.word[i], probability)) << i;
        return bits;
    }

    const Zoneout &zoneout_;
    bool random_;
    int rounds_;
    uint32_t drawn_[kCell ? 2 : 1];
};

// Time of a sample's forward step within the whole sequence; direction 1 begins with the sample's last one.
template <class Args>
__device__ __forceinline__ int timeOfStep(const Args &args, int direction, int length, int step) {
    return direction == 0 ? args.firstStep + step : length - 1 - step;
}

#endif // FRNN_HOPPER

} // namespace frnn
