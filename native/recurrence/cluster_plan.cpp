// Which kernel runs a shape, and how the samples are spread over clusters. Host code only, no CUDA.
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "chip_plan.h"
#include "cluster_reset_tiles.h"
#include "cluster_tiles.h"
#include "f32_tiles.h"
#include "fusedrnn_recurrence.h"
#include "tf32_tiles.h"
#include "wide_plan.h"

namespace {

using namespace frnn;

// What the plan needs to know of a kernel, whatever its cell and pass.
struct Candidate {
    int tile;
    int hidden;
    int cluster;
    int threads;
    int tileSamples;
    int sharedBytes[kMaxSampleTiles]; // for 1, 2, ... n-tiles
    float base, perTile, perRow;
};

constexpr int kMostTiles = 8;

struct Candidates {
    Candidate of[kMostTiles];
    int count = 0;
};

template <int kSize>
void addForward(const ForwardTile (&tiles)[kSize], int groupUnits, int gates, bool zoneout, Candidates &out) {
    static_assert(kSize <= kMostTiles, "more tiles than the plan has room for");
    for (int i = 0; i < kSize; i++) {
        const ForwardTile &t = tiles[i];
        if (zoneout && !t.zoneout) continue;
        const ForwardGeometry geometry(t.hidden, t.cluster, t.splits, groupUnits, gates);
        Candidate &c = out.of[out.count++];
        c = {i, t.hidden, t.cluster, geometry.warps * 32, kTileSamples, {}, t.base, t.perTile, t.perRow};
        for (int n = 0; n < kMaxSampleTiles; n++) c.sharedBytes[n] = ForwardLayout(geometry, t.hidden, t.splits, gates, n + 1).total;
    }
}

template <int kSize>
void addBackward(const BackwardTile (&tiles)[kSize], int gates, bool zoneout, Candidates &out) {
    static_assert(kSize <= kMostTiles, "more tiles than the plan has room for");
    for (int i = 0; i < kSize; i++) {
        const BackwardTile &t = tiles[i];
        if (zoneout && !t.zoneout) continue;
        const BackwardGeometry geometry(t.hidden, t.cluster, t.splits, gates);
        Candidate &c = out.of[out.count++];
        c = {i, t.hidden, t.cluster, t.warps * 32, kTileSamples, {}, t.base, t.perTile, t.perRow};
        for (int n = 0; n < kMaxSampleTiles; n++) c.sharedBytes[n] = BackwardLayout(geometry, carriedFloats(gates, zoneout), n + 1).total;
    }
}

// The GRU that resets before its product.
void addReset(int pass, Candidates &out) {
    static_assert(sizeOf(kGruResetForward) <= kMostTiles && sizeOf(kGruResetBackward) <= kMostTiles, "more tiles than the plan has room for");
    for (int i = 0; pass == FRNN_PASS_FORWARD && i < sizeOf(kGruResetForward); i++) {
        const ForwardTile &t = kGruResetForward[i];
        const GruResetForwardGeometry geometry(t.hidden, t.cluster, t.splits);
        Candidate &c = out.of[out.count++];
        c = {i, t.hidden, t.cluster, geometry.warps * 32, kTileSamples, {}, t.base, t.perTile, t.perRow};
        for (int n = 0; n < kMaxSampleTiles; n++) c.sharedBytes[n] = GruResetForwardLayout(geometry, t.hidden, t.splits, n + 1).total;
    }
    for (int i = 0; pass == FRNN_PASS_BACKWARD && i < sizeOf(kGruResetBackward); i++) {
        const BackwardTile &t = kGruResetBackward[i];
        const GruResetBackwardGeometry geometry(t.hidden, t.cluster);
        Candidate &c = out.of[out.count++];
        c = {i, t.hidden, t.cluster, geometry.threads, kTileSamples, {}, t.base, t.perTile, t.perRow};
        for (int n = 0; n < kMaxSampleTiles; n++) c.sharedBytes[n] = GruResetBackwardLayout(geometry, t.cluster, n + 1).total;
    }
}

template <int kSize>
void addF32(const F32Tile (&tiles)[kSize], int pass, int gates, bool zoneout, Candidates &out) {
    static_assert(kSize <= kMostTiles, "more tiles than the plan has room for");
    for (int i = 0; i < kSize; i++) {
        const F32Tile &t = tiles[i];
        if (zoneout && !t.zoneout) continue;
        Candidate &c = out.of[out.count++];
        c = {i, t.hidden, t.cluster, kF32Threads, t.samples, {}, t.base, t.perTile, 0};
        for (int n = 0; n < kMaxSampleTiles; n++) {
            const F32ForwardGeometry forward(t.hidden, t.cluster, t.samples, gates);
            const F32BackwardGeometry backward(t.hidden, t.cluster, t.samples, gates);
            c.sharedBytes[n] = pass == FRNN_PASS_FORWARD
                                   ? F32ForwardLayout(forward, t.hidden, t.samples, n + 1).total
                                   : F32BackwardLayout(backward, t.cluster, t.samples, carriedFloats(gates, zoneout), n + 1).total;
        }
    }
}

template <int kSize>
void addTf32(const Tf32Tile (&tiles)[kSize], int pass, int gates, Candidates &out) {
    static_assert(kSize <= kMostTiles, "more tiles than the plan has room for");
    for (int i = 0; i < kSize; i++) {
        const Tf32Tile &t = tiles[i];
        const Tf32Times &times = pass == FRNN_PASS_FORWARD ? t.forward : t.backward;
        const Tf32ForwardGeometry forward(t.hidden, t.cluster, gates);
        const Tf32BackwardGeometry backward(t.hidden, t.cluster, gates);
        Candidate &c = out.of[out.count++];
        c = {i, t.hidden, t.cluster, kTf32Threads, kTileSamples, {}, times.base, times.perTile, times.perRow};
        for (int n = 0; n < kMaxSampleTiles; n++) {
            c.sharedBytes[n] = pass == FRNN_PASS_FORWARD ? Tf32ForwardLayout(forward, t.hidden, n + 1).total
                                                         : Tf32BackwardLayout(backward, t.cluster, carriedFloats(gates, false), n + 1).total;
        }
    }
}

Candidates candidatesFor(int cell, int pass, int dtype, bool tf32, bool zoneout) {
    Candidates out;
    if (cell == FRNN_GRU_RESET_BEFORE) {
        if (dtype != FRNN_F32) addReset(pass, out);
        return out;
    }
    if (tf32) {
        if (cell == FRNN_LSTM) addTf32(kLstmTf32, pass, 4, out);
        else if (cell == FRNN_GRU_RESET_AFTER) addTf32(kGruTf32, pass, 3, out);
        else addTf32(kRnnTf32, pass, 1, out);
        return out;
    }
    if (dtype == FRNN_F32) {
        if (cell == FRNN_LSTM) addF32(kLstmF32, pass, 4, zoneout, out);
        else if (cell == FRNN_GRU_RESET_AFTER) addF32(kGruF32, pass, 3, zoneout, out);
        else addF32(kRnnF32, pass, 1, zoneout, out);
        return out;
    }
    if (pass == FRNN_PASS_FORWARD) {
        if (cell == FRNN_LSTM) addForward(kLstmForward, 8, 4, zoneout, out);
        else if (cell == FRNN_GRU_RESET_AFTER) addForward(kGruForward, 16, 3, zoneout, out);
        else addForward(kRnnForward, 16, 1, zoneout, out);
    } else {
        if (cell == FRNN_LSTM) addBackward(kLstmBackward, 4, zoneout, out);
        else if (cell == FRNN_GRU_RESET_AFTER) addBackward(kGruBackward, 3, zoneout, out);
        else addBackward(kRnnBackward, 1, zoneout, out);
    }
    return out;
}

int residentClusters(const FrnnDeviceLimits &limits, int cluster) {
    switch (cluster) {
    case 1: return limits.multiprocessors;
    case 2: return limits.clustersOf2;
    case 4: return limits.clustersOf4;
    case 8: return limits.clustersOf8;
    case 16: return limits.clustersOf16;
    default: return 0;
    }
}

int32_t refuse(FrnnMessage *message, const char *text, long long found) {
    if (message != nullptr) snprintf(message->text, sizeof message->text, text, found);
    return FRNN_ERROR_ARGUMENT;
}

int32_t none(FrnnRecurrencePlan *plan, const char *text, int limit) {
    snprintf(plan->reason, sizeof plan->reason, text, limit);
    return FRNN_OK;
}

} // namespace

extern "C" int32_t frnn_recurrence_plan(const FrnnRecurrenceShape *shape, const FrnnDeviceLimits *limits, FrnnRecurrencePlan *plan,
                                        FrnnMessage *message) {
    if (shape == nullptr || limits == nullptr || plan == nullptr) return refuse(message, "null argument", 0);
    if (shape->structSize != sizeof *shape) return refuse(message, "shape: structSize %lld", shape->structSize);
    if (limits->structSize != sizeof *limits) return refuse(message, "limits: structSize %lld", limits->structSize);
    if (plan->structSize != sizeof *plan) return refuse(message, "plan: structSize %lld", plan->structSize);
    if (shape->cell < FRNN_RNN_TANH || shape->cell > FRNN_GRU_RESET_BEFORE) return refuse(message, "unknown cell %lld", shape->cell);
    if (shape->dtype < FRNN_F32 || shape->dtype > FRNN_F16) return refuse(message, "dtype has to be F32, BF16 or F16, found %lld", shape->dtype);
    if (shape->pass < FRNN_PASS_FORWARD || shape->pass > FRNN_PASS_BACKWARD) return refuse(message, "unknown pass %lld", shape->pass);
    if (shape->directions < 1 || shape->directions > 2) return refuse(message, "directions has to be 1 or 2, found %lld", shape->directions);
    if (shape->hidden < 1) return refuse(message, "hidden has to be at least 1, found %lld", shape->hidden);
    if (shape->steps < 1) return refuse(message, "steps has to be at least 1, found %lld", shape->steps);
    if (shape->batch < 1) return refuse(message, "batch has to be at least 1, found %lld", shape->batch);
    if (shape->zoneout < 0 || shape->zoneout > 1) return refuse(message, "zoneout has to be 0 or 1, found %lld", shape->zoneout);
    if (shape->tf32 != 0 && (shape->tf32 != 1 || shape->dtype != FRNN_F32)) return refuse(message, "tf32 has to be 0, or 1 with F32, found %lld", shape->tf32);
    constexpr uint32_t kKinds = 1u << FRNN_PLAN_CLUSTER | 1u << FRNN_PLAN_CHIP | 1u << FRNN_PLAN_WIDE;
    if ((shape->plans & ~kKinds) != 0) return refuse(message, "unknown kinds of plans %lld", shape->plans);

    *plan = {};
    plan->structSize = sizeof *plan;
    if (limits->computeMajor != 9) return none(plan, "persistent kernels need compute capability 9.0, found %d.x", limits->computeMajor);
    if (shape->cell == FRNN_GRU_RESET_BEFORE && shape->dtype == FRNN_F32) {
        return none(plan, "persistent kernels of the reset-before GRU have 16-bit storage", 0);
    }
    const bool zoneout = shape->zoneout != 0;
    if (zoneout && shape->cell == FRNN_GRU_RESET_BEFORE) return none(plan, "the reset-before GRU has no persistent kernels with zoneout", 0);
    if (zoneout && shape->tf32 != 0) return none(plan, "zoneout has persistent F32 kernels of exact products alone", 0);
    // Inside the kernels a step number, the elements of one step and those of a block's units (at most 128 of 4 gates) behind a length are
    // 32 bits, offsets into tensors 64.
    constexpr int kMostSteps = INT_MAX / (128 * 4);
    const int64_t perStep = shape->directions * int64_t(shape->hidden);
    if (shape->steps > kMostSteps) return none(plan, "more than %d steps", kMostSteps);
    if (shape->batch > INT_MAX / perStep) return none(plan, "elements per step above %d", INT_MAX);

    const auto asked = [&](int kind) { return shape->plans == 0 || (shape->plans >> kind & 1) != 0; };
    const bool inClusters = asked(FRNN_PLAN_CLUSTER);
    const Candidates candidates = candidatesFor(shape->cell, shape->pass, shape->dtype, shape->tf32 != 0, zoneout);
    float best = 0;
    int widest = 0;
    for (int i = 0; i < candidates.count; i++) {
        const Candidate &c = candidates.of[i];
        if (c.hidden > widest) widest = c.hidden;
        const int resident = inClusters ? residentClusters(*limits, c.cluster) : 0;
        if (c.hidden < shape->hidden || resident == 0) continue;
        for (int samples = 1; samples <= kMaxSampleTiles * c.tileSamples; samples++) {
            const int tiles = (samples + c.tileSamples - 1) / c.tileSamples;
            if (c.sharedBytes[tiles - 1] > limits->sharedBytesPerBlock) break;
            const int64_t slices = (shape->batch + samples - 1) / samples;
            if ((shape->batch + slices - 1) / slices != samples) continue; // fewer would do for as many clusters
            // The last slice may be smaller, but each of its n-tiles has to have a sample: an empty one would be waited for.
            const int64_t last = shape->batch - (slices - 1) * samples, share = (last + tiles - 1) / tiles;
            if ((last + share - 1) / share < tiles) continue;
            const int64_t clusters = slices * shape->directions;
            if (clusters * c.cluster > INT_MAX) continue;
            const float waves = float((clusters + resident - 1) / resident);
            const float micros = waves * (c.base + c.perTile * float(tiles - 1) + c.perRow * float(samples));
            if (plan->kind != FRNN_PLAN_NONE && micros >= best) continue;
            best = micros;
            plan->kind = FRNN_PLAN_CLUSTER;
            plan->tile = c.tile;
            plan->hiddenPadded = c.hidden;
            plan->clusterSize = c.cluster;
            plan->samplesPerCluster = samples;
            plan->clusters = int32_t(clusters);
            plan->clustersAtOnce = int32_t(clusters);
            plan->threads = c.threads;
            plan->sharedBytes = c.sharedBytes[tiles - 1];
            plan->microsPerStep = micros;
        }
    }
    if (shape->hidden > widest && zoneout) none(plan, "zoneout has kernels in clusters for at most %d units", widest);
    else if (shape->hidden > widest) none(plan, "recurrent weights of more than %d units do not fit into one cluster", widest);
    else if (plan->kind == FRNN_PLAN_NONE && inClusters) none(plan, "no cluster of the size needed can be resident on this device", 0);
    const bool spreads = (shape->cell == FRNN_LSTM || shape->cell == FRNN_GRU_RESET_AFTER) && shape->dtype != FRNN_F32 && !zoneout;
    if (spreads && (shape->plans == 0 ? shape->hidden > widest : asked(FRNN_PLAN_CHIP))) planChip(*shape, *limits, *plan);
    if (spreads && asked(FRNN_PLAN_WIDE)) planWide(*shape, *limits, *plan);
    if (plan->kind != FRNN_PLAN_NONE) plan->reason[0] = 0;
    else if (plan->reason[0] == 0 && zoneout) none(plan, "zoneout has persistent kernels in clusters alone", 0);
    else if (plan->reason[0] == 0) none(plan, "no plan of the kinds asked for takes this cell and type", 0);
    return FRNN_OK;
}
