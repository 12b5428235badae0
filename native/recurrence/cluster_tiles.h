// The compiled sizes of the cluster kernels and the arithmetic that follows from them; shared by kernels and plan.
#pragma once

#include <stdint.h>

#ifdef __CUDACC__
#define FRNN_BOTH_SIDES __host__ __device__
#else
#define FRNN_BOTH_SIDES
#endif

namespace frnn {

// Samples of one n-tile of the tensor-core product; a cluster works on up to kMaxSampleTiles of them in turn.
constexpr int kTileSamples = 8;
constexpr int kMaxSampleTiles = 4;

// One sample of a cluster, in shared memory.
struct alignas(16) SampleRow {
    int64_t origin; // index of (forward step 0, sample, direction, unit 0) in a [T,N,D,H] tensor
    int32_t length; // steps of this call that it takes, 0 if it has ended before; -1 for padding, which so never is in work
    int32_t sample; // in the batch
};

// Stages of the rings through which gate inputs and saved tensors come in, and how many iterations ahead they are asked for.
constexpr int kStages = 4, kAhead = 3;
// Bytes from sample to sample in a stage; multiples of 16 that spread samples over the banks.
FRNN_BOTH_SIDES constexpr int inputPitch(int gates) {
    return gates >= 3 ? 80 : 48;
}
constexpr int kSavedPitch = 80;

struct ForwardTile {
    int hidden;    // units computed; a multiple of 32 * splits
    int cluster;   // blocks that share them
    int splits;    // warps that share the sum over k of one group of units
    float base;    // us per step: exchange and pointwise part
    float perTile; // us per step and started n-tile beyond the first
    float perRow;  // us per step and sample: what is pushed
    bool zoneout = false; // compiled with it too
};

struct BackwardTile {
    int hidden;
    int cluster;
    int warps;
    int splits; // parts of the sum over a block's own gates; more than one only without a cluster
    float base;
    float perTile;
    float perRow;
    bool zoneout = false;
};

// Weights stay in registers: at most 144 of them per thread. Up to 128 units four blocks are fastest while clusters are free,
// one block where there are many samples: it needs no exchange, but its 8 or 16 warps have all the products to do. The times
// were measured on an H100 (NOTES.md); the plan only compares them. Zoneout is for one tile of a size, the fastest where clusters are
// free, and for fewer sizes: each tile is a kernel more.
constexpr ForwardTile kLstmForward[] = {
    {64, 1, 1, 0.46f, 0.44f, 0.000f}, {128, 1, 1, 0.85f, 1.10f, 0.020f}, {128, 4, 1, 0.485f, 0.55f, 0.000f, true},
    {256, 4, 1, 0.62f, 0.62f, 0.008f}, {256, 8, 1, 0.535f, 0.60f, 0.002f, true}, {384, 8, 2, 0.70f, 0.70f, 0.022f},
    {512, 16, 2, 0.69f, 0.57f, 0.022f, true},
};
constexpr ForwardTile kGruForward[] = {
    {64, 1, 2, 0.57f, 0.55f, 0.000f}, {128, 1, 2, 1.15f, 1.15f, 0.015f}, {128, 4, 2, 0.55f, 0.60f, 0.002f, true},
    {256, 4, 2, 0.68f, 0.70f, 0.010f}, {256, 8, 4, 0.60f, 0.62f, 0.005f, true}, {384, 8, 4, 0.68f, 0.65f, 0.020f},
    {512, 16, 4, 0.68f, 0.55f, 0.030f, true},
};
constexpr ForwardTile kRnnForward[] = {
    {64, 1, 2, 0.45f, 0.45f, 0.000f}, {128, 1, 2, 0.63f, 0.65f, 0.000f}, {128, 4, 2, 0.42f, 0.42f, 0.000f, true},
    {256, 4, 2, 0.47f, 0.48f, 0.004f}, {512, 8, 2, 0.60f, 0.60f, 0.013f, true}, {1024, 16, 4, 0.90f, 0.80f, 0.050f},
};

constexpr BackwardTile kLstmBackward[] = {
    {64, 1, 8, 4, 0.90f, 0.90f, 0.007f}, {128, 1, 8, 2, 1.33f, 1.45f, 0.038f}, {128, 4, 8, 1, 0.51f, 0.62f, 0.006f, true},
    {256, 4, 8, 1, 1.05f, 1.10f, 0.030f}, {256, 8, 8, 1, 0.55f, 0.68f, 0.019f, true}, {384, 8, 12, 1, 0.85f, 0.90f, 0.045f},
    {512, 16, 8, 1, 0.75f, 0.60f, 0.055f, true},
};
constexpr BackwardTile kGruBackward[] = {
    {64, 1, 8, 2, 1.10f, 1.10f, 0.010f}, {128, 1, 8, 2, 1.60f, 1.70f, 0.045f}, {128, 4, 8, 1, 0.67f, 0.75f, 0.007f, true},
    {256, 4, 8, 1, 1.25f, 1.40f, 0.037f}, {256, 8, 8, 1, 0.70f, 0.80f, 0.019f, true}, {384, 8, 12, 1, 1.10f, 1.00f, 0.042f},
    {512, 16, 8, 1, 0.84f, 0.72f, 0.052f, true},
};
constexpr BackwardTile kRnnBackward[] = {
    {64, 1, 8, 2, 0.85f, 0.85f, 0.005f}, {128, 1, 16, 2, 1.00f, 1.00f, 0.008f}, {128, 4, 8, 1, 0.42f, 0.45f, 0.002f, true},
    {256, 4, 8, 1, 0.62f, 0.65f, 0.022f}, {512, 8, 8, 1, 0.75f, 0.75f, 0.060f, true}, {1024, 16, 8, 1, 0.90f, 0.90f, 0.090f},
};

// Floats that backward keeps of a cell from step to step.
FRNN_BOTH_SIDES constexpr int carriedFloats(int gates, bool zoneout) {
    return gates == 4 ? 2 + zoneout : gates == 3 ? 1 : zoneout;
}

template <class Table, int kSize>
constexpr int sizeOf(const Table (&)[kSize]) {
    return kSize;
}

// How the units of one block are spread over its warps in the forward kernel. A group of units is what one warp computes
// in its m-tiles: 8 units for the LSTM (i,f in one m-tile and g,o in the next), 16 for GRU and RNN.
struct ForwardGeometry {
    int units;       // per block
    int groups;      // of units per block
    int warps;
    int finishers;   // warps per group that do the pointwise part
    int pairs;       // pairs of partial sums a lane hands to a finisher
    int cellsPerLane; // of one n-tile in a finishing warp

    FRNN_BOTH_SIDES constexpr ForwardGeometry(int hidden, int cluster, int splits, int groupUnits, int gates)
        : units(hidden / cluster), groups(units / groupUnits), warps(groups * splits), finishers(splits > 1 ? 2 : 1),
          pairs(groupUnits / 8 * gates / finishers), cellsPerLane(groupUnits / 8 * 2 / finishers) {}
};

// Byte offsets in the dynamic shared memory of the forward kernel.
struct ForwardLayout {
    int stateBytes; // one copy of h of one n-tile
    int partials;
    int rows;
    int cells;
    int inputs;
    int chunks; // where a finishing warp turns its 8 units x 8 samples of h round
    int barriers;
    int total;

    FRNN_BOTH_SIDES constexpr ForwardLayout(const ForwardGeometry &g, int hidden, int splits, int gates, int sampleTiles)
        : stateBytes(hidden * kTileSamples * 2), partials(sampleTiles * 2 * stateBytes),
          rows(partials + (splits > 1 ? 2 * g.groups * g.finishers * (splits - 1) * g.pairs * 256 : 0)),
          cells(rows + sampleTiles * kTileSamples * int(sizeof(SampleRow))),
          inputs(cells + sampleTiles * g.groups * g.finishers * g.cellsPerLane * 128),
          chunks(inputs + g.groups * g.finishers * kStages * kTileSamples * inputPitch(gates)),
          barriers(chunks + g.groups * g.finishers * 128),
          total(barriers + sampleTiles * 16) {}
};

struct BackwardGeometry {
    int units;
    int gateRows;     // rows of W_hh of one block: units * gates
    int paddedRows;   // the same, padded to whole pairs of k-tiles for every split
    int sources;      // partial sums that make up one dh
    int cells;        // of one n-tile in one block
    int stride;       // bytes from sample to sample in the staged gate gradients, 64 modulo 128 against bank conflicts

    FRNN_BOTH_SIDES constexpr BackwardGeometry(int hidden, int cluster, int splits, int gates)
        : units(hidden / cluster), gateRows(units * gates), paddedRows((gateRows + 32 * splits - 1) / (32 * splits) * 32 * splits),
          sources(cluster * splits), cells(units * kTileSamples), stride(paddedRows * 2 % 128 == 0 ? paddedRows * 2 + 64 : paddedRows * 2) {}
};

struct BackwardLayout {
    int inboxBytes; // one copy of the partial sums of one n-tile
    int staged;
    int rows;
    int carried;
    int saved;
    int barriers;
    int total;

    FRNN_BOTH_SIDES constexpr BackwardLayout(const BackwardGeometry &g, int carriedPerCell, int sampleTiles)
        : inboxBytes(g.sources * g.cells * 4), staged(sampleTiles * 2 * inboxBytes),
          rows(staged + 2 * kTileSamples * g.stride), carried(rows + sampleTiles * kTileSamples * int(sizeof(SampleRow))),
          saved(carried + sampleTiles * carriedPerCell * g.cells * 4), barriers(saved + g.cells / 32 * kStages * kTileSamples * kSavedPitch),
          total(barriers + sampleTiles * 16) {}
};

} // namespace frnn
