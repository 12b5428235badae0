// From an index in a table of tiles to the compiled F32 kernel.
#pragma once

#include <utility>

#include "cluster_launch.h"
#include "f32_backward.cuh"
#include "f32_forward.cuh"

namespace frnn {

struct LstmF32Tiles {
    static constexpr int kSize = sizeOf(kLstmF32);
    static constexpr F32Tile at(int i) { return kLstmF32[i]; }
};
struct GruF32Tiles {
    static constexpr int kSize = sizeOf(kGruF32);
    static constexpr F32Tile at(int i) { return kGruF32[i]; }
};
struct RnnF32Tiles {
    static constexpr int kSize = sizeOf(kRnnF32);
    static constexpr F32Tile at(int i) { return kRnnF32[i]; }
};

inline int f32SampleTiles(const F32Tile &tile, int samplesPerSlice) {
    return (samplesPerSlice + tile.samples - 1) / tile.samples;
}

template <class Cell, class Tiles>
struct F32ForwardLaunch {
    template <int kIndex>
    static constexpr bool has() {
        return !Cell::kZonesOut || Tiles::at(kIndex).zoneout;
    }

    template <int kIndex>
    static cudaError_t one(const ForwardArgsF32 &args, cudaStream_t stream) {
        constexpr F32Tile tile = Tiles::at(kIndex);
        constexpr F32ForwardGeometry geometry(tile.hidden, tile.cluster, tile.samples, Cell::kGates);
        const F32ForwardLayout layout(geometry, tile.hidden, tile.samples, f32SampleTiles(tile, args.samplesPerSlice));
        return launchClusters(f32Forward<Cell, tile.hidden, tile.cluster, tile.samples>, args.slices * args.directions * tile.cluster,
                              tile.cluster, kF32Threads, layout.total, args, stream);
    }
};

template <class Cell, class Tiles>
struct F32BackwardLaunch {
    template <int kIndex>
    static constexpr bool has() {
        return !Cell::kZonesOut || Tiles::at(kIndex).zoneout;
    }

    template <int kIndex>
    static cudaError_t one(const BackwardArgsF32 &args, cudaStream_t stream) {
        constexpr F32Tile tile = Tiles::at(kIndex);
        constexpr F32BackwardGeometry geometry(tile.hidden, tile.cluster, tile.samples, Cell::kGates);
        const F32BackwardLayout layout(geometry, tile.cluster, tile.samples, Cell::kCarriedFloats, f32SampleTiles(tile, args.samplesPerSlice));
        return launchClusters(f32Backward<Cell, tile.hidden, tile.cluster, tile.samples>, args.slices * args.directions * tile.cluster,
                              tile.cluster, kF32Threads, layout.total, args, stream);
    }
};

template <class Launch, class One, int kIndex>
constexpr One f32Compiled() {
    if constexpr (Launch::template has<kIndex>()) return &Launch::template one<kIndex>;
    else return nullptr;
}

template <class Launch, class Args, int... kIndices>
cudaError_t launchF32Tile(int tile, const Args &args, cudaStream_t stream, std::integer_sequence<int, kIndices...>) {
    using One = cudaError_t (*)(const Args &, cudaStream_t);
    static constexpr One ones[] = {f32Compiled<Launch, One, kIndices>()...};
    if (tile < 0 || tile >= int(sizeof...(kIndices)) || ones[tile] == nullptr) return cudaErrorInvalidValue;
    return ones[tile](args, stream);
}

template <class Cell, class Tiles>
cudaError_t launchF32(int tile, const ForwardArgsF32 &args, cudaStream_t stream) {
    return launchF32Tile<F32ForwardLaunch<Cell, Tiles>>(tile, args, stream, std::make_integer_sequence<int, Tiles::kSize>());
}

template <class Cell, class Tiles>
cudaError_t launchF32(int tile, const BackwardArgsF32 &args, cudaStream_t stream) {
    return launchF32Tile<F32BackwardLaunch<Cell, Tiles>>(tile, args, stream, std::make_integer_sequence<int, Tiles::kSize>());
}

} // namespace frnn
