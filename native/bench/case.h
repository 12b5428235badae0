// A case of the command line or of a list, and its plan.
#pragma once

#include <istream>
#include <sstream>
#include <stdexcept>
#include <string>

#include "device_buffer.h"
#include "fusedrnn_recurrence.h"
#include "recurrence/chip_tiles.h"
#include "recurrence/cluster_reset_tiles.h"
#include "recurrence/f32_tiles.h"
#include "recurrence/tf32_tiles.h"
#include "recurrence/wide_tiles.h"

namespace bench {

// What the command line changes of plans and data.
struct Override {
    int tiles[2] = {-1, -1}, samples = 0;
    double scale = 1.5, state = 0.9;
    uint32_t plans = 0; // kinds that may be taken, as in FrnnRecurrenceShape
};

struct Case {
    std::string cellName, typeName;
    int cell, dtype, gates, savedGates;
    bool tf32;
    int64_t N, T, H, D;
    bool lengths;
    float clip;
    float zoneout = 0, cellZoneout = 0;
    int tiles[2] = {-1, -1}, samples = 0; // what the list changes of its plans

    bool resetsBefore() const { return cell == FRNN_GRU_RESET_BEFORE; }
    bool gru() const { return cell == FRNN_GRU_RESET_AFTER || resetsBefore(); }
    // Place of gate g of unit u among the rows of the recurrent weights and in rows of the recurrent side's gradients.
    int64_t recurrentRow(int64_t u, int64_t g) const {
        if (!resetsBefore()) return u * gates + g;
        return g < 2 ? u * 2 + g : H * 2 + u;
    }
};

inline bool parse(std::istream &in, Case &c) {
    int lengths;
    if (!(in >> c.cellName >> c.typeName >> c.N >> c.T >> c.H >> c.D >> lengths >> c.clip)) return false;
    c.lengths = lengths != 0;
    c.tf32 = c.typeName == "tf32";
    c.dtype = c.typeName == "f32" || c.tf32 ? FRNN_F32 : c.typeName == "f16" ? FRNN_F16 : FRNN_BF16;
    const size_t suffix = c.cellName.find("-zone");
    const std::string cell = c.cellName.substr(0, suffix);
    c.cell = cell == "lstm"     ? FRNN_LSTM
             : cell == "gru"    ? FRNN_GRU_RESET_AFTER
             : cell == "before" ? FRNN_GRU_RESET_BEFORE
             : cell == "relu"   ? FRNN_RNN_RELU
                                : FRNN_RNN_TANH;
    c.gates = c.cell == FRNN_LSTM ? 4 : c.gru() ? 3 : 1;
    c.savedGates = c.gates > 1 ? 4 : 0;
    const bool zonesOut = suffix != std::string::npos;
    c.zoneout = zonesOut ? 0.3f : 0;
    c.cellZoneout = zonesOut && c.cell == FRNN_LSTM ? 0.4f : 0;
    return true;
}

// A line of a list.
inline bool parseLine(const std::string &line, Case &c) {
    std::istringstream in(line);
    if (line.empty() || line[0] == '#' || !parse(in, c)) return false;
    int forward, backward, samples;
    if (in >> forward >> backward >> samples) {
        c.tiles[FRNN_PASS_FORWARD] = forward;
        c.tiles[FRNN_PASS_BACKWARD] = backward;
        c.samples = samples;
    }
    return true;
}

template <class Tile, int kSize>
int unitsOf(const Tile (&tiles)[kSize], int tile) {
    if (tile >= kSize) throw std::runtime_error("no tile " + std::to_string(tile));
    return tiles[tile].hidden;
}

// Units that a compiled kernel computes.
inline int unitsOfTile(const FrnnRecurrenceShape &shape, int kind, int tile) {
    using namespace frnn;
    const bool forward = shape.pass == FRNN_PASS_FORWARD, lstm = shape.cell == FRNN_LSTM, gru = shape.cell == FRNN_GRU_RESET_AFTER;
    if (kind == FRNN_PLAN_CHIP) return forward ? unitsOf(kChipForward, tile) : unitsOf(kChipBackward, tile);
    if (kind == FRNN_PLAN_WIDE) return forward ? unitsOf(kWideForward, tile) : unitsOf(kWideBackward, tile);
    if (shape.cell == FRNN_GRU_RESET_BEFORE) return forward ? unitsOf(kGruResetForward, tile) : unitsOf(kGruResetBackward, tile);
    if (shape.tf32 != 0) return lstm ? unitsOf(kLstmTf32, tile) : gru ? unitsOf(kGruTf32, tile) : unitsOf(kRnnTf32, tile);
    if (shape.dtype == FRNN_F32) return lstm ? unitsOf(kLstmF32, tile) : gru ? unitsOf(kGruF32, tile) : unitsOf(kRnnF32, tile);
    if (forward) return lstm ? unitsOf(kLstmForward, tile) : gru ? unitsOf(kGruForward, tile) : unitsOf(kRnnForward, tile);
    return lstm ? unitsOf(kLstmBackward, tile) : gru ? unitsOf(kGruBackward, tile) : unitsOf(kRnnBackward, tile);
}

inline FrnnRecurrencePlan planFor(const Case &c, int pass, const FrnnDeviceLimits &limits, const Override &change, FrnnRecurrenceShape &shape) {
    shape = {};
    shape.structSize = sizeof shape;
    shape.cell = c.cell;
    shape.dtype = c.dtype;
    shape.tf32 = c.tf32;
    shape.pass = pass;
    shape.directions = int32_t(c.D);
    shape.hidden = int32_t(c.H);
    shape.plans = change.plans;
    shape.zoneout = c.zoneout > 0;
    shape.steps = c.T;
    shape.batch = c.N;
    FrnnRecurrencePlan plan = {};
    plan.structSize = sizeof plan;
    FrnnMessage message = {};
    must(frnn_recurrence_plan(&shape, &limits, &plan, &message), message, "plan");
    const int tile = change.tiles[pass] >= 0 ? change.tiles[pass] : c.tiles[pass];
    const int samples = change.samples > 0 ? change.samples : c.samples;
    if (plan.kind != FRNN_PLAN_NONE && tile >= 0) {
        plan.tile = tile;
        plan.hiddenPadded = unitsOfTile(shape, plan.kind, tile);
    }
    if (plan.kind != FRNN_PLAN_NONE && samples > 0) {
        plan.samplesPerCluster = samples;
        plan.clusters = int32_t((c.N + samples - 1) / samples * c.D);
    }
    return plan;
}

} // namespace bench
