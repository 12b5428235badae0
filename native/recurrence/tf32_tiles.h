// The compiled sizes of the TF32 cluster kernels and the arithmetic that follows from them; shared by kernels and plan.
#pragma once

#include "cluster_tiles.h"

namespace frnn {

constexpr int kTf32Threads = 256, kTf32Warps = kTf32Threads / 32;
// Fragments (four words each) that a thread may keep in registers, as many as do not spill; the others lie in shared memory.
constexpr int kTf32ForwardKept = 36, kTf32BackwardKept = 40;

// Of one pass, us per step, none of them measured: predicted as NOTES.md tells.
struct Tf32Times {
    float base;
    float perTile; // for each started n-tile beyond the first
    float perRow;  // for each sample
};

struct Tf32Tile {
    int hidden;  // units computed
    int cluster; // blocks that share them
    Tf32Times forward, backward;
};

constexpr Tf32Tile kLstmTf32[] = {
    {128, 4, {0.60f, 0.65f, 0.000f}, {0.63f, 0.74f, 0.006f}},
    {256, 8, {0.71f, 0.78f, 0.003f}, {0.73f, 0.86f, 0.019f}},
    {512, 16, {1.24f, 1.20f, 0.045f}, {1.20f, 1.05f, 0.058f}},
};
constexpr Tf32Tile kGruTf32[] = {
    {128, 4, {0.66f, 0.71f, 0.002f}, {0.78f, 0.86f, 0.007f}},
    {256, 8, {0.75f, 0.78f, 0.008f}, {0.85f, 0.96f, 0.020f}},
    {512, 16, {0.95f, 0.85f, 0.055f}, {1.11f, 1.00f, 0.053f}},
};
constexpr Tf32Tile kRnnTf32[] = {
    {256, 4, {0.56f, 0.58f, 0.007f}, {0.70f, 0.74f, 0.023f}},
    {512, 8, {0.73f, 0.75f, 0.029f}, {0.89f, 0.89f, 0.059f}},
};

FRNN_BOTH_SIDES constexpr int tf32WeightBytes(int fragments, int kept) {
    return fragments > kept ? (fragments - kept) * kTf32Threads * 16 : 0;
}

// Forward: a group of units is what one warp computes in its m-tiles, 8 for the LSTM and 16 for the others. Several warps share the
// sum over k of a group; two of them, the finishers, apply the cell.
struct Tf32ForwardGeometry {
    int units;      // per block
    int halves;     // blocks of 8 units in a group
    int groups;     // per block
    int splits;     // warps of a group
    int tiles;      // m-tiles of a group
    int pairs;      // pairs of k-tiles of one warp
    int fragments;  // of one warp
    int cells;      // a finishing lane has of one n-tile

    FRNN_BOTH_SIDES constexpr Tf32ForwardGeometry(int hidden, int cluster, int gates)
        : units(hidden / cluster), halves(gates == 4 ? 1 : 2), groups(units / (8 * halves)), splits(kTf32Warps / groups),
          tiles(gates * halves / 2), pairs(hidden / 16 / splits), fragments(tiles * pairs * 2), cells(halves) {}
};

struct Tf32ForwardLayout {
    int stateBytes; // one copy of h of one n-tile
    int weights;
    int partials;
    int rows;
    int carried;
    int inputs;
    int turned; // where a finishing warp turns its part of h round
    int barriers;
    int total;

    FRNN_BOTH_SIDES constexpr Tf32ForwardLayout(const Tf32ForwardGeometry &g, int hidden, int sampleTiles)
        : stateBytes(hidden * kTileSamples * 4), weights(sampleTiles * 2 * stateBytes), partials(weights + tf32WeightBytes(g.fragments, kTf32ForwardKept)),
          rows(partials + 2 * g.groups * 2 * (g.splits - 1) * g.tiles * 256), carried(rows + sampleTiles * kTileSamples * int(sizeof(SampleRow))),
          inputs(carried + sampleTiles * g.cells * g.groups * 2 * 128), turned(inputs + kStages * g.cells * g.groups * 2 * 512),
          barriers(turned + g.groups * 2 * g.cells * 128), total(barriers + sampleTiles * 16) {}
};

// Backward: the m dimension is the unit of dh, k runs over the gate rows of the block's units.
struct Tf32BackwardGeometry {
    int units;
    int gateRows;  // of one block
    int rowTiles;  // m-tiles of one warp
    int pairs;     // pairs of k-tiles
    int fragments; // of one warp
    int cells;     // of a thread, of one n-tile
    int stride;    // bytes from sample to sample in the staged gate gradients, 64 modulo 128 against bank conflicts
    int savedBytes; // of one cell in the ring: gates, what came before, dy

    FRNN_BOTH_SIDES constexpr Tf32BackwardGeometry(int hidden, int cluster, int gates)
        : units(hidden / cluster), gateRows(units * gates), rowTiles(hidden / 16 / kTf32Warps), pairs(gateRows / 16),
          fragments(rowTiles * pairs * 2), cells(units * kTileSamples / kTf32Threads), stride(gateRows * 4 % 128 == 0 ? gateRows * 4 + 64 : gateRows * 4),
          savedBytes(gates > 1 ? 24 : 8) {}
};

struct Tf32BackwardLayout {
    int inboxBytes; // one copy of the shares of dh of one n-tile
    int staged;
    int stagedBytes;
    int weights;
    int rows;
    int carried;
    int saved;
    int barriers;
    int total;

    FRNN_BOTH_SIDES constexpr Tf32BackwardLayout(const Tf32BackwardGeometry &g, int cluster, int carriedPerCell, int sampleTiles)
        : inboxBytes(cluster * g.units * kTileSamples * 4), staged(sampleTiles * 2 * inboxBytes), stagedBytes(kTileSamples * g.stride),
          weights(staged + 2 * stagedBytes), rows(weights + tf32WeightBytes(g.fragments, kTf32BackwardKept)), carried(rows + sampleTiles * kTileSamples * int(sizeof(SampleRow))),
          saved(carried + sampleTiles * carriedPerCell * g.cells * kTf32Threads * 4), barriers(saved + kStages * g.cells * kTf32Threads * g.savedBytes),
          total(barriers + sampleTiles * 16) {}
};

} // namespace frnn
