// From an index in the table of tiles to the compiled backward kernel.
#pragma once

#include <utility>

#include "chip_backward.cuh"

namespace frnn {

template <class Cell>
struct ChipBackwardLaunch {
    template <class Type, int kIndex>
    static cudaError_t one(const ChipRun &run, const BackwardArgs &args) {
        constexpr int kHidden = kChipBackward[kIndex].hidden;
        const int sampleTiles = (args.samplesPerSlice + kTileSamples - 1) / kTileSamples, blocks = chipBackwardBlocks(args.hidden);
        const ChipBackwardLayout layout(kHidden, Cell::kGates, Cell::kCarriedFloats, sampleTiles);
        const int64_t exchange = int64_t(sampleTiles) * 2 * chipGradientBytes(blocks, Cell::kGates);
        // Zero is the number of no step.
        return launchChip(chipBackward<Cell, Type, kHidden>, run, blocks, kChipCluster, kChipThreads, layout.total, exchange, 0, args);
    }

    template <class Type, int... kIndices>
    static cudaError_t pick(const ChipRun &run, const BackwardArgs &args, std::integer_sequence<int, kIndices...>) {
        using Launch = cudaError_t (*)(const ChipRun &, const BackwardArgs &);
        static constexpr Launch launches[] = {&one<Type, kIndices>...};
        return launches[run.tile](run, args);
    }

    static cudaError_t launch(const ChipRun &run, bool half, const BackwardArgs &args) {
        constexpr auto indices = std::make_integer_sequence<int, kChipTiles>();
        return half ? pick<Half>(run, args, indices) : pick<Bf16>(run, args, indices);
    }
};

} // namespace frnn
