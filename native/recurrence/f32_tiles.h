// The compiled sizes of the F32 cluster kernels and the arithmetic that follows from them; shared by kernels and plan.
#pragma once

#include "cluster_tiles.h"

namespace frnn {

constexpr int kF32Threads = 256;
// Weights of a thread that stay in registers, in groups of four; the others lie in shared memory.
constexpr int kF32Kept = 32;

struct F32Tile {
    int hidden;  // units computed
    int cluster; // blocks that share them
    int samples; // of one n-tile: 1 or 8
    float base;  // us per step
    float perTile;
    bool zoneout = false; // compiled with it too
};

// Multiply-adds decide: hidden / cluster * gates * hidden * samples of them per step and block, beside exchange and cell. Times of
// forward, measured on an H100 (NOTES.md) or, for tiles that no measured shape takes, raised as much as the measured ones had to be.
constexpr F32Tile kLstmF32[] = {
    {64, 1, 8, 1.30f, 1.20f}, {128, 4, 1, 0.88f, 0.80f},  {128, 4, 8, 1.60f, 1.25f, true}, {256, 8, 1, 0.95f, 0.88f},
    {256, 8, 8, 2.35f, 2.00f, true}, {512, 16, 1, 1.57f, 1.35f}, {512, 16, 8, 4.87f, 4.50f, true},
};
constexpr F32Tile kGruF32[] = {
    {64, 1, 8, 1.20f, 1.10f}, {128, 4, 1, 0.86f, 0.78f},  {128, 4, 8, 1.45f, 1.10f, true}, {256, 8, 1, 0.92f, 0.85f},
    {256, 8, 8, 2.00f, 1.65f, true}, {512, 16, 1, 1.22f, 1.10f}, {512, 16, 8, 4.31f, 3.95f, true},
};
constexpr F32Tile kRnnF32[] = {
    {64, 1, 8, 0.80f, 0.70f}, {256, 4, 1, 0.90f, 0.83f}, {256, 4, 8, 2.71f, 2.40f, true}, {512, 8, 1, 0.97f, 0.90f}, {512, 8, 8, 3.90f, 3.60f, true},
};

// Forward: a unit's sums over k are shared by `slices` neighbouring lanes, which then finish its samples.
struct F32ForwardGeometry {
    int units;     // per block
    int slices;    // lanes per unit
    int weights;   // groups of four per thread: chunks of k times gates
    int warpUnits; // units of one warp
    int cells;     // a lane finishes, of one n-tile

    FRNN_BOTH_SIDES constexpr F32ForwardGeometry(int hidden, int cluster, int samples, int gates)
        : units(hidden / cluster), slices(kF32Threads / units), weights(hidden / 4 / slices * gates), warpUnits(32 / slices),
          cells(samples > slices ? samples / slices : 1) {}
};

FRNN_BOTH_SIDES constexpr int f32WeightBytes(int weights) {
    return weights > kF32Kept ? (weights - kF32Kept) * kF32Threads * 16 : 0;
}

struct F32ForwardLayout {
    int stateBytes; // one copy of h of one n-tile
    int weights;
    int rows;
    int cells;
    int inputs;
    int turned; // where a warp turns its part of h round
    int barriers;
    int total;

    FRNN_BOTH_SIDES constexpr F32ForwardLayout(const F32ForwardGeometry &g, int hidden, int samples, int sampleTiles)
        : stateBytes(hidden * samples * 4), weights(sampleTiles * 2 * stateBytes), rows(weights + f32WeightBytes(g.weights)),
          cells(rows + sampleTiles * samples * int(sizeof(SampleRow))), inputs(cells + sampleTiles * g.cells * kF32Threads * 4),
          turned(inputs + kStages * g.cells * kF32Threads * 16), barriers(turned + kF32Threads / 32 * g.warpUnits * samples * 4),
          total(barriers + sampleTiles * 16) {}
};

// Backward: four neighbouring units of dh are computed by `slices` neighbouring lanes, each from its part of the block's rows.
struct F32BackwardGeometry {
    int units;
    int slices;
    int chunkRows; // rows of W_hh that go with one 16-byte read of gate gradients: a unit's gates, or four units
    int chunks;    // of a lane
    int cells;     // of a thread, of one n-tile
    int stride;    // staged gate gradients per unit

    FRNN_BOTH_SIDES constexpr F32BackwardGeometry(int hidden, int cluster, int samples, int gates)
        : units(hidden / cluster), slices(kF32Threads / (hidden / 4)), chunkRows(gates == 1 ? 4 : gates),
          chunks(units * gates / chunkRows / slices), cells(units * samples > kF32Threads ? units * samples / kF32Threads : 1),
          stride(gates == 1 ? 1 : 4) {}
};

struct F32BackwardLayout {
    int inboxBytes; // one copy of the shares of dh of one n-tile
    int staged;
    int stagedBytes;
    int weights;
    int rows;
    int carried;
    int saved;
    int barriers;
    int total;

    FRNN_BOTH_SIDES constexpr F32BackwardLayout(const F32BackwardGeometry &g, int cluster, int samples, int carriedPerCell, int sampleTiles)
        : inboxBytes(cluster * g.units * samples * 4), staged(sampleTiles * 2 * inboxBytes), stagedBytes(samples * g.units * g.stride * 4),
          weights(staged + 2 * stagedBytes), rows(weights + f32WeightBytes(g.chunks * g.chunkRows)),
          carried(rows + sampleTiles * samples * int(sizeof(SampleRow))), saved(carried + sampleTiles * carriedPerCell * g.cells * kF32Threads * 4),
          barriers(saved + kStages * g.cells * kF32Threads * 32), total(barriers + sampleTiles * 16) {}
};

} // namespace frnn
