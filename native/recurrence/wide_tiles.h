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
constexpr int kWideGroupWarps = 2; // that finish an n-tile: a warp has half of its units or shares, a lane two cells
constexpr int kWideForwardGroups = kWideWarps / kWideGroupWarps;
constexpr int kWideBackwardGroups = kWideForwardGroups / 2; // that add, and as many for the cells
constexpr int kWideMostHandovers = 4; // n-tiles of partial sums between the two kinds of warps
constexpr int kWideFetched = 4; // n-tiles of a group whose inputs are under way

struct WideTile {
    int hidden;         // at most; a multiple of 256
    float least;        // us per step, however few the samples
    float perTile[2];   // us per step and n-tile: GRU, LSTM
};

// Between what the kernels before these took on an H100 and what is expected of these, which have not been timed (NOTES.md): no
// shape leaves kernels that were faster than those before.
constexpr WideTile kWideForward[] = {{512, 1.75f, {0.62f, 0.62f}},  {768, 1.75f, {0.55f, 0.55f}},
                                     {1024, 2.00f, {0.45f, 0.45f}}, {1280, 2.50f, {1.00f, 1.00f}}, {1536, 2.90f, {1.20f, 1.20f}},
                                     {2048, 3.40f, {1.60f, 1.60f}}};
constexpr int kWideTiles = sizeOf(kWideForward);
constexpr WideTile kWideBackward[] = {{512, 2.80f, {0.95f, 0.95f}},  {768, 2.80f, {0.95f, 0.95f}},
                                      {1024, 2.25f, {0.95f, 0.95f}}, {1280, 3.50f, {1.80f, 1.80f}}, {1536, 4.00f, {2.10f, 2.10f}},
                                      {2048, 5.00f, {2.80f, 2.80f}}};
static_assert(kWideTiles == sizeOf(kWideBackward), "one range of indices for both passes");

// Backward, the blocks of a team hold the columns of W_hh of all their units, each those of a part of the gate rows.
constexpr int kWideTeam = 4;
constexpr int kWideGateRows = 4; // of a unit in the exchange, whatever its gates

// How a multiplying warp goes about its eighth of k.
struct WideGeometry {
    int pairs;     // of k-tiles
    int together;  // n-tiles multiplied with each fragment that is read; more than one where fragments lie in shared memory
    int ring;      // turns (of `together` n-tiles) whose state has room in registers
    int handovers; // places for partial sums of n-tiles; a power of two
    int multiplyingRegisters, finishingRegisters;
    int addingRegisters, cellRegisters; // of the finishing warps backward, half of them each
    ChipFragments fragments;

    FRNN_BOTH_SIDES constexpr WideGeometry(int hidden, int mTiles)
        : pairs(hidden / 32 / kWideWarps), together(hidden > 1024 && hidden <= 1536 ? 2 : 1), ring(hidden > 1024 ? 1 : hidden > 768 ? 2 : 3),
          handovers(hidden > 1536 ? kWideMostHandovers / 2 : kWideMostHandovers),
          multiplyingRegisters(hidden > 768 ? 200 : hidden > 512 ? 184 : 144), finishingRegisters(256 - multiplyingRegisters),
          addingRegisters(hidden > 768 ? 32 : hidden > 512 ? 48 : finishingRegisters), cellRegisters(2 * finishingRegisters - addingRegisters),
          fragments(pairs * 2 * mTiles, (multiplyingRegisters - workingRegisters(hidden, mTiles) - together * (ring * pairs * 4 + mTiles * 4)) / 4) {}

    // Beside fragments, states and sums; found by compiling.
    static FRNN_BOTH_SIDES constexpr int workingRegisters(int hidden, int mTiles) {
        if (hidden <= 1024) return hidden <= 768 ? 32 : 36;
        return mTiles == 4 && hidden <= 1536 ? 52 : 60;
    }
};

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

constexpr int kWideBarrierBytes = (kWideMostSampleTiles + kWideMostHandovers) * 8;

FRNN_BOTH_SIDES constexpr int widePartialBytes(int hidden) {
    return WideGeometry(hidden, kWideTeam).handovers * kWideWarps * 4 * 512;
}

// Byte offsets in the dynamic shared memory.
struct WideForwardLayout {
    int barriers; // behind the partial sums: per n-tile handed over, warp and m-tile, 32 x 4 floats
    int inputs;   // per n-tile under way, finishing warp and sample of a pair, 32 x 8 bytes
    int turned;   // per finishing warp, 8 samples x 8 units
    int weights;
    int rows;
    int cells;
    int handed; // clock at which a warp was done with a turn
    int total;

    FRNN_BOTH_SIDES constexpr WideForwardLayout(int hidden, int mTiles, int sampleTiles)
        : barriers(widePartialBytes(hidden)), inputs(barriers + kWideBarrierBytes), turned(inputs + kWideFetched * kWideWarps * 512), weights(turned + kWideWarps * 128),
          rows(weights + WideGeometry(hidden, mTiles).fragments.sharedBytes()),
          cells(rows + sampleTiles * kTileSamples * int(sizeof(SampleRow))), handed(cells + sampleTiles * kChipCells * 4),
          total(handed + sampleTiles * kWideWarps * 4) {}
};

// What of a pair of cells forward saved: four gates of 2 bytes each, what comes before it, dy.
constexpr int kWideSavedBytes = 16 + 8 + 4;

struct WideBackwardLayout {
    int barriers; // behind the partial sums: per n-tile handed over, warp and block of the team, 32 x 4 floats
    int saved;    // per group of warps for the cells and n-tile under way
    int weights;
    int rows;
    int carried;
    int handed;
    int total;

    FRNN_BOTH_SIDES constexpr WideBackwardLayout(int hidden, int carriedPerCell, int sampleTiles)
        : barriers(widePartialBytes(hidden)), saved(barriers + kWideBarrierBytes),
          weights(saved + kWideBackwardGroups * kWideFetched * kWideSavedBytes * kChipCells / 2),
          rows(weights + WideGeometry(hidden, kWideTeam).fragments.sharedBytes()),
          carried(rows + sampleTiles * kTileSamples * int(sizeof(SampleRow))), handed(carried + sampleTiles * carriedPerCell * kChipCells * 4),
          total(handed + sampleTiles * kWideWarps * 4) {}
};

} // namespace frnn
