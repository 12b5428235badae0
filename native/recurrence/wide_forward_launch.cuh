// From an index in the table of tiles to the compiled forward kernel for many samples.
#pragma once

#include <utility>

#include "wide_forward.cuh"

namespace frnn {

template <class Cell>
struct WideForwardLaunch {
    template <class Type, int kIndex>
    static cudaError_t one(const ChipRun &run, const ForwardArgs &args) {
        const int sampleTiles = (args.samplesPerSlice + kTileSamples - 1) / kTileSamples, blocks = chipForwardBlocks(args.hidden);
        const int64_t exchange = int64_t(sampleTiles) * 2 * chipStateBytes(blocks) * (Cell::kMayBeWide ? 2 : 1);
        // All bits set: bit 14 says "not of the first epoch" in both slots.
        constexpr int kHidden = kWideForward[kIndex].hidden;
        const WideForwardLayout layout(kHidden, Cell::kGates, sampleTiles);
        return launchChip(wideForward<Cell, Type, kHidden>, run, blocks, 1, kWideThreads, layout.total, exchange, 0xff, args);
    }

    template <class Type, int... kIndices>
    static cudaError_t pick(const ChipRun &run, const ForwardArgs &args, std::integer_sequence<int, kIndices...>) {
        using Launch = cudaError_t (*)(const ChipRun &, const ForwardArgs &);
        static constexpr Launch launches[] = {&one<Type, kIndices>...};
        return launches[run.tile](run, args);
    }

    static cudaError_t launch(const ChipRun &run, bool half, const ForwardArgs &args) {
        constexpr auto indices = std::make_integer_sequence<int, kWideTiles>();
        return half ? pick<Half>(run, args, indices) : pick<Bf16>(run, args, indices);
    }
};

} // namespace frnn
