// From an index in a table of tiles to the compiled backward kernel.
#pragma once

#include <utility>

#include "cluster_backward.cuh"
#include "cluster_launch.h"

namespace frnn {

struct LstmBackwardTiles {
    static constexpr int kSize = sizeOf(kLstmBackward);
    static constexpr BackwardTile at(int i) { return kLstmBackward[i]; }
};
struct GruBackwardTiles {
    static constexpr int kSize = sizeOf(kGruBackward);
    static constexpr BackwardTile at(int i) { return kGruBackward[i]; }
};
struct RnnBackwardTiles {
    static constexpr int kSize = sizeOf(kRnnBackward);
    static constexpr BackwardTile at(int i) { return kRnnBackward[i]; }
};

template <class Cell, class Tiles>
struct BackwardLaunch {
    template <class Type, int kIndex>
    static cudaError_t one(const BackwardArgs &args, cudaStream_t stream) {
        constexpr BackwardTile tile = Tiles::at(kIndex);
        constexpr BackwardGeometry geometry(tile.hidden, tile.cluster, tile.splits, Cell::kGates);
        const int sampleTiles = (args.samplesPerSlice + kTileSamples - 1) / kTileSamples;
        const BackwardLayout layout(geometry, Cell::kCarriedFloats, sampleTiles);
        return launchClusters(clusterBackward<Cell, Type, tile.hidden, tile.cluster, tile.warps, tile.splits>,
                              args.slices * args.directions * tile.cluster, tile.cluster, tile.warps * 32, layout.total, args, stream);
    }

    using Launch = cudaError_t (*)(const BackwardArgs &, cudaStream_t);

    template <class Type, int kIndex>
    static constexpr Launch compiled() {
        if constexpr (Cell::kZonesOut && !Tiles::at(kIndex).zoneout) return nullptr;
        else return &one<Type, kIndex>;
    }

    template <class Type, int... kIndices>
    static cudaError_t pick(int tile, const BackwardArgs &args, cudaStream_t stream, std::integer_sequence<int, kIndices...>) {
        static constexpr Launch launches[] = {compiled<Type, kIndices>()...};
        return launches[tile] == nullptr ? cudaErrorInvalidValue : launches[tile](args, stream);
    }

    static cudaError_t launch(int tile, bool half, const BackwardArgs &args, cudaStream_t stream) {
        if (tile < 0 || tile >= Tiles::kSize) return cudaErrorInvalidValue;
        constexpr auto indices = std::make_integer_sequence<int, Tiles::kSize>();
        return half ? pick<Half>(tile, args, stream, indices) : pick<Bf16>(tile, args, stream, indices);
    }
};

} // namespace frnn
