// What the persistent recurrence refuses before anything is queued: shapes, and tensors and probabilities that do not fit them.
#include <cstdio>

#include "plans.h"

namespace {

using namespace frnn::test;

void argumentErrors(const FrnnDeviceLimits &h100) {
    FrnnRecurrencePlan plan{};
    plan.structSize = sizeof(plan);
    FrnnMessage message{};
    FrnnRecurrenceShape shape = shapeOf(FRNN_LSTM, FRNN_PASS_FORWARD, 64, 0, 1);
    EXPECT(frnn_recurrence_plan(&shape, &h100, &plan, &message) == FRNN_ERROR_ARGUMENT);
    EXPECT(std::strstr(message.text, "batch") != nullptr);
    shape.batch = 1;
    shape.plans = 1;
    EXPECT(frnn_recurrence_plan(&shape, &h100, &plan, &message) == FRNN_ERROR_ARGUMENT);
    EXPECT(std::strstr(message.text, "kinds of plans") != nullptr);
    shape.plans = 0;
    shape.zoneout = 2;
    EXPECT(frnn_recurrence_plan(&shape, &h100, &plan, &message) == FRNN_ERROR_ARGUMENT);
    EXPECT(std::strstr(message.text, "zoneout") != nullptr);
    shape.zoneout = 0;
    shape.directions = 3;
    EXPECT(frnn_recurrence_plan(&shape, &h100, &plan, &message) == FRNN_ERROR_ARGUMENT);
    EXPECT(std::strstr(message.text, "found 3") != nullptr);
    shape.directions = 1;
    shape.structSize--;
    EXPECT(frnn_recurrence_plan(&shape, &h100, &plan, nullptr) == FRNN_ERROR_ARGUMENT);
}

// Rows of H values decide how wide kernels read and write: a tensor that begins in between is refused before anything is queued.
void misalignedTensors(const FrnnDeviceLimits &h100) {
    FrnnMessage message{};
    const auto forwardRefuses = [&](const FrnnRecurrenceShape &shape, uint64_t FrnnRecurrenceForwardParams::*member, uint64_t offset, const char *text) {
        const FrnnRecurrencePlan plan = planOf(shape, h100);
        FrnnRecurrenceForwardParams p{};
        p.structSize = sizeof(p);
        p.gateInputs = p.weights = p.y = p.hx = p.workspace = 4096;
        p.*member += offset;
        EXPECT(frnn_recurrence_forward(&shape, &plan, &p, &message) == FRNN_ERROR_ARGUMENT);
        EXPECT(std::strstr(message.text, text) != nullptr);
    };
    const auto backwardRefuses = [&](const FrnnRecurrenceShape &shape, uint64_t FrnnRecurrenceBackwardParams::*member, uint64_t offset, const char *text) {
        const FrnnRecurrencePlan plan = planOf(shape, h100);
        FrnnRecurrenceBackwardParams p{};
        p.structSize = sizeof(p);
        p.weights = p.dGates = p.savedGates = p.savedCells = p.dy = p.workspace = 4096;
        p.*member += offset;
        EXPECT(frnn_recurrence_backward(&shape, &plan, &p, &message) == FRNN_ERROR_ARGUMENT);
        EXPECT(std::strstr(message.text, text) != nullptr);
    };
    using Forward = FrnnRecurrenceForwardParams;
    using Backward = FrnnRecurrenceBackwardParams;
    const FrnnRecurrenceShape cluster = shapeOf(FRNN_LSTM, FRNN_PASS_FORWARD, 128, 8, 1);
    forwardRefuses(cluster, &Forward::y, 8, "y is not aligned to 16 bytes");
    const FrnnRecurrenceShape reset = shapeOf(FRNN_GRU_RESET_BEFORE, FRNN_PASS_FORWARD, 128, 8, 1);
    forwardRefuses(reset, &Forward::savedReset, 4096, "savedReset belongs to savedGates");
    forwardRefuses(cluster, &Forward::savedReset, 4096, "savedReset belongs to savedGates");
    forwardRefuses(cluster, &Forward::gateInputs, 8, "gateInputs is not aligned to 16 bytes");
    forwardRefuses(shapeOf(FRNN_LSTM, FRNN_PASS_FORWARD, 100, 8, 1), &Forward::y, 4, "y is not aligned to 8 bytes");
    forwardRefuses(shapeOf(FRNN_LSTM, FRNN_PASS_FORWARD, 101, 8, 1), &Forward::y, 1, "y is not aligned to 2 bytes");
    FrnnRecurrenceShape wide = shapeOf(FRNN_LSTM, FRNN_PASS_FORWARD, 128, 8, 1);
    wide.plans = 1u << FRNN_PLAN_WIDE;
    forwardRefuses(wide, &Forward::hx, 2, "hx is not aligned to 16 bytes");
    FrnnRecurrenceShape single = cluster;
    single.dtype = FRNN_F32;
    forwardRefuses(single, &Forward::savedGates, 4, "savedGates");
    const FrnnRecurrenceShape backward = shapeOf(FRNN_LSTM, FRNN_PASS_BACKWARD, 128, 8, 1);
    backwardRefuses(backward, &Backward::dy, 2, "dy is not aligned to 16 bytes");
    backwardRefuses(backward, &Backward::savedGates, 8, "savedGates is not aligned to 16 bytes");
}

// Probabilities that the plan knows nothing of, or that make no sense for the cell or the pass.
void refusedZoneout(const FrnnDeviceLimits &h100) {
    FrnnMessage message{};
    const auto forwardRefuses = [&](const FrnnRecurrenceShape &shape, float zoneout, float cellZoneout, const char *text) {
        const FrnnRecurrencePlan plan = planOf(shape, h100);
        FrnnRecurrenceForwardParams p{};
        p.structSize = sizeof(p);
        p.gateInputs = p.weights = p.y = 4096;
        p.zoneout = zoneout;
        p.cellZoneout = cellZoneout;
        EXPECT(frnn_recurrence_forward(&shape, &plan, &p, &message) == FRNN_ERROR_ARGUMENT);
        EXPECT(std::strstr(message.text, text) != nullptr);
    };
    FrnnRecurrenceShape lstm = shapeOf(FRNN_LSTM, FRNN_PASS_FORWARD, 128, 8, 1);
    forwardRefuses(lstm, 0.1f, 0, "planned without zoneout");
    forwardRefuses(lstm, 0, 0.1f, "planned without zoneout");
    lstm.zoneout = 1;
    forwardRefuses(lstm, 1.5f, 0, "zoneout");
    FrnnRecurrenceShape gru = shapeOf(FRNN_GRU_RESET_AFTER, FRNN_PASS_FORWARD, 128, 8, 1);
    gru.zoneout = 1;
    forwardRefuses(gru, 0, 0.1f, "cellZoneout is for the LSTM alone");
    lstm.pass = FRNN_PASS_BACKWARD;
    const FrnnRecurrencePlan plan = planOf(lstm, h100);
    FrnnRecurrenceBackwardParams p{};
    p.structSize = sizeof(p);
    p.weights = p.dGates = p.savedGates = p.savedCells = 4096;
    p.zoneout = 0.1f;
    EXPECT(frnn_recurrence_backward(&lstm, &plan, &p, &message) == FRNN_ERROR_ARGUMENT);
    EXPECT(std::strstr(message.text, "zoneout needs random") != nullptr);
}

// Shapes and plans that do not belong together; frnn_recurrence_plan makes none of them.
void unfitPlans() {
    FrnnRecurrenceShape shape{};
    shape.structSize = sizeof(shape);
    shape.cell = FRNN_LSTM;
    shape.pass = FRNN_PASS_FORWARD;
    shape.dtype = FRNN_F32;
    shape.steps = shape.batch = shape.directions = 1;
    shape.hidden = 8;
    FrnnRecurrencePlan plan{};
    plan.structSize = sizeof(plan);
    plan.kind = FRNN_PLAN_CLUSTER;
    plan.clusters = plan.samplesPerCluster = 1;
    plan.hiddenPadded = 128;
    const auto refusedWith = [&](const char *text) {
        FrnnRecurrenceForwardParams p{};
        p.structSize = sizeof(p);
        FrnnMessage message{};
        EXPECT(frnn_recurrence_forward(&shape, &plan, &p, &message) == FRNN_ERROR_ARGUMENT);
        const bool named = std::strstr(message.text, text) != nullptr;
        EXPECT(named);
        if (!named) std::printf("     message: %s, expected: %s\n", message.text, text);
    };
    refusedWith("gateInputs, weights and y are needed");
    shape.zoneout = shape.tf32 = 1;
    refusedWith("TF32 products have no zoneout");
    shape.zoneout = shape.tf32 = 0;
    shape.cell = FRNN_GRU_RESET_BEFORE;
    refusedWith("resets before");
    shape.dtype = FRNN_BF16;
    refusedWith("gateInputs, weights and y are needed");
    plan.kind = FRNN_PLAN_CHIP;
    refusedWith("resets before");
}

}  // namespace

void recurrenceArgumentTests() {
    const FrnnDeviceLimits device = h100();
    argumentErrors(device);
    misalignedTensors(device);
    refusedZoneout(device);
    unfitPlans();
}
