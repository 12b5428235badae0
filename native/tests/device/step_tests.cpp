// A single time step that multiplies x itself and reads the flat parameters, against the reference.
#include <algorithm>
#include <cmath>

#include "cell_reference.h"
#include "harness.h"

namespace frnn::test {
namespace {

struct Shape {
    int32_t type, cell;
    int64_t N, C, H, D;
    bool states, biases;
};

// What one direction's flat parameters are on the device and to the reference.
struct Parameters {
    Buffer *wIh, *wHh, *bIh = nullptr, *bHh = nullptr;
};

int64_t gatesOf(int32_t cell) { return cell == FRNN_LSTM ? 4 : cell >= FRNN_GRU_RESET_AFTER ? 3 : 1; }

// The row of the reference's weights that holds a gate of a unit.
int64_t packedRow(const Shape &s, int64_t gate, int64_t unit) {
    if (s.cell != FRNN_GRU_RESET_BEFORE) return unit * gatesOf(s.cell) + gate;
    return gate < 2 ? unit * 2 + gate : 2 * s.H + unit;
}

uint64_t at(const Buffer *buffer) { return buffer == nullptr ? 0 : buffer->address(); }

void addDirection(Layer &layer, const Shape &s, const Parameters &w, const Values &x) {
    const int64_t G = gatesOf(s.cell), d = static_cast<int64_t>(layer.wHh.size()) / (G * s.H * s.H);
    layer.wHh.resize(layer.wHh.size() + static_cast<size_t>(G * s.H * s.H));
    for (int64_t g = 0; g < G; ++g) {
        for (int64_t u = 0; u < s.H; ++u) {
            const int64_t row = g * s.H + u;
            const double recurrentBias = w.bHh == nullptr ? 0 : w.bHh->host()[row];
            const bool apart = s.cell == FRNN_GRU_RESET_AFTER && g == 2;
            for (int64_t k = 0; k < s.H; ++k) layer.wHh[(d * G * s.H + packedRow(s, g, u)) * s.H + k] = w.wHh->host()[row * s.H + k];
            for (int64_t n = 0; n < s.N; ++n) {
                double sum = (w.bIh == nullptr ? 0 : w.bIh->host()[row]) + (apart ? 0 : recurrentBias);
                for (int64_t k = 0; k < s.C; ++k) sum += x[n * s.C + k] * w.wIh->host()[row * s.C + k];
                layer.gateInputs[((n * s.D + d) * s.H + u) * G + g] = sum;
            }
            if (apart) layer.bHn[d * s.H + u] = recurrentBias;
        }
    }
}

void stepCase(Case &c, const Shape &s) {
    const int64_t G = gatesOf(s.cell), bytes = s.type == FRNN_F32 ? 4 : 2, states = s.D * s.N * s.H;
    const bool lstm = s.cell == FRNN_LSTM, reset = s.cell == FRNN_GRU_RESET_BEFORE;
    const double scale = 1 / std::sqrt(static_cast<double>(s.H));
    Layer layer;
    layer.cell = s.cell;
    layer.T = 1;
    layer.N = s.N;
    layer.H = s.H;
    layer.D = s.D;
    layer.gateInputs = Values(static_cast<size_t>(s.N * s.D * s.H * G), 0);
    layer.bHn = Values(static_cast<size_t>(s.D * s.H), 0);
    Buffer &x = c.input(s.type, c.uniform(s.N * s.C));
    std::vector<Parameters> parameters;
    for (int64_t d = 0; d < s.D; ++d) {
        Parameters w{};
        w.wIh = &c.input(s.type, c.uniform(G * s.H * s.C, -2 / std::sqrt(s.C), 2 / std::sqrt(s.C)));
        w.wHh = &c.input(s.type, c.uniform(G * s.H * s.H, -2 * scale, 2 * scale));
        if (s.biases) {
            w.bIh = &c.input(s.type, c.uniform(G * s.H));
            w.bHh = &c.input(s.type, c.uniform(G * s.H));
        }
        addDirection(layer, s, w, x.host());
        parameters.push_back(w);
    }
    Buffer *hx = s.states ? &c.input(s.type, c.uniform(states)) : nullptr, *cx = s.states && lstm ? &c.input(s.type, c.uniform(states)) : nullptr;
    layer.hx = hx == nullptr ? Values(static_cast<size_t>(states), 0) : hx->host();
    layer.cx = cx == nullptr ? Values(static_cast<size_t>(states), 0) : cx->host();
    Buffer &h = c.output(s.type, states), &cell = c.output(s.type, states), &y = c.output(s.type, states);
    Buffer &resetState = c.output(s.type, states), &resetGates = c.output(FRNN_F32, 2 * states);

    FrnnCellForwardParams p{};
    p.type = s.type;
    p.cell = s.cell;
    p.cType = s.type;
    p.directionCount = static_cast<int32_t>(s.D);
    p.T = 1;
    p.N = s.N;
    p.H = p.stateStride = s.H;
    p.D = s.D;
    p.gateStride = (G * s.H + 3) / 4 * 4;
    p.hBefore = at(hx);
    p.hState = h.address();
    p.cBefore = lstm ? at(cx) : 0;
    p.cState = lstm ? cell.address() : 0;
    p.resetState = reset ? resetState.address() : 0;
    p.resetGates = reset ? resetGates.address() : 0;
    p.y = y.address();
    FrnnStepParams step{};
    step.multipliesInput = 1;
    for (p.stage = 0; p.stage <= (reset ? 1 : 0); ++p.stage) {
        const Buffer *values = p.stage == 0 ? hx : &resetState;
        step.recurrent = {s.H, s.H, s.H * s.H, s.H, {}, {}};
        step.input = {s.C, s.C, s.H * s.C, s.C, {}, {}};
        for (int64_t d = 0; d < s.D; ++d) {
            const Parameters &w = parameters[d];
            const uint64_t rows = static_cast<uint64_t>(p.stage == 0 ? 0 : 2 * s.H * bytes);
            step.recurrent.weights[d] = at(w.wHh) + rows * s.H;
            step.recurrent.values[d] = values == nullptr ? 0 : at(values) + static_cast<uint64_t>(d * s.N * s.H * bytes);
            step.input.weights[d] = at(w.wIh) + rows * s.C;
            step.input.values[d] = x.address();
            step.bIh[d] = at(w.bIh);
            step.bHh[d] = at(w.bHh);
        }
        c.call(frnn_step_forward, p, step);
    }
    const LayerResult expected = forward(layer);
    // Sums beyond 1 are rounded as they are; before that the exponential and, for reset-before, the stored r*h.
    const double relative = s.type == FRNN_F32 ? 1e-6 : roundingUnit(s.type), absolute = s.type == FRNN_F32 ? 1e-5 : 2 * roundingUnit(s.type);
    c.close("y", y.get(), expected.y, relative, absolute);
    c.close("hy", h.get(), expected.hy, relative, absolute);
    if (lstm) c.close("cy", cell.get(), expected.cy, relative, absolute);
}

}  // namespace

void addStepTests() {
    const char *names[] = {"rnn tanh", "rnn relu", "lstm", "gru", "gru reset-before"};
    for (int32_t type : FLOATING) {
        for (int32_t cell = FRNN_RNN_TANH; cell <= FRNN_GRU_RESET_BEFORE; ++cell) {
            const std::string name = std::string("step ") + names[cell] + " " + typeName(type);
            const int64_t most = frnn_step_samples(type);
            add(name, [=](Case &c) { stepCase(c, {type, cell, 1, 40, 72, 1, true, true}); });
            add(name + " one", [=](Case &c) { stepCase(c, {type, cell, 1, 1, 1, 1, true, true}); });
            add(name + " odd sizes", [=](Case &c) { stepCase(c, {type, cell, 3, 301, 37, 1, true, true}); });
            add(name + " both ways, no states", [=](Case &c) { stepCase(c, {type, cell, most, 16, 33, 2, false, true}); });
            add(name + " most samples, no biases", [=](Case &c) { stepCase(c, {type, cell, most, 24, 520, 1, true, false}); });
        }
    }
}

}  // namespace frnn::test
