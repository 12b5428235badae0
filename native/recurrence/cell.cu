// Checks and dispatch of one streamed time step; the kernels are in the files of the cells.
#include "cell_step.cuh"

namespace frnn {
namespace {

template <typename Params>
void checkStep(Check &check, const Params &p) {
    check.floating("type", p.type).range("cell", p.cell, FRNN_RNN_TANH, FRNN_GRU_RESET_BEFORE);
    check.range("stage", p.stage, 0, p.cell == FRNN_GRU_RESET_BEFORE ? 1 : 0);
    check.positive("T", p.T).positive("N", p.N).positive("H", p.H).range("D", p.D, 1, 2).range("step", p.step, 0, p.T - 1);
    check.range("directionBegin", p.directionBegin, 0, p.D - 1).range("directionCount", p.directionCount, 1, p.D - p.directionBegin);
    check.real("cellClip", p.cellClip, 0, 3.4e38).elements("gates", p.T, p.N, p.D, p.H, 4).optional("lengths", p.lengths, 4);
    if (p.cell != FRNN_LSTM) check.require(p.cellClip == 0.0f, "cellClip is for the LSTM alone");
    check.real("zoneout", p.zoneout, 0, 1).real("cellZoneout", p.cellZoneout, 0, 1).optional("random", p.random, 4);
    if (p.cell != FRNN_LSTM) check.require(p.cellZoneout == 0.0f, "cellZoneout is for the LSTM alone");
}

// Groups of a unit's gates are read and written whole.
int64_t gateGroup(int32_t cell) { return cell == FRNN_LSTM ? 4 : cell == FRNN_GRU_RESET_BEFORE ? 2 : 1; }

template <typename Params>
void checkStrides(Check &check, const Params &p) {
    const int64_t gates = p.cell == FRNN_LSTM ? 4 : p.cell == FRNN_GRU_RESET_AFTER || p.cell == FRNN_GRU_RESET_BEFORE ? 3 : 1;
    check.require(p.gateStride >= p.H * gates, "gateStride must be at least H times the gates");
    check.require(p.gateStride % gateGroup(p.cell) == 0, "gateStride must be a multiple of 4 for the LSTM, of 2 for reset-before");
    check.require(p.stateStride >= p.H, "stateStride must be at least H");
    check.elements("gates", p.T, p.N, p.D, p.gateStride).elements("states", p.T, p.N, p.D, p.stateStride);
}

}  // namespace

void checkCellForward(Check &check, const FrnnCellForwardParams &p) {
    checkStep(check, p);
    if (check.ok()) checkStrides(check, p);
    check.require(p.recurrentType == FRNN_F32 || p.recurrentType == p.type, "recurrentType must be F32 or type");
    const int64_t s = typeBytes(p.type);
    const int64_t r = typeBytes(p.recurrentType);
    const bool lstm = p.cell == FRNN_LSTM;
    const bool reset = p.cell == FRNN_GRU_RESET_BEFORE;
    check.optional("gateInputs", p.gateInputs, lstm ? 4 * s : s);
    check.optional("recurrent", p.recurrent, lstm ? 4 * r : reset && p.stage == 0 ? 2 * r : r);
    check.optional("y", p.y, s).optional("savedGates", p.savedGates, 4 * s).optional("hBefore", p.hBefore, s);
    if (p.cell == FRNN_RNN_TANH || p.cell == FRNN_RNN_RELU) check.absent("savedGates", p.savedGates);
    check.require(p.cType == FRNN_F32 || p.cType == p.type, "cType must be F32 or type");
    if (lstm) {
        check.optional("cBefore", p.cBefore, typeBytes(p.cType)).pointer("cState", p.cState, typeBytes(p.cType));
        check.optional("hState", p.hState, s).optional("hRaw", p.hRaw, s).optional("savedCells", p.savedCells, 4);
        check.require(p.hState != 0 || p.hRaw != 0, "hState or hRaw is needed");
        check.require(p.hState != 0 || p.zoneout == 0.0f, "zoneout needs hState");
    } else {
        check.pointer("hState", p.hState, s).absent("hRaw", p.hRaw);
        check.absent("cState", p.cState).absent("cBefore", p.cBefore).absent("savedCells", p.savedCells);
    }
    if (p.cell == FRNN_GRU_RESET_AFTER) check.optional("bHn", p.bHn, 4);
    else check.absent("bHn", p.bHn);
    if (reset) check.pointer("resetState", p.resetState, s).pointer("resetGates", p.resetGates, 8).optional("savedReset", p.savedReset, s);
}

void checkCellBackward(Check &check, const FrnnCellBackwardParams &p) {
    checkStep(check, p);
    if (check.ok()) checkStrides(check, p);
    const int64_t s = typeBytes(p.type);
    const bool lstm = p.cell == FRNN_LSTM;
    const bool gru = p.cell == FRNN_GRU_RESET_AFTER || p.cell == FRNN_GRU_RESET_BEFORE;
    check.require((p.zoneout == 0.0f && p.cellZoneout == 0.0f) || p.random != 0, "zoneout needs random");
    check.optional("dy", p.dy, s).pointer("dhState", p.dhState, 4);
    check.pointer("dGates", p.dGates, lstm ? 4 * s : s).optional("dGatesFirst", p.dGatesFirst, lstm ? 4 * s : s);
    if (lstm || gru) check.pointer("savedGates", p.savedGates, 4 * s);
    if (lstm) {
        check.pointer("savedCells", p.savedCells, 4).pointer("dcState", p.dcState, 4).optional("cx", p.cx, s).absent("dGatesH", p.dGatesH);
    } else {
        check.pointer("y", p.y, s).absent("dcState", p.dcState);
    }
    if (gru) check.pointer("dGatesH", p.dGatesH, s).optional("hx", p.hx, s);
    if (p.cell == FRNN_GRU_RESET_BEFORE && p.stage == 1) check.pointer("dhReset", p.dhReset, 4);
}

}  // namespace frnn

using namespace frnn;

extern "C" {

int32_t frnn_cell_forward(const FrnnCellForwardParams *params, FrnnMessage *message) {
    Check check("frnn_cell_forward", message);
    if (!check.params(params)) return check.status();
    checkCellForward(check, *params);
    if (check.ok()) check.pointer("gateInputs", params->gateInputs, 1);
    if (!check.ok()) return check.status();
    launchCellForward(*params);
    return check.cuda(cudaGetLastError());
}

int32_t frnn_cell_backward(const FrnnCellBackwardParams *params, FrnnMessage *message) {
    Check check("frnn_cell_backward", message);
    if (!check.params(params)) return check.status();
    checkCellBackward(check, *params);
    if (!check.ok()) return check.status();
    switch (params->cell) {
        case FRNN_LSTM: launchLstmBackward(*params); break;
        case FRNN_GRU_RESET_AFTER: launchGruBackward(*params); break;
        case FRNN_GRU_RESET_BEFORE: launchResetBeforeBackward(*params); break;
        default: launchRnnBackward(*params); break;
    }
    return check.cuda(cudaGetLastError());
}

}  // extern "C"
