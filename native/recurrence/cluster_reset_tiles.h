// The compiled sizes of the cluster kernels for the GRU that resets before its product, and the arithmetic that follows from them;
// shared by kernels and plan. Two products follow each other in a step, and two exchanges.
#pragma once

#include "cluster_tiles.h"

namespace frnn {

// Predicted (NOTES.md), not measured.
constexpr ForwardTile kGruResetForward[] = {
    {128, 4, 2, 0.88f, 0.85f, 0.004f}, {256, 8, 4, 0.93f, 0.87f, 0.010f}, {384, 8, 4, 1.01f, 0.90f, 0.040f},
    {512, 16, 4, 1.01f, 0.80f, 0.060f},
};
constexpr BackwardTile kGruResetBackward[] = {
    {128, 4, 8, 1, 1.12f, 1.15f, 0.014f}, {256, 8, 8, 1, 1.15f, 1.20f, 0.038f}, {384, 8, 12, 1, 1.55f, 1.40f, 0.084f},
    {512, 16, 8, 1, 1.29f, 1.12f, 0.104f},
};

// A group is 16 units, one m-tile of each gate; its warps share the sum over k, and two of them finish 8 units each.
struct GruResetForwardGeometry {
    int units; // per block
    int groups;
    int warps;
    int finishing; // warps that do so

    FRNN_BOTH_SIDES constexpr GruResetForwardGeometry(int hidden, int cluster, int splits)
        : units(hidden / cluster), groups(units / 16), warps(groups * splits), finishing(groups * 2) {}
};

// Byte offsets in the dynamic shared memory of the forward kernel.
struct GruResetForwardLayout {
    int stateBytes; // of h, and of r*h behind it, of one n-tile
    int partials;
    int rows;
    int kept; // what the second part of a step needs of the first
    int inputs;
    int chunks; // where a finishing warp turns 8 units x 8 samples round
    int barriers;
    int total;

    FRNN_BOTH_SIDES constexpr GruResetForwardLayout(const GruResetForwardGeometry &g, int hidden, int splits, int sampleTiles)
        : stateBytes(hidden * kTileSamples * 2), partials(sampleTiles * 2 * stateBytes), rows(partials + 2 * g.finishing * (splits - 1) * 256),
          kept(rows + sampleTiles * kTileSamples * int(sizeof(SampleRow))), inputs(kept + sampleTiles * g.finishing * 512),
          chunks(inputs + g.finishing * kStages * kTileSamples * inputPitch(3)), barriers(chunks + g.finishing * 128),
          total(barriers + sampleTiles * 16) {}
};

// A thread has one cell of an n-tile.
struct GruResetBackwardGeometry {
    int units; // per block
    int threads;
    int paddedUnits; // k of one gate's product: whole pairs of k-tiles
    int stride;      // bytes from sample to sample in the staged gradients, 64 modulo 128 against bank conflicts

    FRNN_BOTH_SIDES constexpr GruResetBackwardGeometry(int hidden, int cluster)
        : units(hidden / cluster), threads(units * kTileSamples), paddedUnits((units + 31) / 32 * 32),
          stride(paddedUnits * 6 % 128 == 0 ? paddedUnits * 6 + 64 : paddedUnits * 6) {}
};

struct GruResetBackwardLayout {
    int inboxBytes; // shares of dh, and of the gradient of r*h behind it, of one n-tile
    int staged;
    int rows;
    int kept; // what the second part of a step, and the next step, need of the first
    int saved;
    int barriers;
    int total;

    FRNN_BOTH_SIDES constexpr GruResetBackwardLayout(const GruResetBackwardGeometry &g, int cluster, int sampleTiles)
        : inboxBytes(cluster * g.threads * 4), staged(sampleTiles * 2 * inboxBytes), rows(staged + sampleTiles * kTileSamples * g.stride),
          kept(rows + sampleTiles * kTileSamples * int(sizeof(SampleRow))), saved(kept + sampleTiles * g.threads * 16),
          barriers(saved + g.threads / 32 * kStages * kTileSamples * kSavedPitch), total(barriers + sampleTiles * 16) {}
};

} // namespace frnn
