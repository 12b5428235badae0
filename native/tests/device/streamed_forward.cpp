#include "streamed_layer.h"

#include <utility>

namespace frnn::test {

// The step as one launch per stage: h goes from one tensor to another, so that all blocks read the old one.
void Streamed::stepForward(FrnnCellForwardParams p, const Buffer *values) {
    const bool reset = o.cell == FRNN_GRU_RESET_BEFORE;
    FrnnStepParams s{};
    s.recurrent.columns = s.recurrent.gateStride = s.recurrent.valueStride = stateStride;
    s.recurrent.unitStride = (!reset ? G : p.stage == 0 ? 2 : 1) * stateStride;
    const int64_t bytes = o.type == FRNN_F32 ? 4 : 2;
    for (int64_t d = 0; d < o.D; ++d) {
        const int64_t row = d * gateStride + (p.stage == 1 ? 2 * o.H : 0);
        s.recurrent.weights[d] = at(recurrentWeights) + static_cast<uint64_t>(bytes * row * stateStride);
        s.recurrent.values[d] = values == nullptr ? 0 : at(values) + static_cast<uint64_t>(bytes * d * o.N * stateStride);
    }
    p.recurrent = 0;
    if (o.P == 0) p.hState = at(otherState);
    for (int32_t d = 0; d < (o.apart ? o.D : 1); ++d) {
        p.directionBegin = d;
        p.directionCount = static_cast<int32_t>(o.apart ? 1 : o.D);
        c.call(frnn_step_forward, p, s);
    }
}

void Streamed::forward() {
    const bool reset = o.cell == FRNN_GRU_RESET_BEFORE;
    for (int64_t step = 0; step < o.T; ++step) {
        auto p = stepParams<FrnnCellForwardParams>(step);
        p.cell = o.cell;
        p.recurrentType = recurrent->type();
        p.cellClip = static_cast<float>(o.clip);
        p.zoneout = o.P == 0 ? static_cast<float>(o.zoneout) : 0;
        p.cellZoneout = static_cast<float>(o.cellZoneout);
        p.H = o.H;
        p.gateStride = gateStride;
        p.stateStride = unitStride;
        p.gateInputs = at(gateInputs);
        p.bHn = at(bHn);
        p.hBefore = p.hState = o.P == 0 ? at(hState) : 0;
        p.cBefore = p.cState = o.cell == FRNN_LSTM ? at(cState) : 0;
        p.resetState = reset ? at(resetState) : 0;
        p.resetGates = reset ? at(resetGates) : 0;
        p.y = o.P == 0 ? at(y) : 0;
        p.hRaw = at(hRaw);
        p.savedGates = at(savedGates);
        p.savedCells = at(savedCells);
        p.savedReset = at(savedReset);
        p.recurrent = step == 0 && !o.states ? 0 : at(recurrent);
        if (o.oneLaunch) {
            stepForward(p, p.recurrent == 0 ? nullptr : hState);
            if (reset) {
                p.stage = 1;
                stepForward(p, p.recurrent == 0 ? nullptr : resetState);
            }
            if (o.P == 0) std::swap(hState, otherState);
            finishStep(step);
            continue;
        }
        const int64_t rows = reset ? 2 * o.H : G * o.H;
        recurrent->set(padded(product(dense(*hState, R, stateStride), layer.wHh, rows, 0, G * o.H, R), rows, gateStride));
        perDirection(frnn_cell_forward, p);
        if (reset) {
            const Values sums = product(dense(*resetState, o.H, unitStride), layer.wHh, o.H, 2 * o.H, G * o.H, R);
            recurrent->set(padded(sums, o.H, gateStride));
            p.stage = 1;
            perDirection(frnn_cell_forward, p);
        }
        finishStep(step);
    }
}

// The projection, if there is one.
void Streamed::finishStep(int64_t step) {
    if (o.P == 0) return;
    projected->set(padded(product(slice(*hRaw, step, unitStride, 0, o.H), layer.wHr, o.P, 0, o.P, o.H), o.P, stateStride));
    auto s = stepParams<FrnnStateForwardParams>(step);
    s.projectedType = projected->type();
    s.zoneout = static_cast<float>(o.zoneout);
    s.P = o.P;
    s.stateStride = stateStride;
    s.projected = at(projected);
    s.hState = at(hState);
    s.y = at(y);
    perDirection(frnn_state_forward, s);
}

}  // namespace frnn::test
