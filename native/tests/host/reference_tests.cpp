// The reference of the recurrence benchmark: its backward against finite differences of its forward, its rounding against
// the definition of the types.
#include <cmath>
#include <random>
#include <vector>

#include "bench/reference.h"
#include "test.h"

namespace {

using bench::Layer;
using bench::Storage;
using bench::Trace;

double loss(const Layer &layer, Trace &t) {
    bench::run(layer, t, nullptr);
    const size_t H = size_t(layer.hidden), last = size_t(t.length - 1) * H;
    double sum = 0;
    for (size_t i = 0; i < t.h.size(); i++) sum += t.dy[i] * t.h[i];
    for (size_t u = 0; u < H; u++) sum += t.dhy[u] * t.h[last + u] + t.dcy[u] * t.c[last + u];
    return sum;
}

void gradients(int cell, int gates, float clip) {
    const Layer layer{cell, gates, 3, 5, 1, clip};
    std::mt19937 random(7);
    auto values = [&](size_t n) {
        std::vector<double> v(n);
        for (double &x : v) x = double(random()) / 4294967296.0 * 2 - 1;
        return v;
    };
    Trace t;
    t.length = 4;
    t.gateInputs = values(size_t(4 * 3 * gates));
    t.weights = values(size_t(3 * gates * 3));
    t.biasN = values(3);
    t.hx = values(3);
    t.cx = values(3);
    t.dy = values(12);
    t.dhy = values(3);
    t.dcy = values(3);
    loss(layer, t);
    const Trace analytic = t;
    auto matches = [&](std::vector<double> &x, const std::vector<double> &gradient) {
        for (size_t i = 0; i < x.size(); i++) {
            const double kept = x[i], step = 1e-6;
            x[i] = kept + step;
            const double up = loss(layer, t);
            x[i] = kept - step;
            const double down = loss(layer, t);
            x[i] = kept;
            EXPECT(std::fabs((up - down) / (2 * step) - gradient[i]) < 1e-7);
        }
    };
    matches(t.gateInputs, analytic.dGates);
    matches(t.hx, analytic.dhx);
    if (cell == FRNN_LSTM) matches(t.cx, analytic.dcx);
}

void rounding(int dtype) {
    const Storage storage{dtype};
    for (uint32_t bits = 0; bits < 0x10000; bits++) {
        const double x = storage.value(uint16_t(bits));
        if (!std::isfinite(x)) continue;
        EXPECT(storage.bits(x) == bits);
        EXPECT(storage.round(x) == x);
    }
    // Halfway between two neighbours goes to the even one.
    const double ulp = dtype == FRNN_BF16 ? 0x1p-7 : 0x1p-10;
    EXPECT(storage.round(1 + ulp / 2) == 1);
    EXPECT(storage.round(1 + ulp * 1.5) == 1 + 2 * ulp);
}

void roundingOfFactors() {
    const Storage exact{FRNN_F32}, coarse{FRNN_F32, true};
    EXPECT(exact.factor(1 + 0x1p-20) == 1 + 0x1p-20 && coarse.factor(1 + 0x1p-20) == 1);
    EXPECT(coarse.factor(1 + 0x1p-11) == 1 + 0x1p-10 && coarse.factor(-3 - 0x1p-10) == -3 - 0x1p-9 && coarse.factor(1 + 0x1.ffp-12) == 1);
    EXPECT(coarse.round(1 + 0x1p-20) == 1 + 0x1p-20);
}

}  // namespace

void referenceTests() {
    roundingOfFactors();
    gradients(FRNN_LSTM, 4, 0);
    gradients(FRNN_LSTM, 4, 0.5f);
    gradients(FRNN_GRU_RESET_AFTER, 3, 0);
    gradients(FRNN_GRU_RESET_BEFORE, 3, 0);
    gradients(FRNN_RNN_TANH, 1, 0);
    gradients(FRNN_RNN_RELU, 1, 0);
    rounding(FRNN_BF16);
    rounding(FRNN_F16);
}
