// libcudnn_adv: descriptors of recurrent stacks, sizes, places of weights.
#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "recurrence.h"
#include "reserve.h"
#include "rnn.h"

namespace simulation::dnn {
namespace {

// What cuDNN 9.19 ran and refused in bf16 on an H100: 128 and not 256, 1500 and not 2048.
constexpr int64_t MOST_SMALL = 128;
constexpr int64_t MOST_STATIC = 1536;

constexpr int64_t WORKSPACE_PART = 4096;

size_t roundedUp(int64_t bytes) { return static_cast<size_t>((bytes + 255) / 256 * 256); }

// FUSEDRNN_SIMULATION_CUDNN_WEIGHTS names one; otherwise every stack draws its own from its sizes and algorithm.
Arrangement arrangementOf(const cudnnRNNStruct &rnn) {
    const char *const name = std::getenv("FUSEDRNN_SIMULATION_CUDNN_WEIGHTS");
    if (name != nullptr && std::strcmp(name, "flat") == 0) return Arrangement::FLAT;
    if (name != nullptr && std::strcmp(name, "layered") == 0) return Arrangement::LAYERED;
    if (name != nullptr && std::strcmp(name, "spaced") == 0) return Arrangement::SPACED;
    uint64_t hash = 1469598103934665603u;
    for (int64_t value : {rnn.stack.input, rnn.stack.hidden, rnn.stack.output, int64_t(rnn.stack.layers), int64_t(rnn.stack.mode),
                          int64_t(rnn.algorithm), int64_t(rnn.padded)}) {
        hash = (hash ^ static_cast<uint64_t>(value)) * 1099511628211u;
    }
    const Arrangement all[] = {Arrangement::FLAT, Arrangement::LAYERED, Arrangement::SPACED};
    return all[(hash >> 32) % 3];
}

cudnnStatus_t badStack(const char *function, int type, int mathType, int inputMode, int cell, const Stack &stack) {
    if (typeOf(type) < 0 || mathType != CUDNN_DATA_FLOAT) return refuse(CUDNN_STATUS_NOT_SUPPORTED, function, "types other than f32, f16, bf16 computed in f32");
    if (inputMode != 0) return refuse(CUDNN_STATUS_NOT_SUPPORTED, function, "input that is not multiplied");
    if (cell < RELU || cell > GRU || stack.biases < NO_BIAS || stack.biases > RECURRENT_BIAS || stack.directions < 1 || stack.directions > 2) {
        return refuse(CUDNN_STATUS_BAD_PARAM, function, "no such cell, biases or direction");
    }
    if (stack.input < 1 || stack.hidden < 1 || stack.layers < 1 || stack.output < 1 || stack.output > stack.hidden) {
        return refuse(CUDNN_STATUS_BAD_PARAM, function, "sizes are to be positive, and a projection's no larger than the hidden size");
    }
    if (stack.projects() && cell != LSTM) return refuse(CUDNN_STATUS_BAD_PARAM, function, "only LSTMs project");
    return CUDNN_STATUS_SUCCESS;
}

// What the persistent algorithms are documented or were seen not to do.
const char *declined(const cudnnRNNStruct &rnn) {
    if (rnn.algorithm == CUDNN_RNN_ALGO_STANDARD) return nullptr;
    if (rnn.stack.projects()) return "persistent algorithms do not project";
    if (rnn.padded) return "persistent algorithms take no padding";
    if (rnn.algorithm == CUDNN_RNN_ALGO_PERSIST_STATIC && rnn.stack.hidden > MOST_STATIC) return "too many units for the static algorithm";
    if (rnn.algorithm == CUDNN_RNN_ALGO_PERSIST_STATIC_SMALL_H && rnn.stack.hidden > MOST_SMALL) return "too many units for the small algorithm";
    return nullptr;
}

bool sameLengths(const std::vector<int> &lengths) {
    return std::all_of(lengths.begin(), lengths.end(), [&](int length) { return length == lengths[0]; });
}

}  // namespace

int typeOf(int dataType) {
    switch (dataType) {
        case CUDNN_DATA_FLOAT: return F32;
        case CUDNN_DATA_HALF: return F16;
        case CUDNN_DATA_BFLOAT16: return BF16;
        default: return -1;
    }
}

// No pass needs the workspace; a caller has to bring it all the same.
Sizes sizesOf(const cudnnRNNStruct &rnn, int64_t steps, int64_t batch) {
    const int64_t gates = batch * rnn.stack.gates() * rnn.stack.hidden * static_cast<int64_t>(sizeof(float));
    return {roundedUp(WORKSPACE_PART + gates), roundedUp(int64_t(sizeof(Stamp)) + keptElements(rnn.stack, steps, batch) * int64_t(sizeof(double)))};
}

cudnnStatus_t checkRun(const char *function, cudnnHandle_t handle, cudnnRNNDescriptor_t rnn, cudnnRNNDataDescriptor_t x) {
    if (handle == nullptr) return refuse(CUDNN_STATUS_NOT_INITIALIZED, function, "handle is null");
    if (rnn == nullptr || !rnn->set || x == nullptr || x->type < 0) return refuse(CUDNN_STATUS_BAD_PARAM, function, "a descriptor is missing or not set");
    if (x->type != rnn->stack.type || x->features != rnn->stack.input) return refuse(CUDNN_STATUS_BAD_PARAM, function, "x is not what the stack reads");
    if (x->rows.layout != Rows::PACKED && !rnn->padded) return refuse(CUDNN_STATUS_BAD_PARAM, function, "an unpacked layout without padded input and output");
    const char *const why = declined(*rnn);
    if (why != nullptr) return refuse(CUDNN_STATUS_NOT_SUPPORTED, function, why);
    if (rnn->algorithm == CUDNN_RNN_ALGO_STANDARD) return CUDNN_STATUS_SUCCESS;
    if (!sameLengths(x->rows.lengths)) return refuse(CUDNN_STATUS_NOT_SUPPORTED, function, "persistent algorithms take samples of one length");
    if (rnn->algorithm == CUDNN_RNN_ALGO_PERSIST_DYNAMIC && rnn->builtFor != x->rows.batch) {
        return refuse(CUDNN_STATUS_BAD_PARAM, function, "the dynamic algorithm was not built for this minibatch");
    }
    return CUDNN_STATUS_SUCCESS;
}

}  // namespace simulation::dnn

using namespace simulation;
using namespace simulation::dnn;

extern "C" {

cudnnStatus_t cudnnCreateRNNDescriptor(cudnnRNNDescriptor_t *created) {
    *created = new cudnnRNNStruct;
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnDestroyRNNDescriptor(cudnnRNNDescriptor_t rnn) {
    delete rnn;
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnSetRNNDescriptor_v8(cudnnRNNDescriptor_t rnn, int algorithm, int cell, int biases, int direction, int inputMode, int type,
                                       int mathType, int math, int32_t input, int32_t hidden, int32_t projected, int32_t layers,
                                       cudnnDropoutDescriptor_t dropout, uint32_t flags) {
    if (algorithm < CUDNN_RNN_ALGO_STANDARD || algorithm > CUDNN_RNN_ALGO_PERSIST_STATIC_SMALL_H || math < CUDNN_DEFAULT_MATH || math > CUDNN_FMA_MATH) {
        return refuse(CUDNN_STATUS_BAD_PARAM, __func__, "no such algorithm or mathematics");
    }
    if (dropout != nullptr && !dropout->set) return refuse(CUDNN_STATUS_BAD_PARAM, __func__, "the dropout descriptor is not set");
    Stack stack;
    stack.mode = cell;
    stack.biases = biases;
    stack.directions = direction + 1;
    stack.layers = layers;
    stack.type = typeOf(type);
    stack.tf32 = stack.type == F32 && math != CUDNN_FMA_MATH;
    stack.input = input;
    stack.hidden = hidden;
    stack.output = projected == 0 ? hidden : projected;
    const cudnnStatus_t bad = badStack(__func__, type, mathType, inputMode, cell, stack);
    if (bad != CUDNN_STATUS_SUCCESS) return bad;
    *rnn = {true, algorithm, (flags & CUDNN_RNN_PADDED_IO_ENABLED) != 0, 0, stack, {}};
    rnn->space = WeightSpace(stack, arrangementOf(*rnn));
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnRNNSetClip_v9(cudnnRNNDescriptor_t rnn, int mode, double low, double high) {
    if (!rnn->set || rnn->stack.mode != LSTM) return refuse(CUDNN_STATUS_BAD_PARAM, __func__, "only an LSTM that has been set is clipped");
    if (mode == CUDNN_RNN_CLIP_MINMAX && !(low <= high)) return refuse(CUDNN_STATUS_BAD_PARAM, __func__, "limits are not in order");
    rnn->stack.clipped = mode == CUDNN_RNN_CLIP_MINMAX;
    rnn->stack.low = low;
    rnn->stack.high = high;
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnRNNSetClip_v8(cudnnRNNDescriptor_t rnn, int mode, int, double low, double high) { return cudnnRNNSetClip_v9(rnn, mode, low, high); }

cudnnStatus_t cudnnBuildRNNDynamic(cudnnHandle_t handle, cudnnRNNDescriptor_t rnn, int batch) {
    if (handle == nullptr) return refuse(CUDNN_STATUS_NOT_INITIALIZED, __func__, "handle is null");
    if (!rnn->set || rnn->algorithm != CUDNN_RNN_ALGO_PERSIST_DYNAMIC || batch < 1) {
        return refuse(CUDNN_STATUS_BAD_PARAM, __func__, "only the dynamic algorithm is built, for a minibatch of at least 1");
    }
    const char *const why = declined(*rnn);
    if (why != nullptr) return refuse(CUDNN_STATUS_NOT_SUPPORTED, __func__, why);
    rnn->builtFor = batch;
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnCreateRNNDataDescriptor(cudnnRNNDataDescriptor_t *created) {
    *created = new cudnnRNNDataStruct;
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnDestroyRNNDataDescriptor(cudnnRNNDataDescriptor_t data) {
    delete data;
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnSetRNNDataDescriptor(cudnnRNNDataDescriptor_t data, int type, int layout, int steps, int batch, int features,
                                        const int *lengths, void *padding) {
    if (typeOf(type) < 0 || layout < Rows::TIME_MAJOR || layout > Rows::SAMPLE_MAJOR) return refuse(CUDNN_STATUS_NOT_SUPPORTED, __func__, "type or layout");
    if (steps < 1 || batch < 1 || features < 1 || lengths == nullptr) return refuse(CUDNN_STATUS_BAD_PARAM, __func__, "sizes are to be positive and lengths given");
    for (int n = 0; n < batch; ++n) {
        if (lengths[n] < 0 || lengths[n] > steps) return refuse(CUDNN_STATUS_BAD_PARAM, __func__, "a length is negative or larger than all steps");
        if (layout == Rows::PACKED && n > 0 && lengths[n] > lengths[n - 1]) return refuse(CUDNN_STATUS_BAD_PARAM, __func__, "packed samples are not in order of length");
    }
    data->type = typeOf(type);
    data->features = features;
    data->rows = {layout, steps, batch, std::vector<int>(lengths, lengths + batch)};
    data->fills = padding != nullptr;
    if (padding != nullptr) std::memcpy(data->padding, padding, static_cast<size_t>(typeBytes(data->type)));
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnGetRNNTempSpaceSizes(cudnnHandle_t handle, cudnnRNNDescriptor_t rnn, int mode, cudnnRNNDataDescriptor_t x, size_t *workspace,
                                        size_t *reserve) {
    const cudnnStatus_t status = checkRun(__func__, handle, rnn, x);
    if (status != CUDNN_STATUS_SUCCESS) return status;
    const Sizes sizes = sizesOf(*rnn, x->rows.steps, x->rows.batch);
    if (workspace != nullptr) *workspace = sizes.workspace;
    if (reserve != nullptr) *reserve = mode == CUDNN_FWD_MODE_TRAINING ? sizes.reserve : 0;
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnGetRNNWeightSpaceSize(cudnnHandle_t handle, cudnnRNNDescriptor_t rnn, size_t *bytes) {
    if (handle == nullptr) return refuse(CUDNN_STATUS_NOT_INITIALIZED, __func__, "handle is null");
    if (!rnn->set) return refuse(CUDNN_STATUS_BAD_PARAM, __func__, "the descriptor is not set");
    *bytes = static_cast<size_t>(rnn->space.bytes());
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnGetRNNWeightParams(cudnnHandle_t handle, cudnnRNNDescriptor_t rnn, int32_t pseudoLayer, size_t bytes, const void *weights,
                                      int32_t number, cudnnTensorDescriptor_t matrix, void **matrixAt, cudnnTensorDescriptor_t bias,
                                      void **biasAt) {
    if (handle == nullptr) return refuse(CUDNN_STATUS_NOT_INITIALIZED, __func__, "handle is null");
    if (!rnn->set || bytes < static_cast<size_t>(rnn->space.bytes())) return refuse(CUDNN_STATUS_BAD_PARAM, __func__, "not set, or too few bytes of weights");
    const bool gate = number >= 0 && number < 2 * rnn->stack.gates();
    if (pseudoLayer < 0 || pseudoLayer >= rnn->stack.pseudoLayers() || (!gate && !(number == PROJECTION && rnn->stack.mode == LSTM))) {
        return refuse(CUDNN_STATUS_BAD_PARAM, __func__, "no such layer or matrix");
    }
    const Slot &slot = rnn->space.slot(pseudoLayer, number);
    const int type = rnn->stack.type == F32 ? CUDNN_DATA_FLOAT : rnn->stack.type == F16 ? CUDNN_DATA_HALF : CUDNN_DATA_BFLOAT16;
    char *const base = const_cast<char *>(static_cast<const char *>(weights));
    *matrixAt = slot.matrix < 0 ? nullptr : base + slot.matrix;
    *biasAt = slot.bias < 0 ? nullptr : base + slot.bias;
    *matrix = {type, 3, {1, static_cast<int>(slot.rows), static_cast<int>(slot.columns)}, {static_cast<int>(slot.rows * slot.columns), static_cast<int>(slot.columns), 1}};
    *bias = {type, 3, {1, static_cast<int>(slot.rows), 1}, {static_cast<int>(slot.rows), 1, 1}};
    return CUDNN_STATUS_SUCCESS;
}

}  // extern "C"
