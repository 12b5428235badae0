// A case of the command line or of a list, and its plan.
#pragma once

#include <istream>
#include <string>

#include "device_buffer.h"
#include "fusedrnn_recurrence.h"

namespace bench {

// What the command line changes of plans and data.
struct Override {
    int tiles[2] = {-1, -1}, samples = 0;
    double scale = 1.5, state = 0.9;
};

struct Case {
    std::string cellName, typeName;
    int cell, dtype, gates, savedGates;
    int64_t N, T, H, D;
    bool lengths;
    float clip;
};

inline bool parse(std::istream &in, Case &c) {
    int lengths;
    if (!(in >> c.cellName >> c.typeName >> c.N >> c.T >> c.H >> c.D >> lengths >> c.clip)) return false;
    c.lengths = lengths != 0;
    c.dtype = c.typeName == "f32" ? FRNN_F32 : c.typeName == "f16" ? FRNN_F16 : FRNN_BF16;
    c.cell = c.cellName == "lstm" ? FRNN_LSTM : c.cellName == "gru" ? FRNN_GRU_RESET_AFTER : c.cellName == "relu" ? FRNN_RNN_RELU : FRNN_RNN_TANH;
    c.gates = c.cell == FRNN_LSTM ? 4 : c.cell == FRNN_GRU_RESET_AFTER ? 3 : 1;
    c.savedGates = c.gates > 1 ? 4 : 0;
    return true;
}

inline FrnnRecurrencePlan planFor(const Case &c, int pass, const FrnnDeviceLimits &limits, const Override &change, FrnnRecurrenceShape &shape) {
    shape = {};
    shape.structSize = sizeof shape;
    shape.cell = c.cell;
    shape.dtype = c.dtype;
    shape.pass = pass;
    shape.directions = int32_t(c.D);
    shape.hidden = int32_t(c.H);
    shape.steps = c.T;
    shape.batch = c.N;
    FrnnRecurrencePlan plan = {};
    plan.structSize = sizeof plan;
    FrnnMessage message = {};
    must(frnn_recurrence_plan(&shape, &limits, &plan, &message), message, "plan");
    if (plan.kind != FRNN_PLAN_NONE && change.tiles[pass] >= 0) plan.tile = change.tiles[pass];
    if (plan.kind != FRNN_PLAN_NONE && change.samples > 0) {
        plan.samplesPerCluster = change.samples;
        plan.clusters = int32_t((c.N + change.samples - 1) / change.samples * c.D);
    }
    return plan;
}

} // namespace bench
