// From an index in a table of tiles to the compiled TF32 kernel.
#pragma once

#include <utility>

#include "cluster_launch.h"
#include "f32_cells.cuh"
#include "tf32_backward.cuh"
#include "tf32_forward.cuh"

namespace frnn {

template <class Cell, int kHidden, int kCluster>
cudaError_t launchTf32Tile(const ForwardArgsF32 &args, cudaStream_t stream) {
    constexpr Tf32ForwardGeometry geometry(kHidden, kCluster, Cell::kGates);
    const Tf32ForwardLayout layout(geometry, kHidden, (args.samplesPerSlice + kTileSamples - 1) / kTileSamples);
    return launchClusters(tf32Forward<Cell, kHidden, kCluster>, args.slices * args.directions * kCluster, kCluster, kTf32Threads, layout.total,
                          args, stream);
}

template <class Cell, int kHidden, int kCluster>
cudaError_t launchTf32Tile(const BackwardArgsF32 &args, cudaStream_t stream) {
    constexpr Tf32BackwardGeometry geometry(kHidden, kCluster, Cell::kGates);
    const Tf32BackwardLayout layout(geometry, kCluster, Cell::kCarriedFloats, (args.samplesPerSlice + kTileSamples - 1) / kTileSamples);
    return launchClusters(tf32Backward<Cell, kHidden, kCluster>, args.slices * args.directions * kCluster, kCluster, kTf32Threads, layout.total,
                          args, stream);
}

// Tiles::kTable is the table of the cell in tf32_tiles.h.
template <class Cell, class Tiles, class Args, int... kIndices>
cudaError_t pickTf32(int tile, const Args &args, cudaStream_t stream, std::integer_sequence<int, kIndices...>) {
    using Launch = cudaError_t (*)(const Args &, cudaStream_t);
    static constexpr Launch launches[] = {&launchTf32Tile<Cell, Tiles::kTable[kIndices].hidden, Tiles::kTable[kIndices].cluster>...};
    return tile >= 0 && tile < int(sizeof...(kIndices)) ? launches[tile](args, stream) : cudaErrorInvalidValue;
}

template <class Cell, class Tiles, class Args>
cudaError_t launchTf32(int tile, const Args &args, cudaStream_t stream) {
    return pickTf32<Cell, Tiles>(tile, args, stream, std::make_integer_sequence<int, sizeOf(Tiles::kTable)>());
}

} // namespace frnn
