// Which chip-wide kernel runs a shape, and how the samples are spread. Host code only, no CUDA.
#include "chip_plan.h"

#include <stdio.h>

#include "chip_tiles.h"

namespace frnn {
namespace {

// Steps slower than this are left to the plan that streams the weights.
constexpr float kMostMicros = 7.0f;

void none(FrnnRecurrencePlan &plan, const char *text, int limit) {
    snprintf(plan.reason, sizeof plan.reason, text, limit);
}

int64_t exchangeBytes(const FrnnRecurrenceShape &shape, int blocks, int sampleTiles) {
    const int slots = sampleTiles * 2;
    if (shape.pass == FRNN_PASS_BACKWARD) return int64_t(slots) * chipGradientBytes(blocks, shape.cell == FRNN_LSTM ? 4 : 3);
    const int parts = shape.cell == FRNN_LSTM ? 1 : 2;
    return int64_t(slots) * chipStateBytes(blocks) * parts;
}

int sharedBytes(const FrnnRecurrenceShape &shape, int hidden, int sampleTiles) {
    const bool lstm = shape.cell == FRNN_LSTM;
    if (shape.pass == FRNN_PASS_FORWARD) return ChipForwardLayout(hidden, lstm ? 4 : 3, sampleTiles).total;
    return lstm ? ChipBackwardLayout(hidden, 4, 2, sampleTiles).total : ChipBackwardLayout(hidden, 3, 1, sampleTiles).total;
}

} // namespace

void planChip(const FrnnRecurrenceShape &shape, const FrnnDeviceLimits &limits, FrnnRecurrencePlan &plan) {
    const bool forward = shape.pass == FRNN_PASS_FORWARD;
    const ChipTile *const tiles = forward ? kChipForward : kChipBackward;
    int index = 0;
    while (index < kChipTiles && tiles[index].hidden < shape.hidden) index++;
    if (index == kChipTiles) return none(plan, "recurrent weights of more than %d units do not fit on the chip", tiles[index - 1].hidden);
    const ChipTile &tile = tiles[index];
    const int blocks = forward ? chipForwardBlocks(shape.hidden) : chipBackwardBlocks(shape.hidden);
    const int resident = forward ? limits.multiprocessors / blocks : limits.clustersOf8 / (blocks / kChipCluster);
    if (resident == 0) return none(plan, "the %d blocks that hold the recurrent weights cannot be resident on this device", blocks);

    for (int samples = 1; samples <= kMaxSampleTiles * kTileSamples; samples++) {
        const int sampleTiles = (samples + kTileSamples - 1) / kTileSamples, shared = sharedBytes(shape, tile.hidden, sampleTiles);
        if (shared > limits.sharedBytesPerBlock) break;
        const int64_t perDirection = (shape.batch + samples - 1) / samples, slices = perDirection * shape.directions;
        if ((shape.batch + perDirection - 1) / perDirection != samples) continue; // fewer would do for as many slices
        const float launches = float((slices + resident - 1) / resident);
        const float micros = launches * (tile.base + tile.perTile * float(sampleTiles - 1));
        if ((shape.plans == 0 && micros > kMostMicros) || (plan.kind != FRNN_PLAN_NONE && micros >= plan.microsPerStep)) continue;
        plan.kind = FRNN_PLAN_CHIP;
        plan.tile = index;
        plan.hiddenPadded = tile.hidden;
        plan.clusterSize = blocks;
        plan.samplesPerCluster = samples;
        plan.clusters = int32_t(slices);
        plan.clustersAtOnce = slices < resident ? int32_t(slices) : resident;
        plan.threads = kChipThreads;
        plan.sharedBytes = shared;
        plan.microsPerStep = micros;
        plan.workspaceBytes = exchangeBytes(shape, blocks, sampleTiles) * plan.clustersAtOnce;
    }
    if (plan.kind == FRNN_PLAN_NONE) none(plan, "so many samples in launches of %d slices are slower than streamed weights", resident);
}

} // namespace frnn
