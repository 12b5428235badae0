// From an index in the table of tiles to the compiled backward kernel for many samples.
#pragma once

#include <utility>

#include "wide_backward.cuh"

namespace frnn {

template <class Cell>
struct WideBackwardLaunch {
    template <class Type, int kIndex>
    static cudaError_t one(const ChipRun &run, const BackwardArgs &args) {
        const int sampleTiles = (args.samplesPerSlice + kTileSamples - 1) / kTileSamples, blocks = wideBackwardBlocks(args.hidden);
        const int64_t exchange = int64_t(sampleTiles) * 2 * (wideGradientBytes(blocks) + wideShareBytes(blocks));
        // All bits set: the marks say "not of the first epoch" in both slots.
        constexpr int kHidden = kWideBackward[kIndex].hidden;
        const WideBackwardLayout layout(kHidden, Cell::kCarriedFloats, sampleTiles);
        return launchChip(wideBackward<Cell, Type, kHidden>, run, blocks, 1, kWideThreads, layout.total, exchange, 0xff, args);
    }

    template <class Type, int... kIndices>
    static cudaError_t pick(const ChipRun &run, const BackwardArgs &args, std::integer_sequence<int, kIndices...>) {
        using Launch = cudaError_t (*)(const ChipRun &, const BackwardArgs &);
        static constexpr Launch launches[] = {&one<Type, kIndices>...};
        return launches[run.tile](run, args);
    }

    static cudaError_t launch(const ChipRun &run, bool half, const BackwardArgs &args) {
        constexpr auto indices = std::make_integer_sequence<int, kWideTiles>();
        return half ? pick<Half>(run, args, indices) : pick<Bf16>(run, args, indices);
    }
};

} // namespace frnn
