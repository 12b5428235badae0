// The tensors of a case, and its two calls.
#pragma once

#include <math.h>

#include <random>

#include "case.h"
#include "reference.h"

namespace bench {

// All tensors of a case on the device.
class Tensors {
public:
    // What zoneout draws its masks from.
    static constexpr uint32_t kRandom[4] = {2463534242u, 521288629u, 5, 0};
    static constexpr int kZoneoutStream = 131076;

    // weightUnits: units of the packed weights of both passes, zeros behind the real ones.
    Tensors(const Case &c, const int64_t (&weightUnits)[2])
        : c_(c), weightUnits_{weightUnits[0], weightUnits[1]}, cells_(size_t(c.T * c.N * c.D * c.H)), states_(size_t(c.D * c.N * c.H)), storage{c.dtype, c.tf32}, gateInputs(cells_ * c.gates * storage.bytes()),
          weights(weightBytes(FRNN_PASS_FORWARD)), weightsBackward(weightBytes(FRNN_PASS_BACKWARD)), biasN(size_t(c.D * c.H) * 4), hx(states_ * storage.bytes()), cx(states_ * storage.bytes()),
          lengths(size_t(c.N) * 4), y(cells_ * storage.bytes()), hy(states_ * storage.bytes()), cy(states_ * storage.bytes()), savedGates(cells_ * 4 * storage.bytes()), savedCells(cells_ * 4), savedReset(cells_ * storage.bytes()),
          dy(cells_ * storage.bytes()), dhy(states_ * storage.bytes()), dcy(states_ * storage.bytes()), dGates(cells_ * c.gates * storage.bytes()), dGatesH(cells_ * c.gates * storage.bytes()),
          dGatesFirst(states_ * c.gates * storage.bytes()), dhx(states_ * storage.bytes()), dcx(states_ * storage.bytes()), maskSeed(16), error(4) {
        maskSeed.set(std::vector<uint32_t>(kRandom, kRandom + 4));
    }

    // For measurements, where nothing on the host reads the values: one block of them again and again on the device, none in host.
    void fillBlocks(double inputScale, double stateScale) {
        std::mt19937 random(1);
        std::vector<double> block(kBlock);
        for (double &x : block) x = double(random()) / 4294967296.0 * 2 - 1;
        auto encoded = [&](double scale) {
            std::vector<double> values(block);
            for (double &x : values) x *= scale;
            return storage.encode(values);
        };
        const auto unit = encoded(1), weight = encoded(weightScale());
        gateInputs.repeat(encoded(inputScale));
        weights.set(padded(weight, weightUnits_[FRNN_PASS_FORWARD]));
        weightsBackward.set(padded(weight, weightUnits_[FRNN_PASS_BACKWARD]));
        biasN.repeat(std::vector<float>(block.begin(), block.end()));
        hx.repeat(encoded(stateScale));
        cx.repeat(unit);
        for (Buffer *gradient : {&dy, &dhy, &dcy}) gradient->repeat(unit);
        setLengths(random);
        CUDA(cudaMemset(reinterpret_cast<void *>(uintptr_t(error.address())), 0, 4));
    }

    // Gate inputs are uniform in +-inputScale, hx in +-stateScale.
    void fill(unsigned seed, double inputScale, double stateScale) {
        std::mt19937 random(seed);
        auto values = [&](size_t count, double scale) {
            std::vector<double> v(count);
            for (double &x : v) x = storage.round((double(random()) / 4294967296.0 * 2 - 1) * scale);
            return v;
        };
        host.gateInputs = values(cells_ * c_.gates, inputScale);
        host.weights = values(size_t(c_.D * c_.H * c_.H) * c_.gates, weightScale());
        host.hx = values(states_, stateScale);
        host.cx = values(states_, 1.2);
        host.dy = values(cells_, 1);
        host.dhy = values(states_, 1);
        host.dcy = values(states_, 1);
        host.biasN.resize(size_t(c_.D * c_.H));
        for (auto &x : host.biasN) x = float(random()) / 4294967296.0f - 0.5f;
        setLengths(random);
        set(gateInputs, host.gateInputs);
        set(weights, padded(host.weights, weightUnits_[FRNN_PASS_FORWARD]));
        set(weightsBackward, padded(host.weights, weightUnits_[FRNN_PASS_BACKWARD]));
        biasN.set(host.biasN);
        set(hx, host.hx);
        set(cx, host.cx);
        set(dy, host.dy);
        set(dhy, host.dhy);
        set(dcy, host.dcy);
        CUDA(cudaMemset(reinterpret_cast<void *>(uintptr_t(error.address())), 0, 4));
    }

    void set(Buffer &buffer, const std::vector<double> &values) const { buffer.set(storage.encode(values)); }
    std::vector<double> get(const Buffer &buffer) const { return storage.decode(buffer.get<uint8_t>()); }

    std::vector<Buffer *> outputs() {
        return {&y, &hy, &cy, &savedGates, &savedCells, &savedReset, &dGates, &dGatesH, &dGatesFirst, &dhx, &dcx};
    }

private:
    // Values of a block: few enough to make in no time, and no multiple of a row.
    static constexpr size_t kBlock = 262147;

    // ReLU has no bound of its own: smaller weights keep it from growing.
    double weightScale() const { return (c_.cell == FRNN_RNN_RELU ? 0.8 : 1.7) / sqrt(double(c_.H)); }

    void setLengths(std::mt19937 &random) {
        host.lengths.resize(size_t(c_.N));
        for (auto &x : host.lengths) x = c_.lengths ? int(1 + random() % c_.T) : int(c_.T);
        if (c_.lengths && c_.N > 2) host.lengths[size_t(c_.N) / 2] = int(c_.T);
        lengths.set(host.lengths);
    }

    size_t weightBytes(int pass) const { return size_t(c_.D * weightUnits_[pass] * weightUnits_[pass] * c_.gates) * storage.bytes(); }

    std::vector<double> padded(const std::vector<double> &dense, int64_t units) const {
        const int64_t rows = c_.H * c_.gates, allRows = units * c_.gates;
        std::vector<double> all(size_t(c_.D * allRows * units));
        for (int64_t row = 0; row < c_.D * rows; row++) {
            const auto from = dense.begin() + row * c_.H;
            const int64_t to = c_.recurrentRow(row % rows / c_.gates, row % c_.gates);
            std::copy(from, from + c_.H, all.begin() + (row / rows * allRows + to) * units);
        }
        return all;
    }

    // The same in storage, with rows that begin at different places of a block.
    std::vector<uint8_t> padded(const std::vector<uint8_t> &block, int64_t units) const {
        const size_t row = size_t(c_.H) * storage.bytes(), pitch = size_t(units) * storage.bytes(), most = kBlock - size_t(c_.H);
        std::vector<uint8_t> all(size_t(c_.D * units * c_.gates) * pitch);
        for (int64_t d = 0; d < c_.D; d++) {
            for (int64_t r = 0; r < c_.H * c_.gates; r++) {
                const size_t from = size_t(d * c_.H * c_.gates + r) * size_t(c_.H) % most * storage.bytes();
                memcpy(&all[size_t(d * units * c_.gates + r) * pitch], &block[from], row);
            }
        }
        return all;
    }

    const Case &c_;
    const int64_t weightUnits_[2];
    size_t cells_, states_;

public:
    const Storage storage;
    Buffer gateInputs, weights, weightsBackward, biasN, hx, cx, lengths, y, hy, cy, savedGates, savedCells, savedReset;
    Buffer dy, dhy, dcy, dGates, dGatesH, dGatesFirst, dhx, dcx, maskSeed, error;
    struct {
        std::vector<double> gateInputs, weights, hx, cx, dy, dhy, dcy;
        std::vector<float> biasN;
        std::vector<int> lengths;
    } host;
};

class Runner {
public:
    Runner(const Case &c, const FrnnDeviceLimits &limits, const Override &change)
        : c_(c), forwardPlan(planFor(c, FRNN_PASS_FORWARD, limits, change, forwardShape_)),
          backwardPlan(planFor(c, FRNN_PASS_BACKWARD, limits, change, backwardShape_)),
          workspace_(size_t(std::max(forwardPlan.workspaceBytes, backwardPlan.workspaceBytes))) {}

    bool planned() const { return forwardPlan.kind != FRNN_PLAN_NONE && backwardPlan.kind != FRNN_PLAN_NONE; }

    const char *whyNot() const { return forwardPlan.kind == FRNN_PLAN_NONE ? forwardPlan.reason : backwardPlan.reason; }

    // Fewer steps than the case has: the same plan on the first part of the tensors. The workspace holds what the last call left.
    void forward(Tensors &t, bool training, int64_t steps) {
        FrnnRecurrenceForwardParams p = {};
        p.structSize = sizeof p;
        p.cellClip = c_.clip;
        p.zoneout = c_.zoneout;
        p.cellZoneout = c_.cellZoneout;
        p.zoneoutStream = Tensors::kZoneoutStream;
        p.random = c_.zoneout > 0 ? t.maskSeed.address() : 0;
        p.gateInputs = t.gateInputs.address();
        p.weights = t.weights.address();
        p.recurrentBiasN = t.biasN.address();
        p.hx = t.hx.address();
        p.cx = t.cx.address();
        p.lengths = c_.lengths ? t.lengths.address() : 0;
        p.y = t.y.address();
        p.hy = t.hy.address();
        p.cy = t.cy.address();
        if (training) {
            p.savedGates = t.savedGates.address();
            p.savedCells = t.savedCells.address();
            p.savedReset = c_.resetsBefore() ? t.savedReset.address() : 0;
        }
        p.workspace = forwardPlan.workspaceBytes > 0 ? workspace_.address() : 0;
        p.error = t.error.address();
        FrnnRecurrenceShape shape = forwardShape_;
        shape.steps = steps;
        FrnnMessage message = {};
        must(frnn_recurrence_forward(&shape, &forwardPlan, &p, &message), message, "forward");
    }

    void backward(Tensors &t, int64_t steps) {
        FrnnRecurrenceBackwardParams p = {};
        p.structSize = sizeof p;
        p.cellClip = c_.clip;
        p.zoneout = c_.zoneout;
        p.cellZoneout = c_.cellZoneout;
        p.zoneoutStream = Tensors::kZoneoutStream;
        p.random = c_.zoneout > 0 ? t.maskSeed.address() : 0;
        p.weights = t.weightsBackward.address();
        p.hx = t.hx.address();
        p.cx = t.cx.address();
        p.lengths = c_.lengths ? t.lengths.address() : 0;
        p.y = t.y.address();
        p.savedGates = t.savedGates.address();
        p.savedCells = t.savedCells.address();
        p.dy = t.dy.address();
        p.dhy = t.dhy.address();
        p.dcy = t.dcy.address();
        p.dGates = t.dGates.address();
        p.dGatesH = t.dGatesH.address();
        p.dGatesFirst = t.dGatesFirst.address();
        p.dhx = t.dhx.address();
        p.dcx = t.dcx.address();
        p.workspace = backwardPlan.workspaceBytes > 0 ? workspace_.address() : 0;
        p.error = t.error.address();
        FrnnRecurrenceShape shape = backwardShape_;
        shape.steps = steps;
        FrnnMessage message = {};
        must(frnn_recurrence_backward(&shape, &backwardPlan, &p, &message), message, "backward");
    }

private:
    const Case &c_;
    FrnnRecurrenceShape forwardShape_, backwardShape_;

public:
    FrnnRecurrencePlan forwardPlan, backwardPlan;
    bool workspaceIntact() const { return workspace_.guardIntact(); }

private:
    Buffer workspace_;
};

} // namespace bench
