// Checks of a step in one launch, and the kernels of those that find the sums of the input side computed.
#include "step_launch.h"
#include "step_kernel.cuh"

namespace frnn {
namespace {

// One tile, whatever the type.
constexpr int64_t SAMPLES_BACKWARD = 8;

template <typename Params>
void checkProduct(Check &check, const char *columns, const FrnnStepProduct &product, const Params &p) {
    check.range(columns, product.columns, 1, int64_t{1} << 30).require(product.valueStride >= product.columns, "valueStride must be at least columns");
    check.require(product.unitStride >= product.columns, "unitStride must be at least columns");
    check.require(product.gateStride >= product.columns, "gateStride must be at least columns");
    check.elements("weights", p.H, product.unitStride, 4).elements("weights", product.gateStride, 4);
    check.elements("values", p.N, product.valueStride);
    for (int d = p.directionBegin; d < p.directionBegin + p.directionCount && check.ok(); ++d) {
        check.pointer("weights", product.weights[d], typeBytes(p.type)).optional("values", product.values[d], typeBytes(p.type));
    }
}

void checkStep(Check &check, const FrnnCellForwardParams &p, const FrnnStepParams &s) {
    check.range("N", p.N, 1, frnn_step_samples(p.type)).range("multipliesInput", s.multipliesInput, 0, 1).absent("recurrent", p.recurrent);
    check.require(p.zoneout == 0.0f && p.cellZoneout == 0.0f, "zoneout is for frnn_cell_forward alone");
    if (!check.ok()) return;
    checkProduct(check, "recurrent.columns", s.recurrent, p);
    for (int d = p.directionBegin; d < p.directionBegin + p.directionCount; ++d) {
        const uint64_t values = s.recurrent.values[d];
        check.require(values == 0 || (values != p.hState && values != p.resetState) || p.stage == 1, "values may not be written by the same launch");
    }
    if (s.multipliesInput == 0) {
        check.pointer("gateInputs", p.gateInputs, 1).require(alignedProduct(s.recurrent, p), "recurrent must be aligned to 16 bytes");
        return;
    }
    checkProduct(check, "input.columns", s.input, p);
    check.absent("gateInputs", p.gateInputs).absent("bHn", p.bHn);
    for (int d = 0; d < 2; ++d) check.optional("bIh", s.bIh[d], typeBytes(p.type)).optional("bHh", s.bHh[d], typeBytes(p.type));
}

void checkStepBackward(Check &check, const FrnnCellBackwardParams &p, const FrnnStepParams &s) {
    check.range("N", p.N, 1, SAMPLES_BACKWARD).range("multipliesInput", s.multipliesInput, 0, 0);
    check.require(p.cell != FRNN_GRU_RESET_BEFORE, "reset-before takes two products per step");
    check.require(p.zoneout == 0.0f && p.cellZoneout == 0.0f, "zoneout is for frnn_cell_backward alone");
    if (!check.ok()) return;
    checkProduct(check, "recurrent.columns", s.recurrent, p);
    check.require(alignedProduct(s.recurrent, p), "recurrent must be aligned to 16 bytes");
}

}  // namespace
}  // namespace frnn

using namespace frnn;

extern "C" {

int32_t frnn_step_samples(int32_t type) { return type == FRNN_F32 ? 8 : 16; }

int32_t frnn_step_forward(const FrnnCellForwardParams *cell, const FrnnStepParams *step, FrnnMessage *message) {
    Check check("frnn_step_forward", message);
    if (!check.params(cell) || !check.params(step)) return check.status();
    checkCellForward(check, *cell);
    if (check.ok()) checkStep(check, *cell, *step);
    if (!check.ok()) return check.status();
    if (step->multipliesInput != 0) {
        launchStepWithInput(*cell, *step);
    } else {
        launchStep<false>(*cell, *step);
    }
    return check.cuda(cudaGetLastError());
}

int32_t frnn_step_backward(const FrnnCellBackwardParams *cell, const FrnnStepParams *step, FrnnMessage *message) {
    Check check("frnn_step_backward", message);
    if (!check.params(cell) || !check.params(step)) return check.status();
    checkCellBackward(check, *cell);
    if (check.ok()) checkStepBackward(check, *cell, *step);
    if (!check.ok()) return check.status();
    switch (cell->cell) {
        case FRNN_LSTM: launchLstmStepBackward(*cell, *step); break;
        case FRNN_GRU_RESET_AFTER: launchGruStepBackward(*cell, *step); break;
        default: launchRnnStepBackward(*cell, *step); break;
    }
    return check.cuda(cudaGetLastError());
}

}  // extern "C"
