// The compiled sizes of the chip-wide kernels for many samples, their index maps and what follows from them; shared by kernels,
// plan and tests.
//
// A slice is any number of samples of one direction, cut into n-tiles of 8. Its hidden units are spread over blocks of 16 units,
// as in the kernels for few samples, whose exchange is used. A block has two kinds of warps: eight that only multiply, and eight
// that only finish: add partial sums, apply the cell, publish.
#pragma once

#include "chip_tiles.h"

namespace frnn {

constexpr int kWideWarps = 8; // of either kind
constexpr int kWideThreads = 2 * kWideWarps * 32;
constexpr int kWideMostSampleTiles = 32;
constexpr int kWideHandovers = 4; // n-tiles of partial sums between the two kinds of warps; a power of two

struct WideTile {
    int hidden;         // at most; a multiple of 256
    float least;        // us per step, however few the samples
    float perTile[2];   // us per step and n-tile: GRU, LSTM
};

// Predicted, not measured (NOTES.md).
constexpr WideTile kWideForward[] = {{512, 1.60f, {0.17f, 0.17f}},  {768, 1.70f, {0.18f, 0.20f}},
                                     {1024, 1.80f, {0.21f, 0.27f}}, {1280, 2.20f, {0.27f, 0.34f}}, {1536, 2.40f, {0.34f, 0.42f}},
                                     {2048, 2.80f, {0.65f, 0.90f}}};
constexpr int kWideTiles = sizeOf(kWideForward);
constexpr WideTile kWideBackward[] = {{512, 1.90f, {0.19f, 0.19f}},  {768, 1.95f, {0.23f, 0.23f}},
                                      {1024, 2.05f, {0.29f, 0.29f}}, {1280, 2.50f, {0.38f, 0.38f}}, {1536, 2.75f, {0.46f, 0.46f}},
                                      {2048, 3.30f, {0.95f, 0.95f}}};
static_assert(kWideTiles == sizeOf(kWideBackward), "one range of indices for both passes");

// Backward, the blocks of a team hold the columns of W_hh of all their units, each those of a part of the gate rows.
constexpr int kWideTeam = 4;
constexpr int kWideGateRows = 4; // of a unit in the exchange, whatever its gates

// How a multiplying warp goes about its eighth of k.
struct WideGeometry {
    int pairs;    // of k-tiles
    int together; // n-tiles multiplied with each fragment that is read; more than one where fragments lie in shared memory
    int ring;     // turns (of `together` n-tiles) whose state has room in registers
    int multiplyingRegisters, finishingRegisters;
    ChipFragments fragments;

    FRNN_BOTH_SIDES constexpr WideGeometry(int hidden, int mTiles)
        : pairs(hidden / 32 / kWideWarps), together(hidden > 1024 && hidden <= 1536 ? 2 : 1), ring(hidden > 1024 ? 1 : hidden > 768 ? 2 : 3),
          multiplyingRegisters(hidden > 768 ? 200 : hidden > 512 ? 184 : 144), finishingRegisters(256 - multiplyingRegisters),
          fragments(pairs * 2 * mTiles, (multiplyingRegisters - workingRegisters(hidden, mTiles) - together * (ring * pairs * 4 + mTiles * 4)) / 4) {}

    // Beside fragments, states and sums; found by compiling.
    static FRNN_BOTH_SIDES constexpr int workingRegisters(int hidden, int mTiles) { return hidden <= 768 ? 32 : hidden <= 1024 ? 36 : mTiles == 3 ? 60 : 48; }
};

// How many turns ahead of its product a turn's state is asked for. A state is fresh some 1,000 cycles after its own last product
// and on its way for another 700 to 1,000 of a step of 2,500 or more.
FRNN_BOTH_SIDES constexpr int wideForwardTurnsAhead(int turns, int ring) {
    const int ahead = turns <= 2 ? 0 : turns <= 4 ? 1 : turns <= 6 ? 2 : 3;
    return ahead < ring ? ahead : ring;
}

// Backward it takes two exchanges, some 2,200 cycles of 3,500.
FRNN_BOTH_SIDES constexpr int wideBackwardTurnsAhead(int turns, int ring) {
    return turns / 4 < ring ? turns / 4 : ring;
}

FRNN_BOTH_SIDES constexpr int wideBackwardBlocks(int hidden) {
    return (hidden + kChipUnits * kWideTeam - 1) / (kChipUnits * kWideTeam) * kWideTeam;
}

// Backward exchange, per n-tile two slots of each kind, used in turn. Gate gradients: chunks of 8 gate rows (two units) x 8
// samples, 16 bytes per sample. Shares of dh: for each block from each of its team 16 units x 8 samples.
FRNN_BOTH_SIDES constexpr int wideGradientBytes(int blocks) {
    return blocks * (kChipUnits / 2) * 128;
}

FRNN_BOTH_SIDES constexpr int wideShareBytes(int blocks) {
    return blocks * kWideTeam * kChipCells * 4;
}

// Byte offsets in the dynamic shared memory.
struct WideForwardLayout {
    int barriers; // behind the partial sums: per n-tile handed over and warp, half of the units and sample of a pair, 32 x 4 floats
    int weights;
    int rows;
    int cells;
    int handed; // clock at which a warp was done with a turn
    int total;

    FRNN_BOTH_SIDES constexpr WideForwardLayout(int hidden, int mTiles, int sampleTiles)
        : barriers(kWideHandovers * kWideWarps * 4 * 512), weights(barriers + 128),
          rows(weights + WideGeometry(hidden, mTiles).fragments.sharedBytes()),
          cells(rows + sampleTiles * kTileSamples * int(sizeof(SampleRow))), handed(cells + sampleTiles * kChipCells * 4),
          total(handed + sampleTiles * kWideWarps * 4) {}
};

struct WideBackwardLayout {
    int barriers; // behind the partial sums: per n-tile handed over, warp and block of the team, 32 x 4 floats
    int weights;
    int rows;
    int carried;
    int handed;
    int total;

    FRNN_BOTH_SIDES constexpr WideBackwardLayout(int hidden, int carriedPerCell, int sampleTiles)
        : barriers(kWideHandovers * kWideWarps * kWideTeam * 512), weights(barriers + 128),
          rows(weights + WideGeometry(hidden, kWideTeam).fragments.sharedBytes()),
          carried(rows + sampleTiles * kTileSamples * int(sizeof(SampleRow))), handed(carried + sampleTiles * carriedPerCell * kChipCells * 4),
          total(handed + sampleTiles * kWideWarps * 4) {}
};

} // namespace frnn
