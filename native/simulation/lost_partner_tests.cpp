// A block that vanishes in the middle of a launch: the others notice, set the error word and end. For each kernel that waits
// for other blocks, from the beginning on and at some later moments.
#include <cuda_runtime_api.h>

#include <cstdio>
#include <string>
#include <vector>

#include "device.h"
#include "fusedrnn.h"
#include "fusedrnn_recurrence.h"

namespace {

int failures = 0;

void expect(bool condition, const std::string &what) {
    if (condition) return;
    ++failures;
    std::printf("FAIL %s\n", what.c_str());
}

// Zeros on the device.
class Tensor {
public:
    explicit Tensor(int64_t bytes) {
        expect(cudaMalloc(&data_, size_t(bytes)) == cudaSuccess && cudaMemset(data_, 0, size_t(bytes)) == cudaSuccess, "memory");
    }
    Tensor(const Tensor &) = delete;
    ~Tensor() { static_cast<void>(cudaFree(data_)); }
    operator uint64_t() const { return uint64_t(uintptr_t(data_)); }

    uint32_t word() const {
        uint32_t value = 0;
        expect(cudaMemcpy(&value, data_, 4, cudaMemcpyDeviceToHost) == cudaSuccess, "read");
        return value;
    }
    void clear() { expect(cudaMemset(data_, 0, 4) == cudaSuccess, "clear"); }

private:
    void *data_ = nullptr;
};

struct Layer {
    const char *name;
    int cell, gates, hidden;
    int64_t batch;
    int kind; // the plan it is about
    int dtype = FRNN_BF16, tf32 = 0;
    int64_t bytes() const { return dtype == FRNN_F32 ? 4 : 2; }
};

constexpr int64_t STEPS = 6, MOST_UNITS = 1024;

class Calls {
public:
    explicit Calls(const Layer &layer, const FrnnDeviceLimits &limits)
        : layer_(layer), cells_(STEPS * layer.batch * layer.hidden), states_(layer.batch * layer.hidden), gateInputs_(cells_ * layer.gates * layer.bytes()),
          weights_(MOST_UNITS * MOST_UNITS * layer.gates * layer.bytes()), y_(cells_ * layer.bytes()), savedGates_(cells_ * 4 * layer.bytes()), savedCells_(cells_ * 4), savedReset_(cells_ * layer.bytes()),
          dy_(cells_ * layer.bytes()), dGates_(cells_ * layer.gates * layer.bytes()), dGatesH_(cells_ * layer.gates * layer.bytes()), dhx_(states_ * layer.bytes()), error_(4),
          workspace_(plan(FRNN_PASS_FORWARD, limits) + plan(FRNN_PASS_BACKWARD, limits) + 256) {}

    // The error word afterwards.
    uint32_t run(int pass) {
        error_.clear();
        FrnnMessage message = {};
        const int32_t status = pass == FRNN_PASS_FORWARD ? forward(message) : backward(message);
        expect(status == FRNN_OK, std::string(layer_.name) + ": " + message.text);
        expect(cudaDeviceSynchronize() == cudaSuccess, std::string(layer_.name) + ": the launch ends");
        return error_.word();
    }

private:
    int64_t plan(int pass, const FrnnDeviceLimits &limits) {
        FrnnRecurrenceShape &shape = shapes_[pass];
        shape = {};
        shape.structSize = sizeof shape;
        shape.cell = layer_.cell;
        shape.dtype = layer_.dtype;
        shape.tf32 = layer_.tf32;
        shape.plans = 1u << layer_.kind;
        shape.pass = pass;
        shape.directions = 1;
        shape.hidden = layer_.hidden;
        shape.steps = STEPS;
        shape.batch = layer_.batch;
        plans_[pass] = {};
        plans_[pass].structSize = sizeof(FrnnRecurrencePlan);
        FrnnMessage message = {};
        const int32_t status = frnn_recurrence_plan(&shape, &limits, &plans_[pass], &message);
        expect(status == FRNN_OK && plans_[pass].kind == layer_.kind, std::string(layer_.name) + ": has the plan that is meant");
        return plans_[pass].workspaceBytes;
    }
    int32_t forward(FrnnMessage &message) {
        FrnnRecurrenceForwardParams p = {};
        p.structSize = sizeof p;
        p.gateInputs = gateInputs_;
        p.weights = weights_;
        p.y = y_;
        p.savedGates = layer_.gates > 1 ? uint64_t(savedGates_) : 0;
        p.savedCells = layer_.gates > 1 ? uint64_t(savedCells_) : 0;
        p.savedReset = layer_.cell == FRNN_GRU_RESET_BEFORE ? uint64_t(savedReset_) : 0;
        p.workspace = plans_[FRNN_PASS_FORWARD].workspaceBytes > 0 ? uint64_t(workspace_) : 0;
        p.error = error_;
        return frnn_recurrence_forward(&shapes_[FRNN_PASS_FORWARD], &plans_[FRNN_PASS_FORWARD], &p, &message);
    }
    int32_t backward(FrnnMessage &message) {
        FrnnRecurrenceBackwardParams p = {};
        p.structSize = sizeof p;
        p.weights = weights_;
        p.y = y_;
        p.savedGates = layer_.gates > 1 ? uint64_t(savedGates_) : 0;
        p.savedCells = layer_.gates > 1 ? uint64_t(savedCells_) : 0;
        p.dy = dy_;
        p.dGates = dGates_;
        p.dGatesH = dGatesH_;
        p.dhx = dhx_;
        p.workspace = plans_[FRNN_PASS_BACKWARD].workspaceBytes > 0 ? uint64_t(workspace_) : 0;
        p.error = error_;
        return frnn_recurrence_backward(&shapes_[FRNN_PASS_BACKWARD], &plans_[FRNN_PASS_BACKWARD], &p, &message);
    }

    const Layer layer_;
    int64_t cells_, states_;
    FrnnRecurrenceShape shapes_[2];
    FrnnRecurrencePlan plans_[2];
    Tensor gateInputs_, weights_, y_, savedGates_, savedCells_, savedReset_, dy_, dGates_, dGatesH_, dhx_, error_, workspace_;
};

void check(const Layer &layer, const FrnnDeviceLimits &limits) {
    Calls calls(layer, limits);
    for (const int pass : {FRNN_PASS_FORWARD, FRNN_PASS_BACKWARD}) {
        const std::string name = std::string(layer.name) + (pass == FRNN_PASS_FORWARD ? " forward" : " backward");
        expect(calls.run(pass) == 0, name + ": no error while all blocks are there");
        simulation::options().vanishingBlock = 1;
        int noticed = 0;
        // Early moments are in the first steps; later ones may be behind the last thing that others wait for.
        for (const int moment : {0, 10, 30, 100}) {
            simulation::options().vanishAfter = moment;
            const uint32_t error = calls.run(pass);
            expect(error <= 1 && (error == 1 || moment > 10), name + ": the error word, block lost after " + std::to_string(moment));
            noticed += error == 1;
        }
        simulation::options().vanishingBlock = -1;
        expect(calls.run(pass) == 0, name + ": no error in the next call");
        std::printf("%s: %d of 4 losses noticed\n", name.c_str(), noticed);
    }
}

}  // namespace

int main() {
    FrnnDeviceLimits limits = {};
    limits.structSize = sizeof limits;
    FrnnMessage message = {};
    expect(frnn_recurrence_device_limits(0, &limits, &message) == FRNN_OK, message.text);
    for (const Layer &layer : {Layer{"lstm 128", FRNN_LSTM, 4, 128, 3, FRNN_PLAN_CLUSTER}, Layer{"lstm 512", FRNN_LSTM, 4, 512, 9, FRNN_PLAN_CLUSTER},
                               Layer{"gru 256", FRNN_GRU_RESET_AFTER, 3, 256, 3, FRNN_PLAN_CLUSTER}, Layer{"gru-before 256", FRNN_GRU_RESET_BEFORE, 3, 256, 3, FRNN_PLAN_CLUSTER}, Layer{"tanh 512", FRNN_RNN_TANH, 1, 512, 3, FRNN_PLAN_CLUSTER},
                               Layer{"lstm 650", FRNN_LSTM, 4, 650, 3, FRNN_PLAN_CHIP}, Layer{"gru 650", FRNN_GRU_RESET_AFTER, 3, 650, 9, FRNN_PLAN_CHIP},
                               Layer{"f32 lstm 250", FRNN_LSTM, 4, 250, 3, FRNN_PLAN_CLUSTER, FRNN_F32},
                               Layer{"f32 gru 512", FRNN_GRU_RESET_AFTER, 3, 512, 9, FRNN_PLAN_CLUSTER, FRNN_F32},
                               Layer{"tf32 lstm 250", FRNN_LSTM, 4, 250, 3, FRNN_PLAN_CLUSTER, FRNN_F32, 1},
                               Layer{"tf32 gru 512", FRNN_GRU_RESET_AFTER, 3, 512, 9, FRNN_PLAN_CLUSTER, FRNN_F32, 1},
                               Layer{"wide lstm 250", FRNN_LSTM, 4, 250, 33, FRNN_PLAN_WIDE}, Layer{"wide gru 500", FRNN_GRU_RESET_AFTER, 3, 500, 20, FRNN_PLAN_WIDE}}) {
        check(layer, limits);
    }
    std::printf(failures == 0 ? "lost partner: all passed\n" : "lost partner: %d failed\n", failures);
    return failures != 0;
}
