// The plan of the persistent recurrence for several devices: what it takes, what it refuses, and that its numbers fit together.
#include <cstring>
#include <initializer_list>

#include "fusedrnn_recurrence.h"
#include "recurrence/f32_tiles.h"
#include "test.h"

namespace {

FrnnDeviceLimits hopper(int multiprocessors, int of2, int of4, int of8, int of16) {
    FrnnDeviceLimits l{};
    l.structSize = sizeof(l);
    l.computeMajor = 9;
    l.multiprocessors = multiprocessors;
    l.sharedBytesPerBlock = 232448;
    l.clustersOf2 = of2;
    l.clustersOf4 = of4;
    l.clustersOf8 = of8;
    l.clustersOf16 = of16;
    return l;
}

FrnnRecurrenceShape shapeOf(int cell, int pass, int hidden, int64_t batch, int directions) {
    FrnnRecurrenceShape s{};
    s.structSize = sizeof(s);
    s.cell = cell;
    s.dtype = FRNN_BF16;
    s.pass = pass;
    s.directions = directions;
    s.hidden = hidden;
    s.steps = 35;
    s.batch = batch;
    return s;
}

FrnnRecurrencePlan planOf(const FrnnRecurrenceShape &shape, const FrnnDeviceLimits &limits) {
    FrnnRecurrencePlan plan{};
    plan.structSize = sizeof(plan);
    FrnnMessage message{};
    EXPECT(frnn_recurrence_plan(&shape, &limits, &plan, &message) == FRNN_OK);
    return plan;
}

bool refused(const FrnnRecurrenceShape &shape, const FrnnDeviceLimits &limits, const char *reason) {
    const FrnnRecurrencePlan plan = planOf(shape, limits);
    return plan.kind == FRNN_PLAN_NONE && std::strstr(plan.reason, reason) != nullptr;
}

// Every n-tile of every slice has a sample: kernels wait for each.
bool noEmptyTile(int64_t samples, int64_t tileSamples, int64_t batch) {
    const int64_t slices = (batch + samples - 1) / samples, tiles = (samples + tileSamples - 1) / tileSamples, last = batch - (slices - 1) * samples;
    const int64_t share = (last + tiles - 1) / tiles;
    return (last + share - 1) / share == tiles;
}

int samplesOfTile(int cell, int dtype, int tile) {
    if (dtype != FRNN_F32) return frnn::kTileSamples;
    return cell == FRNN_LSTM ? frnn::kLstmF32[tile].samples : cell == FRNN_GRU_RESET_AFTER ? frnn::kGruF32[tile].samples : frnn::kRnnF32[tile].samples;
}

void numbersFitTogether(const FrnnDeviceLimits &limits, int dtype) {
    const int cells[] = {FRNN_RNN_TANH, FRNN_RNN_RELU, FRNN_LSTM, FRNN_GRU_RESET_AFTER};
    const int widths[] = {1, 7, 64, 65, 128, 200, 256, 300, 384, 511, 512};
    const int64_t batches[] = {1, 2, 7, 8, 33, 64, 127, 250, 640, 1000, 100000};
    for (const int cell : cells) {
        for (const int width : widths) {
            for (const int64_t batch : batches) {
                for (int way = 0; way < 4; way++) {
                    FrnnRecurrenceShape shape = shapeOf(cell, way & 1, width, batch, 1 + (way >> 1));
                    shape.dtype = dtype;
                    const FrnnRecurrencePlan p = planOf(shape, limits);
                    if (p.kind == FRNN_PLAN_NONE) {
                        EXPECT(p.reason[0] != 0);
                        EXPECT(limits.clustersOf16 == 0 || limits.sharedBytesPerBlock < 200000);
                        continue;
                    }
                    const int64_t slices = p.clusters / shape.directions;
                    EXPECT(p.hiddenPadded >= width);
                    EXPECT(p.clusters % shape.directions == 0);
                    EXPECT(slices * p.samplesPerCluster >= batch && (slices - 1) * p.samplesPerCluster < batch);
                    EXPECT(noEmptyTile(p.samplesPerCluster, samplesOfTile(cell, dtype, p.tile), batch));
                    EXPECT(p.sharedBytes > 0 && p.sharedBytes <= limits.sharedBytesPerBlock);
                    EXPECT(p.threads % 32 == 0 && p.threads >= 32 && p.threads <= 512);
                    EXPECT(p.clusterSize == 1 || p.clusterSize == 4 || p.clusterSize == 8 || p.clusterSize == 16);
                    EXPECT(p.microsPerStep > 0 && p.workspaceBytes == 0 && p.reason[0] == 0);
                    const FrnnRecurrencePlan again = planOf(shape, limits);
                    EXPECT(std::memcmp(&p, &again, sizeof(p)) == 0);
                }
            }
        }
    }
}

// Chip-wide plans: the blocks of a launch fit the device, and launches and slices cover the batch.
void chipWide(const FrnnDeviceLimits &limits, bool expected) {
    const int cells[] = {FRNN_LSTM, FRNN_GRU_RESET_AFTER};
    const int widths[] = {513, 600, 650, 768, 769, 1000, 1024, 1150, 1281, 1500, 1536};
    const int64_t batches[] = {1, 5, 8, 16, 20, 33, 64, 4000};
    for (const int cell : cells) {
        for (const int width : widths) {
            for (const int64_t batch : batches) {
                for (int way = 0; way < 4; way++) {
                    const bool forward = (way & 1) == FRNN_PASS_FORWARD;
                    const FrnnRecurrenceShape shape = shapeOf(cell, way & 1, width, batch, 1 + (way >> 1));
                    const FrnnRecurrencePlan p = planOf(shape, limits);
                    if (p.kind == FRNN_PLAN_NONE) {
                        EXPECT(p.reason[0] != 0);
                        EXPECT(!expected || batch > 8);
                        continue;
                    }
                    EXPECT(p.kind == FRNN_PLAN_CHIP && batch < 4000);
                    EXPECT(p.hiddenPadded >= width && p.clusterSize * 16 >= width);
                    EXPECT(forward ? p.clustersAtOnce * p.clusterSize <= limits.multiprocessors
                                   : p.clusterSize % 8 == 0 && p.clustersAtOnce * p.clusterSize / 8 <= limits.clustersOf8);
                    EXPECT(p.clustersAtOnce >= 1 && p.clustersAtOnce <= p.clusters);
                    const int64_t slices = p.clusters / shape.directions;
                    EXPECT(p.clusters % shape.directions == 0);
                    EXPECT(slices * p.samplesPerCluster >= batch && (slices - 1) * p.samplesPerCluster < batch);
                    EXPECT(p.sharedBytes > 0 && p.sharedBytes <= limits.sharedBytesPerBlock && p.threads == 256);
                    EXPECT(p.microsPerStep > 0 && p.workspaceBytes > 0 && p.workspaceBytes % 16 == 0 && p.reason[0] == 0);
                }
            }
        }
    }
}

void chipWideChoices(const FrnnDeviceLimits &h100) {
    // 48 blocks of 16 units: two slices side by side, a third in a second launch.
    FrnnRecurrencePlan p = planOf(shapeOf(FRNN_LSTM, FRNN_PASS_FORWARD, 768, 16, 1), h100);
    EXPECT(p.clusterSize == 48 && p.clusters == 2 && p.clustersAtOnce == 2 && p.samplesPerCluster == 8);
    p = planOf(shapeOf(FRNN_LSTM, FRNN_PASS_FORWARD, 768, 8, 2), h100);
    EXPECT(p.clusters == 2 && p.clustersAtOnce == 2 && p.samplesPerCluster == 8);
    // Backward rounds up to whole clusters of 8: 1150 units are 72 blocks, two slices of it do not fit.
    p = planOf(shapeOf(FRNN_GRU_RESET_AFTER, FRNN_PASS_BACKWARD, 1150, 4, 2), h100);
    EXPECT(p.clusterSize == 72 && p.clusters == 2 && p.clustersAtOnce == 1);
    EXPECT(refused(shapeOf(FRNN_LSTM, FRNN_PASS_FORWARD, 1537, 1, 1), h100, "more than 1536 units"));
    EXPECT(refused(shapeOf(FRNN_LSTM, FRNN_PASS_FORWARD, 1024, 4000, 1), h100, "slower than streamed"));
    const FrnnDeviceLimits slice = hopper(60, 30, 14, 7, 0);
    EXPECT(refused(shapeOf(FRNN_LSTM, FRNN_PASS_FORWARD, 1024, 1, 1), slice, "resident"));
    EXPECT(planOf(shapeOf(FRNN_LSTM, FRNN_PASS_FORWARD, 768, 1, 1), slice).kind == FRNN_PLAN_CHIP);
}

void refusals(const FrnnDeviceLimits &h100) {
    FrnnRecurrenceShape shape = shapeOf(FRNN_RNN_TANH, FRNN_PASS_FORWARD, 513, 8, 1);
    EXPECT(planOf(shape, h100).kind == FRNN_PLAN_CLUSTER);
    shape.hidden = 1025;
    EXPECT(refused(shape, h100, "more than 1024 units"));
    shape = shapeOf(FRNN_GRU_RESET_BEFORE, FRNN_PASS_FORWARD, 64, 8, 1);
    EXPECT(refused(shape, h100, "reset-before"));
    shape = shapeOf(FRNN_LSTM, FRNN_PASS_FORWARD, 64, 8, 1);
    shape.dtype = FRNN_F32;
    EXPECT(planOf(shape, h100).kind == FRNN_PLAN_CLUSTER);
    shape.hidden = 513;
    EXPECT(refused(shape, h100, "more than 512 units"));
    shape.hidden = 64;
    shape = shapeOf(FRNN_LSTM, FRNN_PASS_FORWARD, 64, 8, 1);
    FrnnDeviceLimits ampere = h100;
    ampere.computeMajor = 8;
    EXPECT(refused(shape, ampere, "found 8.x"));
    shape.batch = int64_t{1} << 40;
    EXPECT(refused(shape, h100, "elements per step"));
    // Without clusters of 16 the widest LSTM is 384.
    const FrnnDeviceLimits slice = hopper(60, 30, 14, 7, 0);
    EXPECT(refused(shapeOf(FRNN_LSTM, FRNN_PASS_FORWARD, 512, 8, 1), slice, "resident"));
    EXPECT(planOf(shapeOf(FRNN_LSTM, FRNN_PASS_FORWARD, 384, 8, 1), slice).clusterSize == 8);
}

void argumentErrors(const FrnnDeviceLimits &h100) {
    FrnnRecurrencePlan plan{};
    plan.structSize = sizeof(plan);
    FrnnMessage message{};
    FrnnRecurrenceShape shape = shapeOf(FRNN_LSTM, FRNN_PASS_FORWARD, 64, 0, 1);
    EXPECT(frnn_recurrence_plan(&shape, &h100, &plan, &message) == FRNN_ERROR_ARGUMENT);
    EXPECT(std::strstr(message.text, "batch") != nullptr);
    shape.batch = 1;
    shape.directions = 3;
    EXPECT(frnn_recurrence_plan(&shape, &h100, &plan, &message) == FRNN_ERROR_ARGUMENT);
    EXPECT(std::strstr(message.text, "found 3") != nullptr);
    shape.directions = 1;
    shape.structSize--;
    EXPECT(frnn_recurrence_plan(&shape, &h100, &plan, nullptr) == FRNN_ERROR_ARGUMENT);
}

}  // namespace

void planTests() {
    const FrnnDeviceLimits h100 = hopper(132, 66, 30, 15, 7);
    for (const int dtype : {FRNN_BF16, FRNN_F32}) {
        numbersFitTogether(h100, dtype);
        numbersFitTogether(hopper(78, 39, 19, 9, 4), dtype);
        numbersFitTogether(hopper(60, 30, 14, 7, 0), dtype);
    }
    FrnnDeviceLimits small = h100;
    small.sharedBytesPerBlock = 99 * 1024;
    numbersFitTogether(small, FRNN_BF16);
    numbersFitTogether(small, FRNN_F32);
    chipWide(h100, true);
    chipWide(hopper(114, 57, 26, 13, 5), true);
    chipWide(hopper(60, 30, 14, 7, 0), false);
    chipWideChoices(h100);
    refusals(h100);
    argumentErrors(h100);
    // Samples are spread thin while clusters are free, and fill n-tiles once they are not.
    EXPECT(planOf(shapeOf(FRNN_LSTM, FRNN_PASS_FORWARD, 512, 7, 1), h100).samplesPerCluster == 1);
    EXPECT(planOf(shapeOf(FRNN_LSTM, FRNN_PASS_FORWARD, 512, 56, 1), h100).samplesPerCluster == 8);
    EXPECT(planOf(shapeOf(FRNN_LSTM, FRNN_PASS_FORWARD, 512, 28, 2), h100).clusters <= 7);
}
