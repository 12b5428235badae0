// The compiled sizes of the chip-wide kernels, their index maps and what follows from them; shared by kernels, plan and tests.
//
// A slice is up to 32 samples of one direction. Its hidden units are spread over `blocks` blocks of 16 units, one block per
// multiprocessor; slices that fit the chip run side by side, the others in later launches.
#pragma once

#include "cluster_tiles.h"

namespace frnn {

constexpr int kChipUnits = 16;   // per block
constexpr int kChipWarps = 8;
constexpr int kChipThreads = kChipWarps * 32;
constexpr int kChipCluster = 8;  // backward: blocks that sum each other's shares of dh
constexpr int kChipCells = kChipUnits * kTileSamples; // of one n-tile in one block

struct ChipTile {
    int hidden;    // at most; a multiple of 256
    float base;    // us per step with one n-tile
    float perTile; // us per step and started n-tile beyond the first
};

// The times were measured on an H100 (NOTES.md); the plan only compares them.
constexpr ChipTile kChipForward[] = {{768, 1.50f, 0.85f}, {1024, 1.60f, 0.95f}, {1280, 1.80f, 1.15f}, {1536, 1.95f, 1.05f}};
constexpr ChipTile kChipBackward[] = {{768, 1.80f, 1.00f}, {1024, 2.00f, 1.15f}, {1280, 2.35f, 1.45f}, {1536, 2.55f, 1.40f}};
constexpr int kChipTiles = sizeOf(kChipForward);

// A warp holds its weights as fragments of 512 bytes, 4 registers per lane; what does not fit beside the state it has just
// received stays in shared memory.
struct ChipFragments {
    int count;
    int kept; // in registers

    FRNN_BOTH_SIDES constexpr ChipFragments(int fragments, int room) : count(fragments), kept(fragments < room ? fragments : room) {}
    FRNN_BOTH_SIDES constexpr int sharedBytes() const { return (count - kept) * kChipWarps * 512; }
};

FRNN_BOTH_SIDES constexpr ChipFragments chipForwardFragments(int hidden, int gates) {
    const int pairs = hidden / 32 / kChipWarps; // of k-tiles of one warp; the GRU may receive each in two parts
    return ChipFragments(pairs * 2 * gates, gates == 4 ? 52 - pairs : 52 - 2 * pairs);
}

FRNN_BOTH_SIDES constexpr ChipFragments chipBackwardFragments(int hidden, int gates) {
    const int fragments = hidden / kChipCluster * gates / 16;
    return ChipFragments(fragments, fragments == 40 ? 39 : 44); // found by compiling: all 40 in registers spill one word
}

FRNN_BOTH_SIDES constexpr int chipForwardBlocks(int hidden) {
    return (hidden + kChipUnits - 1) / kChipUnits;
}

FRNN_BOTH_SIDES constexpr int chipBackwardBlocks(int hidden) {
    return (hidden + kChipUnits * kChipCluster - 1) / (kChipUnits * kChipCluster) * kChipCluster;
}

// Forward exchange: per n-tile two slots, used in turn. A slot holds blocks of 8 units x 8 samples, one 16-byte chunk per
// sample. A state that fits 15 bits goes in one part, any other in two parts of 8 bits per value.
FRNN_BOTH_SIDES constexpr int chipStateBytes(int blocks) {
    return blocks * (kChipUnits / 8) * 128;
}

FRNN_BOTH_SIDES constexpr int chipStatePosition(int sample) {
    return (sample & 1) * 4 + sample / 2;
}

// Backward exchange: per n-tile two slots, used in turn. Four units of one sample (a quad) make `packets` packets of three
// words and an epoch; a slot is [quad][packet][sample].
FRNN_BOTH_SIDES constexpr int chipPackets(int gates) {
    return gates == 4 ? 3 : 2;
}

FRNN_BOTH_SIDES constexpr int chipGradientBytes(int blocks, int gates) {
    return blocks * (kChipUnits / 4) * chipPackets(gates) * kTileSamples * 16;
}

// Which word of a quad's 4 * gates / 2 words travels as word i of a packet; -1: none.
FRNN_BOTH_SIDES constexpr int chipPacketWord(int gates, int packet, int i) {
    if (gates != 4) return packet * 3 + i;
    return packet < 2 ? packet * 4 + i : i < 2 ? 3 + i * 4 : -1;
}

// Staged gate gradients of one sample: chunks of 16 bytes, mixed so that neither writing one chunk of all samples nor
// reading four chunks of all samples has bank conflicts.
FRNN_BOTH_SIDES constexpr int chipStagedChunk(int chunk, int sample) {
    return chunk ^ ((sample & 1) << 2 | sample / 2);
}

// Where a cell's tensors of one step lie, and of the step before it in the order of the forward pass.
struct ChipStep {
    int64_t cell;     // index into [T,N,D,H]
    int64_t previous; // the same one forward step earlier; only if hasPrevious
    bool hasPrevious;
};

// Byte offsets in the dynamic shared memory.
struct ChipForwardLayout {
    int weights; // behind two sets of partial sums: per warp, half of the units and sample of a pair, 32 x 4 floats
    int rows;
    int cells;
    int total;

    FRNN_BOTH_SIDES constexpr ChipForwardLayout(int hidden, int gates, int sampleTiles)
        : weights(2 * kChipWarps * 4 * 512), rows(weights + chipForwardFragments(hidden, gates).sharedBytes()),
          cells(rows + sampleTiles * kTileSamples * int(sizeof(SampleRow))), total(cells + sampleTiles * kChipCells * 4) {}
};

struct ChipBackwardLayout {
    int stagedRow; // bytes of one sample
    int staged;    // behind two inboxes per n-tile: shares of dh from all blocks of the cluster
    int weights;
    int rows;
    int carried;
    int barriers;
    int total;

    FRNN_BOTH_SIDES constexpr ChipBackwardLayout(int hidden, int gates, int carriedPerCell, int sampleTiles)
        : stagedRow((hidden / kChipCluster * gates * 2 + 127) / 128 * 128), staged(sampleTiles * 2 * kChipCluster * kChipCells * 4),
          weights(staged + 2 * kTileSamples * stagedRow), rows(weights + chipBackwardFragments(hidden, gates).sharedBytes()), carried(rows + sampleTiles * kTileSamples * int(sizeof(SampleRow))),
          barriers(carried + sampleTiles * carriedPerCell * kChipCells * 4), total(barriers + sampleTiles * 16) {}
};

} // namespace frnn
