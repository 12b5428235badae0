// The streamed plan: whole sequences against the reference, gradients against differences of it.
#include <algorithm>
#include <cmath>

#include "streamed_layer.h"

namespace frnn::test {

// F32 to the growth of a few roundings; 16-bit storage rounds every state and gate on the way.
double Streamed::tolerance(double scale) const { return (o.type == FRNN_F32 ? 1e-5 : 12 * roundingUnit(o.type)) * std::max(1.0, scale); }

static double largest(const Values &values) {
    double most = 0;
    for (double value : values) most = std::max(most, std::fabs(value));
    return most;
}

// Compares a sample of the elements with central differences of the reference's loss.
void Streamed::compareGradient(const char *what, Values &variable, const Values &got) {
    const int64_t count = static_cast<int64_t>(variable.size());
    const Values picks = count <= 200 ? Values() : c.integers(200, 0, count - 1);
    Values expected, found;
    for (int64_t k = 0; k < std::min<int64_t>(count, 200); ++k) {
        const int64_t i = picks.empty() ? k : static_cast<int64_t>(picks[k]);
        const double kept = variable[i], step = 1e-5;
        variable[i] = kept + step;
        const double above = loss(layer, wy, why, wcy);
        variable[i] = kept - step;
        const double below = loss(layer, wy, why, wcy);
        variable[i] = kept;
        expected.push_back((above - below) / (2 * step));
        found.push_back(got[i]);
    }
    c.close(what, found, expected, 0, tolerance(largest(expected)));
}

void Streamed::compare() {
    const LayerResult result = test::forward(layer);
    const Values outputs = y->get();
    c.close("y", outputs, result.y, 0, tolerance(1));
    for (size_t i = 0; i < outputs.size(); ++i) {
        if (result.y[i] == 0 && o.cell != FRNN_RNN_RELU && outputs[i] != 0) fail("y[%zu] behind the length is %g", i, outputs[i]);
    }
    c.close("hy", dense(*hState, R, stateStride), result.hy, 0, tolerance(1));
    if (o.cell == FRNN_LSTM) c.close("cy", cState->get(), result.cy, 0, tolerance(1));
    if (o.inference) return;
    backward();
    const Values dhx = dense(*dhState, R, stateStride), dcx = dcState->get();
    compareGradient("dGates", layer.gateInputs, dense(*dGates, G * o.H, gateStride));
    compareGradient("dhx", layer.hx, dhx);
    if (o.cell == FRNN_LSTM) compareGradient("dcx", layer.cx, dcx);
    compareGradient("dwHh", layer.wHh, weightGradient());
    if (o.P != 0) compareGradient("dwHr", layer.wHr, projectionGradient());
}

static void cellCase(Case &c, const StreamedOptions &options) {
    Streamed streamed(c, options);
    streamed.forward();
    streamed.compare();
}

void addCellTests() {
    const char *names[] = {"rnn tanh", "rnn relu", "lstm", "gru", "gru reset-before"};
    for (int32_t type : FLOATING) {
        for (int32_t cell = FRNN_RNN_TANH; cell <= FRNN_GRU_RESET_BEFORE; ++cell) {
            const std::string name = std::string("cell ") + names[cell] + " " + typeName(type);
            const bool lstm = cell == FRNN_LSTM;
            add(name, [=](Case &c) { cellCase(c, {type, cell, 5, 4, 7, 1, 0, 0, false, true, false, false, 0}); });
            add(name + " one", [=](Case &c) { cellCase(c, {type, cell, 1, 1, 1, 1, 0, 0, false, false, false, false, 0}); });
            add(name + " both ways, lengths", [=](Case &c) { cellCase(c, {type, cell, 6, 5, 6, 2, 0, 0, true, true, false, false, 0}); });
            add(name + " directions apart, no states", [=](Case &c) { cellCase(c, {type, cell, 4, 3, 5, 2, 0, 0, true, false, true, true, 0}); });
            add(name + " wide", [=](Case &c) { cellCase(c, {type, cell, 2, 2, 137, 1, 0, 0, false, true, false, false, 7}); });
            add(name + " padded", [=](Case &c) { cellCase(c, {type, cell, 5, 4, 6, 2, 0, 0, true, true, false, false, 3}); });
            add(name + " one launch", [=](Case &c) { cellCase(c, {type, cell, 5, 4, 70, 1, 0, 0, false, true, false, false, 0, true}); });
            add(name + " one launch, both ways, lengths", [=](Case &c) { cellCase(c, {type, cell, 6, 7, 11, 2, 0, 0, true, true, false, false, 1, true}); });
            add(name + " one launch, directions apart, no states", [=](Case &c) { cellCase(c, {type, cell, 3, 8, 5, 2, 0, 0, true, false, false, true, 0, true}); });
            if (type != FRNN_F32) add(name + " one launch, many samples", [=](Case &c) { cellCase(c, {type, cell, 3, 15, 19, 2, 0, 0, true, true, false, false, 0, true}); });
            if (lstm) add(name + " one launch, clipped", [=](Case &c) { cellCase(c, {type, cell, 4, 2, 6, 1, 0, 0.4, true, true, false, false, 0, true}); });
            if (lstm) add(name + " one launch, projected", [=](Case &c) { cellCase(c, {type, cell, 5, 4, 9, 2, 4, 0, true, true, false, false, 0, true}); });
            const double ofC = lstm ? 0.4 : 0;
            add(name + " zoned out", [=](Case &c) { cellCase(c, {type, cell, 6, 5, 7, 2, 0, 0, true, true, false, false, 0, false, 0.3, ofC}); });
            add(name + " zoned out, inference",
                [=](Case &c) { cellCase(c, {type, cell, 6, 5, 7, 2, 0, 0, true, true, false, false, 3, false, 0.3, ofC, true}); });
            if (lstm) {
                add(name + " zoned out, projected, clipped",
                    [=](Case &c) { cellCase(c, {type, cell, 5, 4, 9, 2, 4, 0.6, true, true, false, false, 2, false, 0.3, 0.4}); });
                add(name + " c alone zoned out",
                    [=](Case &c) { cellCase(c, {type, cell, 5, 4, 9, 1, 0, 0, false, false, false, false, 0, false, 0, 0.4}); });
            }
            if (lstm) add(name + " clipped", [=](Case &c) { cellCase(c, {type, cell, 5, 4, 6, 2, 0, 0.4, true, true, false, false, 0}); });
            if (lstm) add(name + " projected", [=](Case &c) { cellCase(c, {type, cell, 5, 4, 9, 2, 4, 0, true, true, false, false, 2}); });
        }
    }
}

}  // namespace frnn::test
