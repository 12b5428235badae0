// Entry points of the persistent recurrence: check what came over the border, hand it to the launcher of the cell.
#include <cuda_runtime.h>
#include <limits.h>
#include <stdio.h>

#include <initializer_list>
#include <utility>

#include "chip_launch.h"
#include "chip_tiles.h"
#include "cluster_args.h"
#include "cluster_launch.h"
#include "common/check.h"
#include "fusedrnn_recurrence.h"
#include "wide_tiles.h"

namespace {

using namespace frnn;

int32_t argument(FrnnMessage *message, const char *text) {
    if (message != nullptr) snprintf(message->text, sizeof message->text, "%s", text);
    return FRNN_ERROR_ARGUMENT;
}

int32_t fromCuda(cudaError_t status, FrnnMessage *message, const char *call) {
    if (status == cudaSuccess) return FRNN_OK;
    if (message != nullptr) snprintf(message->text, sizeof message->text, "%s: %s", call, cudaGetErrorString(status));
    return FRNN_ERROR_CUDA + int32_t(status);
}

// Kernels choose the width of their accesses by H alone: tensors with rows of H values begin where such rows may lie.
constexpr int64_t kWidestAccess = 16;

int64_t rowAlignment(const FrnnRecurrenceShape &shape) {
    const int64_t bytes = int64_t(shape.hidden) * typeBytes(shape.dtype), lowest = bytes & -bytes;
    return lowest < kWidestAccess ? lowest : kWidestAccess;
}

template <class T>
T *pointer(uint64_t address) {
    return reinterpret_cast<T *>(uintptr_t(address));
}

// The part of the arguments that both passes have.
template <class Args>
int32_t fillSizes(const FrnnRecurrenceShape *shape, const FrnnRecurrencePlan *plan, int32_t pass, int64_t firstStep, Args &args,
                  FrnnMessage *message) {
    if (shape == nullptr || plan == nullptr) return argument(message, "null shape or plan");
    if (shape->structSize != sizeof *shape || plan->structSize != sizeof *plan) return argument(message, "structSize of shape or plan");
    if (plan->kind < FRNN_PLAN_CLUSTER || plan->kind > FRNN_PLAN_WIDE) return argument(message, "the plan is none that can be launched");
    if (shape->pass != pass) return argument(message, "the shape was planned for the other pass");
    const int64_t slices = plan->clusters / shape->directions;
    const bool spread = plan->samplesPerCluster >= 1 && slices >= 1 && slices * plan->samplesPerCluster >= shape->batch &&
                        (slices - 1) * plan->samplesPerCluster < shape->batch;
    if (plan->hiddenPadded < shape->hidden || !spread) return argument(message, "the plan belongs to another shape");
    if (shape->cell == FRNN_GRU_RESET_BEFORE && (plan->kind != FRNN_PLAN_CLUSTER || shape->dtype == FRNN_F32)) {
        return argument(message, "the plan is not for the GRU that resets before its product");
    }
    if (firstStep < 0 || firstStep > INT_MAX - shape->steps) return argument(message, "firstStep is out of range");
    if (firstStep > 0 && shape->directions != 1) return argument(message, "a part of a sequence has one direction");
    args.steps = int(shape->steps);
    args.firstStep = int(firstStep);
    args.batch = int(shape->batch);
    args.directions = shape->directions;
    args.hidden = shape->hidden;
    args.slices = int(slices);
    args.samplesPerSlice = plan->samplesPerCluster;
    args.relu = shape->cell == FRNN_RNN_RELU;
    return FRNN_OK;
}

// What both passes have of zoneout.
template <class Params, class Args>
int32_t fillZoneout(const FrnnRecurrenceShape &shape, const FrnnRecurrencePlan &plan, const Params &p, Args &args, FrnnMessage *message) {
    Check check("frnn_recurrence", message);
    check.real("zoneout", p.zoneout, 0, 1).real("cellZoneout", p.cellZoneout, 0, 1).optional("random", p.random, 4);
    const bool zonesOut = plan.kind == FRNN_PLAN_CLUSTER && shape.cell != FRNN_GRU_RESET_BEFORE;
    check.require(shape.zoneout == 0 || zonesOut, "kernels of this kind have no zoneout");
    check.require(shape.zoneout == 0 || shape.tf32 == 0, "kernels of TF32 products have no zoneout");
    if (shape.zoneout == 0) check.require(p.zoneout == 0 && p.cellZoneout == 0, "the shape was planned without zoneout");
    if (shape.cell != FRNN_LSTM) check.require(p.cellZoneout == 0, "cellZoneout is for the LSTM alone");
    if (shape.zoneout != 0 && shape.pass == FRNN_PASS_BACKWARD) check.require(p.random != 0, "zoneout needs random");
    args.zoneout = {pointer<const uint32_t>(p.random), p.zoneout, p.cellZoneout, p.zoneoutStream};
    return check.status();
}

// Of a chip-wide plan, which comes for LSTM and GRU alone.
int32_t fillRun(const FrnnRecurrencePlan *plan, uint64_t workspace, uint64_t stream, ChipRun &run, FrnnMessage *message) {
    if (workspace == 0) return argument(message, "workspace is needed");
    const int tiles = plan->kind == FRNN_PLAN_CHIP ? kChipTiles : kWideTiles;
    if (plan->clustersAtOnce < 1 || plan->tile < 0 || plan->tile >= tiles) return argument(message, "the plan is damaged");
    run = {plan->tile, plan->clusters, plan->clustersAtOnce, pointer<void>(workspace), plan->workspaceBytes, pointer<CUstream_st>(stream)};
    return FRNN_OK;
}

// The tensors of a call, as the kernels of storage type S want them.
template <class S>
ForwardArgsOf<S> tensorsOf(const FrnnRecurrenceForwardParams &p) {
    ForwardArgsOf<S> args = {};
    args.gateInputs = pointer<const S>(p.gateInputs);
    args.weights = pointer<const S>(p.weights);
    args.recurrentBiasN = pointer<const float>(p.recurrentBiasN);
    args.hx = pointer<const S>(p.hx);
    args.cx = pointer<const S>(p.cx);
    args.cellsBefore = pointer<const float>(p.cellsBefore);
    args.lengths = pointer<const int>(p.lengths);
    args.y = pointer<S>(p.y);
    args.hy = pointer<S>(p.hy);
    args.cy = pointer<S>(p.cy);
    args.cellsAfter = pointer<float>(p.cellsAfter);
    args.savedGates = pointer<S>(p.savedGates);
    args.savedCells = pointer<float>(p.savedCells);
    args.error = pointer<uint32_t>(p.error);
    args.cellClip = p.cellClip;
    return args;
}

template <class S>
BackwardArgsOf<S> tensorsOf(const FrnnRecurrenceBackwardParams &p) {
    BackwardArgsOf<S> args = {};
    args.weights = pointer<const S>(p.weights);
    args.hx = pointer<const S>(p.hx);
    args.cx = pointer<const S>(p.cx);
    args.cellsBefore = pointer<const float>(p.cellsBefore);
    args.lengths = pointer<const int>(p.lengths);
    args.y = pointer<const S>(p.y);
    args.savedGates = pointer<const S>(p.savedGates);
    args.savedCells = pointer<const float>(p.savedCells);
    args.dy = pointer<const S>(p.dy);
    args.dhy = pointer<const S>(p.dhy);
    args.dcy = pointer<const S>(p.dcy);
    args.dGates = pointer<S>(p.dGates);
    args.dGatesH = pointer<S>(p.dGatesH);
    args.dGatesFirst = pointer<S>(p.dGatesFirst);
    args.dhx = pointer<S>(p.dhx);
    args.dcx = pointer<S>(p.dcx);
    args.dhCarried = pointer<float>(p.dhCarried);
    args.dcCarried = pointer<float>(p.dcCarried);
    args.error = pointer<uint32_t>(p.error);
    args.cellClip = p.cellClip;
    return args;
}

// hx is read by wide accesses in chip-wide kernels, y and dy in all but those for F32.
int32_t checkAlignment(const FrnnRecurrenceShape &shape, const FrnnRecurrencePlan &plan, const FrnnRecurrenceForwardParams &p, FrnnMessage *message) {
    Check check("frnn_recurrence_forward", message);
    for (const auto &[name, address] : {std::pair("gateInputs", p.gateInputs), std::pair("weights", p.weights), std::pair("savedGates", p.savedGates),
                                        std::pair("savedCells", p.savedCells), std::pair("workspace", p.workspace)}) {
        check.optional(name, address, kWidestAccess);
    }
    if (shape.dtype != FRNN_F32) check.optional("y", p.y, rowAlignment(shape)).optional("savedReset", p.savedReset, rowAlignment(shape));
    if (plan.kind != FRNN_PLAN_CLUSTER) check.optional("hx", p.hx, rowAlignment(shape));
    return check.status();
}

int32_t checkAlignment(const FrnnRecurrenceShape &shape, const FrnnRecurrencePlan &, const FrnnRecurrenceBackwardParams &p, FrnnMessage *message) {
    Check check("frnn_recurrence_backward", message);
    for (const auto &[name, address] : {std::pair("weights", p.weights), std::pair("savedGates", p.savedGates), std::pair("savedCells", p.savedCells),
                                        std::pair("dGates", p.dGates), std::pair("dGatesH", p.dGatesH), std::pair("dGatesFirst", p.dGatesFirst),
                                        std::pair("workspace", p.workspace)}) {
        check.optional(name, address, kWidestAccess);
    }
    if (shape.dtype != FRNN_F32) check.optional("y", p.y, rowAlignment(shape)).optional("dy", p.dy, rowAlignment(shape));
    return check.status();
}

// F32 runs in clusters alone, by exact products or by those of TF32.
template <class Params>
int32_t launchF32(const FrnnRecurrenceShape *shape, const FrnnRecurrencePlan *plan, const Params &params, FrnnMessage *message) {
    auto args = tensorsOf<float>(params);
    int32_t status = fillSizes(shape, plan, shape->pass, params.firstStep, args, message);
    if (status == FRNN_OK) status = fillZoneout(*shape, *plan, params, args, message);
    if (status != FRNN_OK) return status;
    if (plan->kind != FRNN_PLAN_CLUSTER) return argument(message, "the plan belongs to another storage type");
    const auto stream = pointer<CUstream_st>(params.stream);
    using Launch = cudaError_t (*)(int, const decltype(args) &, cudaStream_t);
    const bool lstm = shape->cell == FRNN_LSTM, gru = shape->cell == FRNN_GRU_RESET_AFTER;
    const auto launched = [&](Launch ofLstm, Launch ofGru, Launch ofRnn) { return (lstm ? ofLstm : gru ? ofGru : ofRnn)(plan->tile, args, stream); };
    const cudaError_t result = shape->tf32 != 0      ? launched(launchLstmTf32, launchGruTf32, launchRnnTf32)
                               : shape->zoneout != 0 ? launched(launchZonedLstmF32, launchZonedGruF32, launchZonedRnnF32)
                                                     : launched(launchLstmF32, launchGruF32, launchRnnF32);
    return fromCuda(result, message, "recurrence in F32");
}

// Holds a block on each multiprocessor apart from others by the shared memory it is launched with.
__global__ void occupy() {}

} // namespace

extern "C" int32_t frnn_recurrence_device_limits(int32_t device, FrnnDeviceLimits *limits, FrnnMessage *message) {
    if (limits == nullptr || limits->structSize != sizeof *limits) return argument(message, "limits: structSize");
    cudaDeviceProp properties;
    int32_t status = fromCuda(cudaGetDeviceProperties(&properties, device), message, "cudaGetDeviceProperties");
    if (status != FRNN_OK) return status;
    *limits = {};
    limits->structSize = sizeof *limits;
    limits->computeMajor = properties.major;
    limits->computeMinor = properties.minor;
    limits->multiprocessors = properties.multiProcessorCount;
    limits->sharedBytesPerBlock = int32_t(properties.sharedMemPerBlockOptin);
    if (properties.major != 9) return FRNN_OK;

    int current = 0;
    status = fromCuda(cudaGetDevice(&current), message, "cudaGetDevice");
    if (status == FRNN_OK) status = fromCuda(cudaSetDevice(device), message, "cudaSetDevice");
    if (status != FRNN_OK) return status;
    // More than half of the shared memory: one block per multiprocessor, as the kernels have through their registers.
    const int sharedBytes = limits->sharedBytesPerBlock / 4 * 3;
    status = fromCuda(cudaFuncSetAttribute(occupy, cudaFuncAttributeMaxDynamicSharedMemorySize, sharedBytes), message, "cudaFuncSetAttribute");
    if (status == FRNN_OK) {
        status = fromCuda(cudaFuncSetAttribute(occupy, cudaFuncAttributeNonPortableClusterSizeAllowed, 1), message, "cudaFuncSetAttribute");
    }
    int32_t *const found[] = {&limits->clustersOf2, &limits->clustersOf4, &limits->clustersOf8, &limits->clustersOf16};
    for (int i = 0; i < 4 && status == FRNN_OK; i++) {
        cudaLaunchAttribute attribute = {};
        attribute.id = cudaLaunchAttributeClusterDimension;
        attribute.val.clusterDim.x = 2u << i;
        attribute.val.clusterDim.y = 1;
        attribute.val.clusterDim.z = 1;
        cudaLaunchConfig_t config = {};
        config.gridDim = dim3(2u << i);
        config.blockDim = dim3(256);
        config.dynamicSmemBytes = size_t(sharedBytes);
        config.attrs = &attribute;
        config.numAttrs = 1;
        int clusters = 0;
        status = fromCuda(cudaOccupancyMaxActiveClusters(&clusters, occupy, &config), message, "cudaOccupancyMaxActiveClusters");
        *found[i] = clusters;
    }
    const int32_t back = fromCuda(cudaSetDevice(current), message, "cudaSetDevice");
    return status != FRNN_OK ? status : back;
}

extern "C" int32_t frnn_recurrence_forward(const FrnnRecurrenceShape *shape, const FrnnRecurrencePlan *plan,
                                           const FrnnRecurrenceForwardParams *params, FrnnMessage *message) {
    if (params == nullptr || params->structSize != sizeof *params) return argument(message, "params: structSize");
    ForwardArgs args = tensorsOf<uint16_t>(*params);
    int32_t status = fillSizes(shape, plan, FRNN_PASS_FORWARD, params->firstStep, args, message);
    if (status == FRNN_OK) status = fillZoneout(*shape, *plan, *params, args, message);
    if (status != FRNN_OK) return status;
    if (params->gateInputs == 0 || params->weights == 0 || params->y == 0) return argument(message, "gateInputs, weights and y are needed");
    if (shape->cell == FRNN_LSTM && params->savedGates != 0 && params->savedCells == 0) {
        return argument(message, "savedGates needs savedCells");
    }
    const bool resetsBefore = shape->cell == FRNN_GRU_RESET_BEFORE;
    if ((resetsBefore && params->savedGates != 0) != (params->savedReset != 0)) {
        return argument(message, "savedReset belongs to savedGates of the reset-before GRU");
    }
    const int32_t aligned = checkAlignment(*shape, *plan, *params, message);
    if (aligned != FRNN_OK) return aligned;
    if (shape->dtype == FRNN_F32) return launchF32(shape, plan, *params, message);
    const bool half = shape->dtype == FRNN_F16;
    if (plan->kind != FRNN_PLAN_CLUSTER) {
        ChipRun run;
        const int32_t filled = fillRun(plan, params->workspace, params->stream, run, message);
        if (filled != FRNN_OK) return filled;
        const bool lstm = shape->cell == FRNN_LSTM;
        const auto launch = plan->kind == FRNN_PLAN_WIDE ? (lstm ? launchWideLstmForward : launchWideGruForward)
                                                         : (lstm ? launchChipLstmForward : launchChipGruForward);
        return fromCuda(launch(run, half, args), message, "chip-wide recurrence forward");
    }
    if (resetsBefore) {
        const GruResetForwardArgs reset = {args, pointer<uint16_t>(params->savedReset)};
        return fromCuda(launchGruResetForward(plan->tile, half, reset, pointer<CUstream_st>(params->stream)), message, "recurrence forward");
    }
    const bool lstm = shape->cell == FRNN_LSTM, gru = shape->cell == FRNN_GRU_RESET_AFTER;
    const auto launch = shape->zoneout != 0 ? (lstm ? launchZonedLstmForward : gru ? launchZonedGruForward : launchZonedRnnForward)
                                            : (lstm ? launchLstmForward : gru ? launchGruForward : launchRnnForward);
    return fromCuda(launch(plan->tile, half, args, pointer<CUstream_st>(params->stream)), message, "recurrence forward");
}

extern "C" int32_t frnn_recurrence_backward(const FrnnRecurrenceShape *shape, const FrnnRecurrencePlan *plan,
                                            const FrnnRecurrenceBackwardParams *params, FrnnMessage *message) {
    if (params == nullptr || params->structSize != sizeof *params) return argument(message, "params: structSize");
    BackwardArgs args = tensorsOf<uint16_t>(*params);
    int32_t status = fillSizes(shape, plan, FRNN_PASS_BACKWARD, params->firstStep, args, message);
    if (status == FRNN_OK) status = fillZoneout(*shape, *plan, *params, args, message);
    if (status != FRNN_OK) return status;
    const bool lstm = shape->cell == FRNN_LSTM, resetsBefore = shape->cell == FRNN_GRU_RESET_BEFORE;
    const bool gru = resetsBefore || shape->cell == FRNN_GRU_RESET_AFTER;
    if (params->weights == 0 || params->dGates == 0) return argument(message, "weights and dGates are needed");
    if (!lstm && params->y == 0) return argument(message, "y is needed");
    if ((lstm || gru) && params->savedGates == 0) return argument(message, "savedGates is needed");
    if (lstm && params->savedCells == 0) return argument(message, "savedCells is needed");
    if (gru && params->dGatesH == 0) return argument(message, "dGatesH is needed");
    const int32_t aligned = checkAlignment(*shape, *plan, *params, message);
    if (aligned != FRNN_OK) return aligned;
    if (shape->dtype == FRNN_F32) return launchF32(shape, plan, *params, message);
    const bool half = shape->dtype == FRNN_F16;
    if (plan->kind != FRNN_PLAN_CLUSTER) {
        ChipRun run;
        const int32_t filled = fillRun(plan, params->workspace, params->stream, run, message);
        if (filled != FRNN_OK) return filled;
        const auto launch = plan->kind == FRNN_PLAN_WIDE ? (lstm ? launchWideLstmBackward : launchWideGruBackward)
                                                         : (lstm ? launchChipLstmBackward : launchChipGruBackward);
        return fromCuda(launch(run, half, args), message, "chip-wide recurrence backward");
    }
    const auto launch = shape->zoneout != 0 ? (lstm ? launchZonedLstmBackward : gru ? launchZonedGruBackward : launchZonedRnnBackward)
                                            : (lstm ? launchLstmBackward : resetsBefore ? launchGruResetBackward : gru ? launchGruBackward : launchRnnBackward);
    return fromCuda(launch(plan->tile, half, args, pointer<CUstream_st>(params->stream)), message, "recurrence backward");
}
