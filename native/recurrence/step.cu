// Checks of a step in one launch, and the kernels of those that find the sums of the input side computed.
#include "step_input.h"
#include "step_kernel.cuh"

namespace frnn {
namespace {

void checkProduct(Check &check, const char *columns, const FrnnStepProduct &product, const FrnnCellForwardParams &p) {
    check.range(columns, product.columns, 1, int64_t{1} << 30).require(product.valueStride >= product.columns, "valueStride must be at least columns");
    check.require(product.unitStride >= product.columns, "unitStride must be at least columns");
    check.require(product.gateStride >= product.columns, "gateStride must be at least columns");
    check.elements("weights", p.H, product.unitStride, 4).elements("weights", product.gateStride, 4);
    check.elements("values", p.N, product.valueStride);
    for (int d = p.directionBegin; d < p.directionBegin + p.directionCount && check.ok(); ++d) {
        check.pointer("weights", product.weights[d], typeBytes(p.type)).optional("values", product.values[d], typeBytes(p.type));
        check.require(product.values[d] == 0 || (product.values[d] != p.hState && product.values[d] != p.resetState) || p.stage == 1,
                      "values may not be written by the same launch");
    }
}

void checkStep(Check &check, const FrnnCellForwardParams &p, const FrnnStepParams &s) {
    check.range("N", p.N, 1, frnn_step_samples(p.type)).range("multipliesInput", s.multipliesInput, 0, 1).absent("recurrent", p.recurrent);
    check.require(p.zoneout == 0.0f && p.cellZoneout == 0.0f, "zoneout is for frnn_cell_forward alone");
    if (!check.ok()) return;
    checkProduct(check, "recurrent.columns", s.recurrent, p);
    if (s.multipliesInput == 0) {
        check.pointer("gateInputs", p.gateInputs, 1).require(alignedProduct(s.recurrent, p.type, p), "recurrent must be aligned to 16 bytes");
        return;
    }
    checkProduct(check, "input.columns", s.input, p);
    check.absent("gateInputs", p.gateInputs).absent("bHn", p.bHn);
    for (int d = 0; d < 2; ++d) check.optional("bIh", s.bIh[d], typeBytes(p.type)).optional("bHh", s.bHh[d], typeBytes(p.type));
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

}  // extern "C"
