// From an index in a table of tiles to the compiled forward kernel.
#pragma once

#include <utility>

#include "cluster_forward.cuh"
#include "cluster_launch.h"

namespace frnn {

struct LstmForwardTiles {
    static constexpr int kSize = sizeOf(kLstmForward);
    static constexpr ForwardTile at(int i) { return kLstmForward[i]; }
};
struct GruForwardTiles {
    static constexpr int kSize = sizeOf(kGruForward);
    static constexpr ForwardTile at(int i) { return kGruForward[i]; }
};
struct RnnForwardTiles {
    static constexpr int kSize = sizeOf(kRnnForward);
    static constexpr ForwardTile at(int i) { return kRnnForward[i]; }
};

template <class Cell, class Tiles>
struct ForwardLaunch {
    template <class Type, int kIndex>
    static cudaError_t one(const ForwardArgs &args, cudaStream_t stream) {
        constexpr ForwardTile tile = Tiles::at(kIndex);
        constexpr ForwardGeometry geometry(tile.hidden, tile.cluster, tile.splits, Cell::kGroupUnits, Cell::kGates);
        const int sampleTiles = (args.samplesPerSlice + kTileSamples - 1) / kTileSamples;
        const ForwardLayout layout(geometry, tile.hidden, tile.splits, Cell::kGates, sampleTiles);
        return launchClusters(clusterForward<Cell, Type, tile.hidden, tile.cluster, tile.splits>,
                              args.slices * args.directions * tile.cluster, tile.cluster, geometry.warps * 32, layout.total, args,
                              stream);
    }

    using Launch = cudaError_t (*)(const ForwardArgs &, cudaStream_t);

    template <class Type, int kIndex>
    static constexpr Launch compiled() {
        if constexpr (Cell::kZonesOut && !Tiles::at(kIndex).zoneout) return nullptr;
        else return &one<Type, kIndex>;
    }

    template <class Type, int... kIndices>
    static cudaError_t pick(int tile, const ForwardArgs &args, cudaStream_t stream, std::integer_sequence<int, kIndices...>) {
        static constexpr Launch launches[] = {compiled<Type, kIndices>()...};
        return launches[tile] == nullptr ? cudaErrorInvalidValue : launches[tile](args, stream);
    }

    static cudaError_t launch(int tile, bool half, const ForwardArgs &args, cudaStream_t stream) {
        if (tile < 0 || tile >= Tiles::kSize) return cudaErrorInvalidValue;
        constexpr auto indices = std::make_integer_sequence<int, Tiles::kSize>();
        return half ? pick<Half>(tile, args, stream, indices) : pick<Bf16>(tile, args, stream, indices);
    }
};

} // namespace frnn
