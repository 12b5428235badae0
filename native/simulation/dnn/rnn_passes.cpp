// libcudnn_adv: the passes. They are checked when they are queued, and, as far as that hangs on what memory holds, when they run.
#include <cstdio>
#include <cstring>

#include "../runtime.h"
#include "recurrence.h"
#include "reserve.h"
#include "rnn.h"

namespace simulation::dnn {
namespace {

constexpr uintptr_t ALIGNMENT = 16;  // of weights, workspace and reserve

struct Space {
    void *at;
    size_t bytes;
};

// A pass that has been queued; nothing of the caller's host memory is read later.
struct Pass {
    Stack stack;
    WeightSpace space;
    Rows rows;
    Space workspace;
    Space reserve;  // none in inference
    bool fills;
    alignas(float) char padding[4];

    int64_t features() const { return stack.directions * stack.output; }
    Stamp &stamp() const { return *static_cast<Stamp *>(reserve.at); }
};

// Descriptors and memory that every pass is given.
struct Arguments {
    const char *function;
    cudnnHandle_t handle;
    cudnnRNNDescriptor_t rnn;
    cudnnRNNDataDescriptor_t x, y;
    Space weights, workspace, reserve;
    bool training;
};

cudnnStatus_t bad(const Arguments &given, const char *why) { return refuse(CUDNN_STATUS_BAD_PARAM, given.function, why); }

bool misaligned(const void *address) { return reinterpret_cast<uintptr_t>(address) % ALIGNMENT != 0; }

cudnnStatus_t check(const Arguments &given) {
    const cudnnStatus_t status = checkRun(given.function, given.handle, given.rnn, given.x);
    if (status != CUDNN_STATUS_SUCCESS) return status;
    const Rows &x = given.x->rows;
    if (given.y == nullptr || given.y->type != given.x->type || given.y->features != given.rnn->stack.directions * given.rnn->stack.output) {
        return bad(given, "y is not what the stack writes");
    }
    const Rows &y = given.y->rows;
    if (y.layout != x.layout || y.steps != x.steps || y.batch != x.batch || y.lengths != x.lengths) return bad(given, "x and y have other samples");
    const Sizes sizes = sizesOf(*given.rnn, x.steps, x.batch);
    if (given.weights.at == nullptr || given.weights.bytes != static_cast<size_t>(given.rnn->space.bytes())) return bad(given, "weights of another size");
    if (given.workspace.at == nullptr || given.workspace.bytes < sizes.workspace) return bad(given, "the workspace is too small");
    if (given.training && (given.reserve.at == nullptr || given.reserve.bytes < sizes.reserve)) return bad(given, "the reserve is too small");
    if (misaligned(given.weights.at) || misaligned(given.workspace.at) || misaligned(given.reserve.at)) return bad(given, "memory is not aligned to 16 bytes");
    return CUDNN_STATUS_SUCCESS;
}

// A state is given or not, its descriptor has to fit.
bool fits(const Arguments &given, cudnnTensorDescriptor_t data, int64_t features, bool used) {
    if (!used) return true;
    const Stack &stack = given.rnn->stack;
    const int64_t extents[] = {stack.pseudoLayers(), given.x->rows.batch, features};
    if (data == nullptr || data->rank != 3 || typeOf(data->type) != stack.type) return false;
    int64_t stride = 1;
    for (int i = 2; i >= 0; --i) {
        if (data->extents[i] != extents[i] || data->strides[i] != stride) return false;
        stride *= extents[i];
    }
    return true;
}

bool statesFit(const Arguments &given, cudnnTensorDescriptor_t h, bool usesH, cudnnTensorDescriptor_t c, bool usesC) {
    const Stack &stack = given.rnn->stack;
    return fits(given, h, stack.output, usesH) && fits(given, c, stack.hidden, usesC && stack.mode == LSTM);
}

Pass passOf(const Arguments &given) {
    Pass pass = {given.rnn->stack, given.rnn->space, given.x->rows, given.workspace, given.training ? given.reserve : Space{nullptr, 0}, given.y->fills, {}};
    std::memcpy(pass.padding, given.y->padding, sizeof(pass.padding));
    return pass;
}

cudnnStatus_t queue(const Arguments &given, const char *name, std::function<void()> work) {
    const cudaError_t queued = enqueueWork(given.handle->stream, name, std::move(work));
    return queued == cudaSuccess ? CUDNN_STATUS_SUCCESS : refuse(CUDNN_STATUS_EXECUTION_FAILED, given.function, "the stream takes no work");
}

// A workspace holds nothing when a pass begins, and something else when it has ended.
struct Scratch {
    const Space &space;
    explicit Scratch(const Space &given) : space(given) { std::memset(space.at, 0xFF, space.bytes); }
    ~Scratch() { std::memset(space.at, 0x5A, space.bytes); }
};

// Results are NaN until they are there: who reads them as input of the same pass finds that.
void blank(const Pass &pass, void *to, int64_t features) {
    const int64_t bytes = features * typeBytes(pass.stack.type);
    for (int64_t t = 0; t < pass.rows.steps; ++t) {
        for (int64_t n = 0; n < pass.rows.batch; ++n) {
            if (pass.rows.valid(t, n)) std::memset(static_cast<char *>(to) + pass.rows.at(t, n) * bytes, 0xFF, static_cast<size_t>(bytes));
        }
    }
}

void blankState(const Pass &pass, void *to, int64_t features) {
    if (to == nullptr) return;
    std::memset(to, 0xFF, static_cast<size_t>(pass.stack.pseudoLayers() * pass.rows.batch * features * typeBytes(pass.stack.type)));
}

void runForward(const Pass &pass, const Forward &tensors, const void *weights) {
    const Scratch scratch(pass.workspace);
    const Stack &stack = pass.stack;
    std::vector<double> own;
    double *kept;
    if (pass.reserve.at == nullptr) {
        own.resize(static_cast<size_t>(keptElements(stack, pass.rows.steps, pass.rows.batch)));
        kept = own.data();
    } else {
        std::memset(pass.reserve.at, 0xFF, pass.reserve.bytes);
        kept = pass.stamp().kept();
    }
    blank(pass, tensors.y, pass.features());
    blankState(pass, tensors.hy, stack.output);
    blankState(pass, tensors.cy, stack.hidden);
    Forward all = tensors;
    all.padding = pass.fills ? pass.padding : nullptr;
    forward(stack, pass.space, pass.rows, all, weights, kept);
    if (pass.reserve.at == nullptr) return;
    Stamp &stamp = pass.stamp();
    seal(stamp, stack, pass.rows);
    stamp.x = digest(stack, pass.rows, tensors.x, stack.input);
    stamp.y = digest(stack, pass.rows, tensors.y, pass.features());
    stamp.hx = digestState(stack, pass.rows, tensors.hx, stack.output);
    stamp.cx = digestState(stack, pass.rows, tensors.cx, stack.hidden);
    stamp.weights = digestWeights(stack, pass.space, weights);
}

// A GPU would compute something: here results are NaN, and stderr has the reason.
bool refused(const Pass &pass, const char *name, const std::string &why) {
    if (why.empty()) return false;
    std::fprintf(stderr, "simulated cuDNN: %s: %s\n", name, why.c_str());
    pass.stamp().stage = BROKEN;
    return true;
}

std::string changed(uint64_t then, uint64_t now, const char *what) { return then == now ? "" : std::string(what) + " is not what the forward pass read or wrote"; }

std::string dataFault(const Pass &pass, const Forward &tensors, const void *weights) {
    const Stamp &stamp = pass.stamp();
    std::string why = fault(stamp, pass.stack, pass.rows, AFTER_FORWARD);
    if (why.empty()) why = changed(stamp.y, digest(pass.stack, pass.rows, tensors.y, pass.features()), "y");
    if (why.empty()) why = changed(stamp.hx, digestState(pass.stack, pass.rows, tensors.hx, pass.stack.output), "hx");
    if (why.empty()) why = changed(stamp.cx, digestState(pass.stack, pass.rows, tensors.cx, pass.stack.hidden), "cx");
    if (why.empty()) why = changed(stamp.weights, digestWeights(pass.stack, pass.space, weights), "the weights");
    return why;
}

void runBackwardData(const Pass &pass, const Forward &tensors, const Gradients &gradients, const void *weights) {
    const Scratch scratch(pass.workspace);
    const bool broken = refused(pass, "backward pass of data", dataFault(pass, tensors, weights));
    blank(pass, gradients.dx, pass.stack.input);
    blankState(pass, gradients.dhx, pass.stack.output);
    blankState(pass, gradients.dcx, pass.stack.hidden);
    if (broken) return;
    backwardData(pass.stack, pass.space, pass.rows, tensors, gradients, weights, pass.stamp().kept());
    pass.stamp().stage = AFTER_DATA;
}

std::string weightsFault(const Pass &pass, const Forward &tensors) {
    const Stamp &stamp = pass.stamp();
    std::string why = fault(stamp, pass.stack, pass.rows, AFTER_DATA);
    if (why.empty()) why = changed(stamp.x, digest(pass.stack, pass.rows, tensors.x, pass.stack.input), "x");
    if (why.empty()) why = changed(stamp.y, digest(pass.stack, pass.rows, tensors.y, pass.features()), "y");
    if (why.empty()) why = changed(stamp.hx, digestState(pass.stack, pass.rows, tensors.hx, pass.stack.output), "hx");
    return why;
}

void runBackwardWeights(const Pass &pass, const Forward &tensors, void *gradients) {
    const Scratch scratch(pass.workspace);
    if (refused(pass, "backward pass of weights", weightsFault(pass, tensors))) {
        std::memset(gradients, 0xFF, static_cast<size_t>(pass.space.bytes()));
        return;
    }
    backwardWeights(pass.stack, pass.space, pass.rows, tensors, pass.stamp().kept(), gradients);
}

}  // namespace
}  // namespace simulation::dnn

using namespace simulation::dnn;

extern "C" {

// Lengths on the device are no longer read by cuDNN 9: those of the data's descriptor count.
cudnnStatus_t cudnnRNNForward(cudnnHandle_t handle, cudnnRNNDescriptor_t rnn, int mode, const int32_t *, cudnnRNNDataDescriptor_t xData,
                              const void *x, cudnnRNNDataDescriptor_t yData, void *y, cudnnTensorDescriptor_t hData, const void *hx, void *hy,
                              cudnnTensorDescriptor_t cData, const void *cx, void *cy, size_t weightBytes, const void *weights,
                              size_t workspaceBytes, void *workspace, size_t reserveBytes, void *reserve) {
    const Arguments given = {__func__, handle, rnn, xData, yData, {const_cast<void *>(weights), weightBytes}, {workspace, workspaceBytes},
                             {reserve, reserveBytes}, mode == CUDNN_FWD_MODE_TRAINING};
    const cudnnStatus_t status = check(given);
    if (status != CUDNN_STATUS_SUCCESS) return status;
    if (x == nullptr || y == nullptr) return bad(given, "x and y are to be given");
    if (!statesFit(given, hData, hx != nullptr || hy != nullptr, cData, cx != nullptr || cy != nullptr)) return bad(given, "a state's descriptor does not fit");
    const bool hasCell = rnn->stack.mode == LSTM;
    const Forward tensors = {x, hx, hasCell ? cx : nullptr, y, hy, hasCell ? cy : nullptr, nullptr};
    const Pass pass = passOf(given);
    return queue(given, "cuDNN forward", [=] { runForward(pass, tensors, weights); });
}

cudnnStatus_t cudnnRNNBackwardData_v8(cudnnHandle_t handle, cudnnRNNDescriptor_t rnn, const int32_t *, cudnnRNNDataDescriptor_t yData,
                                      const void *y, const void *dy, cudnnRNNDataDescriptor_t xData, void *dx, cudnnTensorDescriptor_t hData,
                                      const void *hx, const void *dhy, void *dhx, cudnnTensorDescriptor_t cData, const void *cx, const void *dcy,
                                      void *dcx, size_t weightBytes, const void *weights, size_t workspaceBytes, void *workspace,
                                      size_t reserveBytes, void *reserve) {
    const Arguments given = {__func__, handle, rnn, xData, yData, {const_cast<void *>(weights), weightBytes}, {workspace, workspaceBytes},
                             {reserve, reserveBytes}, true};
    const cudnnStatus_t status = check(given);
    if (status != CUDNN_STATUS_SUCCESS) return status;
    if (y == nullptr || dy == nullptr || dx == nullptr) return bad(given, "y, dy and dx are to be given");
    if (!statesFit(given, hData, hx != nullptr || dhy != nullptr || dhx != nullptr, cData, cx != nullptr || dcy != nullptr || dcx != nullptr)) {
        return bad(given, "a state's descriptor does not fit");
    }
    const bool hasCell = rnn->stack.mode == LSTM;
    const Forward tensors = {nullptr, hx, hasCell ? cx : nullptr, const_cast<void *>(y), nullptr, nullptr, nullptr};
    const Gradients gradients = {dy, dhy, hasCell ? dcy : nullptr, dx, dhx, hasCell ? dcx : nullptr};
    const Pass pass = passOf(given);
    return queue(given, "cuDNN backward, data", [=] { runBackwardData(pass, tensors, gradients, weights); });
}

cudnnStatus_t cudnnRNNBackwardWeights_v8(cudnnHandle_t handle, cudnnRNNDescriptor_t rnn, int mode, const int32_t *,
                                         cudnnRNNDataDescriptor_t xData, const void *x, cudnnTensorDescriptor_t hData, const void *hx,
                                         cudnnRNNDataDescriptor_t yData, const void *y, size_t weightBytes, void *gradients,
                                         size_t workspaceBytes, void *workspace, size_t reserveBytes, void *reserve) {
    const Arguments given = {__func__, handle, rnn, xData, yData, {gradients, weightBytes}, {workspace, workspaceBytes}, {reserve, reserveBytes}, true};
    const cudnnStatus_t status = check(given);
    if (status != CUDNN_STATUS_SUCCESS) return status;
    if (mode != CUDNN_WGRAD_MODE_ADD) return refuse(CUDNN_STATUS_NOT_SUPPORTED, __func__, "gradients are only added");
    if (x == nullptr || y == nullptr) return bad(given, "x and y are to be given");
    if (!fits(given, hData, rnn->stack.output, hx != nullptr)) return bad(given, "a state's descriptor does not fit");
    const Forward tensors = {x, hx, nullptr, const_cast<void *>(y), nullptr, nullptr, nullptr};
    const Pass pass = passOf(given);
    return queue(given, "cuDNN backward, weights", [=] { runBackwardWeights(pass, tensors, gradients); });
}

}  // extern "C"
