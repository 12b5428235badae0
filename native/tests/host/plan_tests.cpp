// The plan of the persistent recurrence for several devices: what it takes, what it refuses, and that its numbers fit together.
#include <initializer_list>

#include "plans.h"
#include "recurrence/f32_tiles.h"
#include "recurrence/tf32_tiles.h"
#include "recurrence/wide_tiles.h"

namespace {

using namespace frnn::test;

// Every n-tile of every slice has a sample: kernels wait for each.
bool noEmptyTile(int64_t samples, int64_t tileSamples, int64_t batch) {
    const int64_t slices = (batch + samples - 1) / samples, tiles = (samples + tileSamples - 1) / tileSamples, last = batch - (slices - 1) * samples;
    const int64_t share = (last + tiles - 1) / tiles;
    return (last + share - 1) / share == tiles;
}

int samplesOfTile(int cell, int dtype, bool tf32, int tile) {
    if (dtype != FRNN_F32 || tf32) return frnn::kTileSamples;
    return cell == FRNN_LSTM ? frnn::kLstmF32[tile].samples : cell == FRNN_GRU_RESET_AFTER ? frnn::kGruF32[tile].samples : frnn::kRnnF32[tile].samples;
}

// A chip-wide plan for many samples: blocks of one launch on the device, samples covered, exact shared memory and workspace.
void wideFitsTogether(const FrnnRecurrencePlan &p, const FrnnRecurrenceShape &shape, const FrnnDeviceLimits &limits) {
    using namespace frnn;
    const bool lstm = shape.cell == FRNN_LSTM, forward = shape.pass == FRNN_PASS_FORWARD;
    EXPECT(lstm || shape.cell == FRNN_GRU_RESET_AFTER);
    EXPECT(p.kind == FRNN_PLAN_WIDE && p.tile >= 0 && p.tile < kWideTiles && p.reason[0] == 0);
    const WideTile *const tiles = forward ? kWideForward : kWideBackward, &tile = tiles[p.tile];
    EXPECT(p.hiddenPadded == tile.hidden && tile.hidden >= shape.hidden && (p.tile == 0 || tiles[p.tile - 1].hidden < shape.hidden));
    // Backward needs whole teams of 4 blocks.
    const int units = forward ? kChipUnits : kChipUnits * kWideTeam, groups = forward ? p.clusterSize : p.clusterSize / kWideTeam;
    EXPECT(forward || p.clusterSize % kWideTeam == 0);
    EXPECT(groups * units >= shape.hidden && (groups - 1) * units < shape.hidden && p.clusterSize * kChipUnits <= tile.hidden);
    EXPECT(p.clustersAtOnce >= 1 && p.clustersAtOnce <= p.clusters && p.clustersAtOnce * p.clusterSize <= limits.multiprocessors);
    // Either everything is resident at once, or one slice per direction was the least there is.
    EXPECT(p.clustersAtOnce == p.clusters || p.clusters == shape.directions);
    const int64_t slices = p.clusters / shape.directions, sampleTiles = (p.samplesPerCluster + 7) / 8;
    EXPECT(p.clusters % shape.directions == 0);
    EXPECT(slices * p.samplesPerCluster >= shape.batch && (slices - 1) * p.samplesPerCluster < shape.batch);
    EXPECT(sampleTiles <= kWideMostSampleTiles && p.threads == 512);
    const int shared = forward ? WideForwardLayout(tile.hidden, lstm ? 4 : 3, int(sampleTiles)).total
                               : WideBackwardLayout(tile.hidden, lstm ? 2 : 1, int(sampleTiles)).total;
    EXPECT(p.sharedBytes == shared && shared <= limits.sharedBytesPerBlock);
    // Forward two slots per n-tile of 2 bytes per unit and sample, for a GRU's state twice that; backward four gates of 2 bytes and
    // a share of 4 from each of a team.
    const int bytesPerCell = forward ? (lstm ? 2 : 4) : 4 * 2 + kWideTeam * 4;
    EXPECT(p.workspaceBytes == sampleTiles * 2 * p.clusterSize * kChipUnits * kTileSamples * bytesPerCell * p.clustersAtOnce);
    EXPECT(p.microsPerStep >= tile.least);
    const FrnnRecurrencePlan again = planOf(shape, limits);
    EXPECT(std::memcmp(&p, &again, sizeof(p)) == 0);
}

void wide(const FrnnDeviceLimits &limits) {
    const int cells[] = {FRNN_LSTM, FRNN_GRU_RESET_AFTER};
    const int widths[] = {400, 512, 513, 520, 640, 650, 768, 1000, 1024, 1025, 1150, 1280, 1500, 1536, 1537, 1900, 2048};
    const int64_t batches[] = {9, 16, 24, 32, 33, 64, 65, 80, 100, 128, 200, 256, 320, 512};
    int found[2] = {};
    for (const int cell : cells) {
        for (const int width : widths) {
            for (const int64_t batch : batches) {
                for (int way = 0; way < 4; way++) {
                    const FrnnRecurrenceShape shape = shapeOf(cell, way & 1, width, batch, 1 + (way >> 1));
                    const FrnnRecurrencePlan p = planOf(shape, limits);
                    if (p.kind != FRNN_PLAN_WIDE) continue;
                    found[way & 1]++;
                    wideFitsTogether(p, shape, limits);
                }
            }
        }
    }
    EXPECT(found[0] > 200 && found[1] > 200);
}

// Registers of both kinds of warps share a multiprocessor's 65,536; a warp's fragments are all somewhere.
void wideGeometry() {
    using namespace frnn;
    for (int i = 0; i < kWideTiles; i++) {
        const int hidden = kWideForward[i].hidden;
        EXPECT(hidden == kWideBackward[i].hidden && hidden % 256 == 0);
        for (int mTiles = 3; mTiles <= 4; mTiles++) {
            const WideGeometry g(hidden, mTiles);
            EXPECT((g.multiplyingRegisters + g.finishingRegisters) * kWideWarps * 32 == 65536);
            EXPECT(g.multiplyingRegisters % 8 == 0 && g.finishingRegisters % 8 == 0 && g.finishingRegisters >= 56);
            EXPECT(g.pairs * 32 * kWideWarps == hidden && g.fragments.count == hidden / 16 * mTiles / kWideWarps);
            EXPECT(g.fragments.kept * 4 + g.together * (g.ring * g.pairs * 4 + mTiles * 4) < g.multiplyingRegisters);
            EXPECT((2 * g.multiplyingRegisters + g.addingRegisters + g.cellRegisters) * kWideWarps / 2 * 32 == 65536);
            EXPECT(g.addingRegisters % 8 == 0 && g.addingRegisters >= 32 && g.cellRegisters % 8 == 0 && g.cellRegisters <= 128);
            EXPECT(g.together <= g.handovers && g.handovers <= kWideMostHandovers && (g.handovers & (g.handovers - 1)) == 0);
            // Up to 1,024 units (nearly) all fragments are in registers.
            EXPECT(hidden > 1024 || g.fragments.count - g.fragments.kept <= 3);
            EXPECT(WideForwardLayout(hidden, mTiles, 8).total <= 232448 && WideBackwardLayout(hidden, 2, 8).total <= 232448);
        }
    }
}

void wideChoices(const FrnnDeviceLimits &h100) {
    // 64 blocks of 16 units: two slices side by side.
    FrnnRecurrencePlan p = planOf(shapeOf(FRNN_LSTM, FRNN_PASS_FORWARD, 1024, 128, 1), h100);
    EXPECT(p.kind == FRNN_PLAN_WIDE && p.clusterSize == 64 && p.clusters == 2 && p.samplesPerCluster == 64);
    p = planOf(shapeOf(FRNN_LSTM, FRNN_PASS_FORWARD, 512, 256, 1), h100);
    EXPECT(p.kind == FRNN_PLAN_CLUSTER);
    p = planOf(shapeOf(FRNN_GRU_RESET_AFTER, FRNN_PASS_FORWARD, 768, 64, 2), h100);
    EXPECT(p.kind == FRNN_PLAN_WIDE && p.clusters == 2 && p.clustersAtOnce == 2 && p.samplesPerCluster == 64);
    // Two slices that do not fit side by side follow each other.
    p = planOf(shapeOf(FRNN_LSTM, FRNN_PASS_FORWARD, 1150, 80, 2), h100);
    EXPECT(p.kind == FRNN_PLAN_WIDE && p.clusterSize == 72 && p.clusters == 2 && p.clustersAtOnce == 1);
    // Backward too: without clusters 1,024 units leave room for two slices.
    p = planOf(shapeOf(FRNN_LSTM, FRNN_PASS_BACKWARD, 1024, 128, 1), h100);
    EXPECT(p.kind == FRNN_PLAN_WIDE && p.clusterSize == 64 && p.clusters == 2 && p.samplesPerCluster == 64);
    p = planOf(shapeOf(FRNN_LSTM, FRNN_PASS_BACKWARD, 1024, 16, 1), h100);
    EXPECT(p.kind == FRNN_PLAN_WIDE && p.clusters == 2 && p.samplesPerCluster == 8);
    p = planOf(shapeOf(FRNN_GRU_RESET_AFTER, FRNN_PASS_BACKWARD, 650, 40, 1), h100);
    EXPECT(p.kind == FRNN_PLAN_WIDE && p.clusterSize == 44 && p.clusters == 3 && p.samplesPerCluster == 14);
    // Few samples stay with the kernels that were made for them.
    EXPECT(planOf(shapeOf(FRNN_LSTM, FRNN_PASS_FORWARD, 1024, 16, 1), h100).kind == FRNN_PLAN_CHIP);
    EXPECT(planOf(shapeOf(FRNN_LSTM, FRNN_PASS_FORWARD, 512, 56, 1), h100).kind == FRNN_PLAN_CLUSTER);
    // More samples never take less time.
    const int widths[] = {512, 768, 1024, 1150, 2048};
    for (const int width : widths) {
        float before = 0;
        for (int64_t batch = 8; batch <= 256; batch += 8) {
            const FrnnRecurrencePlan q = planOf(shapeOf(FRNN_LSTM, FRNN_PASS_FORWARD, width, batch, 1), h100);
            if (q.kind == FRNN_PLAN_NONE) break;
            EXPECT(q.microsPerStep >= before);
            before = q.microsPerStep;
        }
    }
}

void numbersFitTogether(const FrnnDeviceLimits &limits, int dtype, bool tf32 = false) {
    const int cells[] = {FRNN_RNN_TANH, FRNN_RNN_RELU, FRNN_LSTM, FRNN_GRU_RESET_AFTER, FRNN_GRU_RESET_BEFORE};
    const int widths[] = {1, 7, 64, 65, 128, 200, 256, 300, 384, 511, 512};
    const int64_t batches[] = {1, 2, 7, 8, 33, 64, 127, 250, 640, 1000, 100000};
    for (const int cell : cells) {
        for (const int width : widths) {
            for (const int64_t batch : batches) {
                for (int way = 0; way < 4; way++) {
                    FrnnRecurrenceShape shape = shapeOf(cell, way & 1, width, batch, 1 + (way >> 1));
                    shape.dtype = dtype;
                    shape.tf32 = tf32;
                    const FrnnRecurrencePlan p = planOf(shape, limits);
                    if (p.kind == FRNN_PLAN_NONE) {
                        EXPECT(p.reason[0] != 0);
                        if (cell == FRNN_GRU_RESET_BEFORE && dtype == FRNN_F32) continue;
                        EXPECT(limits.clustersOf16 == 0 || limits.sharedBytesPerBlock < 200000);
                        continue;
                    }
                    if (p.kind == FRNN_PLAN_WIDE) {
                        wideFitsTogether(p, shape, limits);
                        continue;
                    }
                    const int64_t slices = p.clusters / shape.directions;
                    EXPECT(p.hiddenPadded >= width);
                    EXPECT(p.clusters % shape.directions == 0);
                    EXPECT(slices * p.samplesPerCluster >= batch && (slices - 1) * p.samplesPerCluster < batch);
                    EXPECT(noEmptyTile(p.samplesPerCluster, samplesOfTile(cell, dtype, tf32, p.tile), batch));
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
                    EXPECT(batch < 4000);
                    if (p.kind == FRNN_PLAN_WIDE) {
                        wideFitsTogether(p, shape, limits);
                        continue;
                    }
                    EXPECT(p.kind == FRNN_PLAN_CHIP);
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
    EXPECT(refused(shapeOf(FRNN_LSTM, FRNN_PASS_BACKWARD, 2049, 1, 1), h100, "more than 2048 units"));
    EXPECT(refused(shapeOf(FRNN_LSTM, FRNN_PASS_FORWARD, 2049, 1, 1), h100, "more than 2048 units"));
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
    shape = shapeOf(FRNN_LSTM, FRNN_PASS_BACKWARD, 128, 1, 1);
    shape.steps = 4194303;
    EXPECT(planOf(shape, h100).kind == FRNN_PLAN_CLUSTER);
    shape.steps++; // a block of 128 units of 4 gates has 2^31 values behind a length
    EXPECT(refused(shape, h100, "more than 4194303 steps"));
    // Without clusters of 16 the widest LSTM in a cluster is 384; chip-wide, 512 units take 32 blocks.
    const FrnnDeviceLimits slice = hopper(60, 30, 14, 7, 0);
    for (const int pass : {FRNN_PASS_FORWARD, FRNN_PASS_BACKWARD}) {
        EXPECT(planOf(shapeOf(FRNN_LSTM, pass, 512, 8, 1), slice).kind == FRNN_PLAN_WIDE);
        EXPECT(refused(shapeOf(FRNN_LSTM, pass, 512, 8, 1), hopper(30, 15, 7, 3, 0), "resident"));
    }
    EXPECT(planOf(shapeOf(FRNN_LSTM, FRNN_PASS_FORWARD, 384, 8, 1), slice).clusterSize == 8);
}

// The GRU that resets before its product: one size of tiles after the other, in clusters, in 16 bits.
void resetBefore(const FrnnDeviceLimits &h100) {
    const int clusterOf[][2] = {{1, 4}, {128, 4}, {129, 8}, {256, 8}, {257, 8}, {384, 8}, {385, 16}, {512, 16}};
    for (const int pass : {FRNN_PASS_FORWARD, FRNN_PASS_BACKWARD}) {
        for (const auto &[hidden, cluster] : clusterOf) {
            const FrnnRecurrencePlan p = planOf(shapeOf(FRNN_GRU_RESET_BEFORE, pass, hidden, 7, 1), h100);
            EXPECT(p.kind == FRNN_PLAN_CLUSTER && p.samplesPerCluster == 1 && p.clusters == 7);
            // Backward, 16 blocks are faster than 8 for 384 units too, while there are clusters of them.
            EXPECT(p.clusterSize == (pass == FRNN_PASS_BACKWARD && hidden > 256 ? 16 : cluster));
            // Two exchanges take longer than one.
            EXPECT(p.microsPerStep > planOf(shapeOf(FRNN_GRU_RESET_AFTER, pass, hidden, 7, 1), h100).microsPerStep);
        }
        EXPECT(refused(shapeOf(FRNN_GRU_RESET_BEFORE, pass, 513, 1, 1), h100, "more than 512 units"));
        EXPECT(refused(shapeOf(FRNN_GRU_RESET_BEFORE, pass, 512, 1, 1), hopper(60, 30, 14, 7, 0), "resident"));
        FrnnRecurrenceShape shape = shapeOf(FRNN_GRU_RESET_BEFORE, pass, 128, 8, 1);
        shape.dtype = FRNN_F32;
        EXPECT(refused(shape, h100, "16-bit storage"));
        shape.dtype = FRNN_F16;
        shape.plans = 1u << FRNN_PLAN_CHIP | 1u << FRNN_PLAN_WIDE;
        EXPECT(refused(shape, h100, "kinds asked for"));
    }
    EXPECT(planOf(shapeOf(FRNN_GRU_RESET_BEFORE, FRNN_PASS_BACKWARD, 384, 200, 1), h100).clusterSize == 8);
    // Several n-tiles in a cluster once there are more samples than clusters take at once; none is left empty.
    const FrnnRecurrencePlan many = planOf(shapeOf(FRNN_GRU_RESET_BEFORE, FRNN_PASS_BACKWARD, 512, 200, 1), h100);
    EXPECT(many.samplesPerCluster > 8 && many.samplesPerCluster <= 32 && noEmptyTile(many.samplesPerCluster, frnn::kTileSamples, 200));
}

// TF32 is for those who ask for it, in F32; everything else stays as it is without.
void byTf32(const FrnnDeviceLimits &h100) {
    using namespace frnn;
    for (const int pass : {FRNN_PASS_FORWARD, FRNN_PASS_BACKWARD}) {
        FrnnRecurrenceShape shape = shapeOf(FRNN_LSTM, pass, 250, 32, 1);
        shape.dtype = FRNN_F32;
        const FrnnRecurrencePlan exact = planOf(shape, h100);
        shape.tf32 = 1;
        const FrnnRecurrencePlan rounding = planOf(shape, h100);
        EXPECT(exact.hiddenPadded == kLstmF32[exact.tile].hidden && rounding.hiddenPadded == kLstmTf32[rounding.tile].hidden);
        EXPECT(rounding.kind == FRNN_PLAN_CLUSTER && rounding.threads == kTf32Threads && rounding.microsPerStep < exact.microsPerStep);
        shape.hidden = 513;
        EXPECT(refused(shape, h100, "more than 512 units"));
        shape.hidden = 250;
        shape.cell = FRNN_GRU_RESET_BEFORE;
        EXPECT(refused(shape, h100, "16-bit storage"));
        shape.cell = FRNN_LSTM;
        shape.zoneout = 1;
        EXPECT(refused(shape, h100, "exact products alone"));
        shape.zoneout = 0;
        FrnnDeviceLimits ampere = h100;
        ampere.computeMajor = 8;
        EXPECT(refused(shape, ampere, "found 8.x"));
        FrnnRecurrencePlan plan{};
        plan.structSize = sizeof(plan);
        FrnnMessage message{};
        shape.dtype = FRNN_BF16;
        EXPECT(frnn_recurrence_plan(&shape, &h100, &plan, &message) == FRNN_ERROR_ARGUMENT && std::strstr(message.text, "tf32") != nullptr);
        shape.dtype = FRNN_F32;
        shape.tf32 = 2;
        EXPECT(frnn_recurrence_plan(&shape, &h100, &plan, &message) == FRNN_ERROR_ARGUMENT && std::strstr(message.text, "found 2") != nullptr);
    }
    // Fragments and layouts: every warp has its share, and what is in shared memory fits beside one n-tile.
    const auto fits = [](const Tf32Tile &t, int gates, int carried) {
        const Tf32ForwardGeometry f(t.hidden, t.cluster, gates);
        const Tf32BackwardGeometry b(t.hidden, t.cluster, gates);
        EXPECT(f.fragments * 4 * kTf32Threads == t.hidden / t.cluster * gates * t.hidden && b.fragments == f.fragments);
        EXPECT(f.splits == 2 || f.splits == 4);
        EXPECT(b.stride % 128 == 64);
        EXPECT(Tf32ForwardLayout(f, t.hidden, 1).total <= 232448 && Tf32BackwardLayout(b, t.cluster, carried, 1).total <= 232448);
    };
    for (const Tf32Tile &t : kLstmTf32) fits(t, 4, 2);
    for (const Tf32Tile &t : kGruTf32) fits(t, 3, 1);
    for (const Tf32Tile &t : kRnnTf32) fits(t, 1, 0);
}

// A kind that is asked for by name is taken wherever it can run, also where another is faster.
void kindsAskedFor(const FrnnDeviceLimits &h100) {
    for (const int pass : {FRNN_PASS_FORWARD, FRNN_PASS_BACKWARD}) {
        for (const int kind : {FRNN_PLAN_CLUSTER, FRNN_PLAN_CHIP, FRNN_PLAN_WIDE}) {
            for (const int cell : {FRNN_LSTM, FRNN_GRU_RESET_AFTER}) {
                FrnnRecurrenceShape shape = shapeOf(cell, pass, 250, 300, 2);
                shape.plans = 1u << kind;
                const FrnnRecurrencePlan p = planOf(shape, h100);
                EXPECT(p.kind == kind && p.hiddenPadded >= 250 && p.reason[0] == 0);
            }
        }
        FrnnRecurrenceShape shape = shapeOf(FRNN_LSTM, pass, 1024, 8, 1);
        shape.plans = 1u << FRNN_PLAN_CLUSTER;
        EXPECT(refused(shape, h100, "one cluster"));
        shape.plans |= 1u << FRNN_PLAN_WIDE;
        EXPECT(planOf(shape, h100).kind == FRNN_PLAN_WIDE);
        shape = shapeOf(FRNN_RNN_TANH, pass, 64, 8, 1);
        shape.plans = 1u << FRNN_PLAN_CHIP | 1u << FRNN_PLAN_WIDE;
        EXPECT(refused(shape, h100, "kinds asked for"));
        shape = shapeOf(FRNN_LSTM, pass, 64, 8, 1);
        shape.dtype = FRNN_F32;
        shape.plans = 1u << FRNN_PLAN_WIDE;
        EXPECT(refused(shape, h100, "kinds asked for"));
    }
}

template <class Tile, int kSize>
bool zonesOut(const Tile (&tiles)[kSize], int tile) {
    return tile >= 0 && tile < kSize && tiles[tile].zoneout;
}

bool hasZoneout(const FrnnRecurrenceShape &shape, int tile) {
    using namespace frnn;
    if (shape.dtype == FRNN_F32) {
        return shape.cell == FRNN_LSTM ? zonesOut(kLstmF32, tile) : shape.cell == FRNN_GRU_RESET_AFTER ? zonesOut(kGruF32, tile) : zonesOut(kRnnF32, tile);
    }
    if (shape.pass == FRNN_PASS_FORWARD) {
        return shape.cell == FRNN_LSTM ? zonesOut(kLstmForward, tile) : shape.cell == FRNN_GRU_RESET_AFTER ? zonesOut(kGruForward, tile) : zonesOut(kRnnForward, tile);
    }
    return shape.cell == FRNN_LSTM ? zonesOut(kLstmBackward, tile) : shape.cell == FRNN_GRU_RESET_AFTER ? zonesOut(kGruBackward, tile) : zonesOut(kRnnBackward, tile);
}

// Only kernels that are compiled with it, with room for what they carry.
void zoneout(const FrnnDeviceLimits &h100) {
    for (const int pass : {FRNN_PASS_FORWARD, FRNN_PASS_BACKWARD}) {
        for (const int cell : {FRNN_LSTM, FRNN_GRU_RESET_AFTER, FRNN_RNN_TANH, FRNN_RNN_RELU}) {
            for (const int hidden : {1, 64, 100, 128, 129, 256, 257, 384, 512}) {
                for (const int batch : {1, 20, 300, 3000}) {
                    for (const int dtype : {FRNN_BF16, FRNN_F32}) {
                        FrnnRecurrenceShape shape = shapeOf(cell, pass, hidden, batch, 1);
                        shape.zoneout = 1;
                        shape.dtype = dtype;
                        const FrnnRecurrencePlan p = planOf(shape, h100);
                        EXPECT(p.kind == FRNN_PLAN_CLUSTER && p.hiddenPadded >= hidden && p.reason[0] == 0 && hasZoneout(shape, p.tile));
                        EXPECT(p.sharedBytes <= h100.sharedBytesPerBlock);
                    }
                }
            }
        }
        FrnnRecurrenceShape shape = shapeOf(FRNN_LSTM, pass, 100, 8, 1);
        shape.plans = 1u << FRNN_PLAN_CLUSTER;
        const FrnnRecurrencePlan without = planOf(shape, h100);
        shape.zoneout = 1;
        const FrnnRecurrencePlan with = planOf(shape, h100);
        // The same tile; an LSTM carries dh of the cells that kept h.
        const int cells = with.hiddenPadded / with.clusterSize * frnn::kTileSamples;
        EXPECT(with.tile == without.tile && with.sharedBytes - without.sharedBytes == (pass == FRNN_PASS_BACKWARD ? cells * 4 : 0));
        shape.hidden = 513;
        EXPECT(refused(shape, h100, "zoneout has kernels in clusters for at most 512 units"));
        shape = shapeOf(FRNN_LSTM, pass, 64, 8, 1);
        shape.zoneout = 1;
        shape.plans = 1u << FRNN_PLAN_CHIP | 1u << FRNN_PLAN_WIDE;
        EXPECT(refused(shape, h100, "zoneout has persistent kernels in clusters alone"));
    }
}

}  // namespace

void planTests() {
    const FrnnDeviceLimits h100 = frnn::test::h100();
    for (const int dtype : {FRNN_BF16, FRNN_F32}) {
        numbersFitTogether(h100, dtype);
        numbersFitTogether(hopper(78, 39, 19, 9, 4), dtype);
        numbersFitTogether(hopper(60, 30, 14, 7, 0), dtype);
    }
    numbersFitTogether(h100, FRNN_F32, true);
    numbersFitTogether(hopper(60, 30, 14, 7, 0), FRNN_F32, true);
    FrnnDeviceLimits small = h100;
    small.sharedBytesPerBlock = 99 * 1024;
    numbersFitTogether(small, FRNN_BF16);
    numbersFitTogether(small, FRNN_F32);
    numbersFitTogether(small, FRNN_F32, true);
    byTf32(h100);
    chipWide(h100, true);
    chipWide(hopper(114, 57, 26, 13, 5), true);
    chipWide(hopper(60, 30, 14, 7, 0), false);
    chipWideChoices(h100);
    wide(h100);
    wide(hopper(114, 57, 26, 13, 5));
    wideGeometry();
    wideChoices(h100);
    refusals(h100);
    resetBefore(h100);
    kindsAskedFor(h100);
    zoneout(h100);
    // Samples are spread thin while clusters are free, and fill n-tiles once they are not.
    EXPECT(planOf(shapeOf(FRNN_LSTM, FRNN_PASS_FORWARD, 512, 7, 1), h100).samplesPerCluster == 1);
    EXPECT(planOf(shapeOf(FRNN_LSTM, FRNN_PASS_FORWARD, 512, 56, 1), h100).samplesPerCluster == 8);
    EXPECT(planOf(shapeOf(FRNN_LSTM, FRNN_PASS_FORWARD, 512, 28, 2), h100).clusters <= 7);
}
