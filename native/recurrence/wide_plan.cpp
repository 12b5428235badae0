// Which chip-wide kernel for many samples runs a shape, and how the samples are spread. Host code only, no CUDA.
#include "wide_plan.h"

#include <stdio.h>

#include <algorithm>

#include "wide_tiles.h"

namespace frnn {
namespace {

void none(FrnnRecurrencePlan &plan, const char *text, int limit) {
    if (plan.kind == FRNN_PLAN_NONE) snprintf(plan.reason, sizeof plan.reason, text, limit);
}

// Of one n-tile and step.
int slotBytes(const FrnnRecurrenceShape &shape, int blocks) {
    if (shape.pass == FRNN_PASS_BACKWARD) return wideGradientBytes(blocks) + wideShareBytes(blocks);
    return chipStateBytes(blocks) * (shape.cell == FRNN_LSTM ? 1 : 2);
}

int sharedBytes(const FrnnRecurrenceShape &shape, int hidden, int sampleTiles) {
    const bool lstm = shape.cell == FRNN_LSTM;
    if (shape.pass == FRNN_PASS_FORWARD) return WideForwardLayout(hidden, lstm ? 4 : 3, sampleTiles).total;
    return WideBackwardLayout(hidden, lstm ? 2 : 1, sampleTiles).total;
}

} // namespace

void planWide(const FrnnRecurrenceShape &shape, const FrnnDeviceLimits &limits, FrnnRecurrencePlan &plan) {
    const bool lstm = shape.cell == FRNN_LSTM, forward = shape.pass == FRNN_PASS_FORWARD;
    const WideTile *const tiles = forward ? kWideForward : kWideBackward;
    int index = 0;
    while (index < kWideTiles && tiles[index].hidden < shape.hidden) index++;
    if (index == kWideTiles) return none(plan, "recurrent weights of more than %d units do not fit on the chip", tiles[index - 1].hidden);
    const WideTile &tile = tiles[index];
    const int blocks = forward ? chipForwardBlocks(shape.hidden) : wideBackwardBlocks(shape.hidden), resident = limits.multiprocessors / blocks;
    if (resident == 0) return none(plan, "the %d blocks that hold the recurrent weights cannot be resident on this device", blocks);

    for (int64_t parts = 1; parts == 1 || parts * shape.directions <= resident; parts++) {
        const int64_t samples = (shape.batch + parts - 1) / parts, perDirection = (shape.batch + samples - 1) / samples;
        const int64_t sampleTiles = (samples + kTileSamples - 1) / kTileSamples, slices = perDirection * shape.directions;
        if (perDirection != parts) continue; // as few slices as these samples need
        if (sampleTiles > kWideMostSampleTiles) continue;
        const int shared = sharedBytes(shape, tile.hidden, int(sampleTiles));
        if (shared > limits.sharedBytesPerBlock) continue;
        const float launches = float((slices + resident - 1) / resident), byProducts = tile.perTile[lstm] * float(sampleTiles);
        const float micros = launches * std::max(tile.least + 0.02f * float(sampleTiles), byProducts);
        if (plan.kind != FRNN_PLAN_NONE && micros >= plan.microsPerStep) continue;
        plan.kind = FRNN_PLAN_WIDE;
        plan.tile = index;
        plan.hiddenPadded = tile.hidden;
        plan.clusterSize = blocks;
        plan.samplesPerCluster = int32_t(samples);
        plan.clusters = int32_t(slices);
        plan.clustersAtOnce = slices < resident ? int32_t(slices) : resident;
        plan.threads = kWideThreads;
        plan.sharedBytes = shared;
        plan.microsPerStep = micros;
        plan.workspaceBytes = sampleTiles * 2 * slotBytes(shape, blocks) * plan.clustersAtOnce;
        plan.reason[0] = 0;
    }
    none(plan, "so many samples on slices of %d blocks are slower than streamed weights", blocks);
}

} // namespace frnn
