// The gates of many time steps at once, from given h: with the GEMMs on the host, against the equations in double.
#include <algorithm>
#include <cmath>

#include "harness.h"

namespace frnn::test {

using Values = std::vector<double>;

struct GatesOptions {
    int32_t type, cell;
    int64_t T, N, H, D, P;
    bool lengths, states;
    int64_t padding; // elements behind the values of every row that can have them
    int64_t chunk;   // steps at a time
};

static double sigma(double x) { return 1 / (1 + std::exp(-x)); }

class Gates {
public:
    Gates(Case &c, const GatesOptions &o);
    void run();

private:
    int64_t length(int64_t n) const { return o.lengths ? static_cast<int64_t>(lengths->host()[n]) : o.T; }
    double before(int64_t t, int64_t n, int64_t d, int64_t k) const;
    Values states(int64_t begin, int64_t count) const;
    Buffer &sums(const Values &rows, int64_t first, int64_t count) const;
    void chunk(int64_t begin, int64_t count);
    void expect(int64_t t, int64_t n, int64_t d, const double *first, const double *second, const double *resetH);

    Case &c;
    GatesOptions o;
    int64_t G, R, gateStride, stateStride;
    Buffer *lengths = nullptr, *hx = nullptr, *bHn = nullptr, *y, *gateInputs, *weights, *savedGates, *savedReset = nullptr;
    Values gates, reset; // expected
};

Gates::Gates(Case &context, const GatesOptions &options) : c(context), o(options) {
    const bool lstm = o.cell == FRNN_LSTM;
    G = lstm ? 4 : 3;
    R = o.P == 0 ? o.H : o.P;
    gateStride = G * o.H + (lstm ? 4 : 1) * o.padding;
    stateStride = R + o.padding;
    const int64_t rows = o.T * o.N * o.D;
    if (o.lengths) {
        Values drawn = c.integers(o.N, 1, o.T);
        drawn[0] = static_cast<double>(o.T);
        lengths = &c.input(FRNN_I32, drawn);
    }
    Values h = c.uniform(rows * R);
    for (int64_t i = 0; i < rows * R; ++i) {
        const int64_t n = i / R / o.D % o.N, t = i / R / o.D / o.N;
        if (t >= length(n)) h[i] = 0;
    }
    y = &c.input(o.type, h);
    if (o.states) hx = &c.input(o.type, c.uniform(o.D * o.N * R));
    Values inputs = c.uniform(rows * gateStride, -1.5, 1.5);
    for (int64_t i = 0; i < rows * gateStride; ++i) {
        // Nobody may read what lies behind a row or a length.
        const int64_t row = i / gateStride, n = row / o.D % o.N, t = row / o.D / o.N;
        if (i % gateStride >= G * o.H || t >= length(n)) inputs[i] = NAN;
    }
    gateInputs = &c.input(o.type, inputs);
    const double scale = 2 / std::sqrt(static_cast<double>(R));
    weights = &c.input(o.type, c.uniform(o.D * G * o.H * R, -scale, scale));
    if (o.cell == FRNN_GRU_RESET_AFTER && o.states) bHn = &c.input(FRNN_F32, c.uniform(o.D * o.H));
    savedGates = &c.output(o.type, rows * o.H * 4);
    gates = Values(static_cast<size_t>(rows * o.H * 4), 0);
    if (o.cell == FRNN_GRU_RESET_BEFORE) {
        savedReset = &c.output(o.type, rows * o.H);
        reset = Values(static_cast<size_t>(rows * o.H), 0);
    }
}

double Gates::before(int64_t t, int64_t n, int64_t d, int64_t k) const {
    const int64_t first = d == 0 ? 0 : length(n) - 1, previous = d == 0 ? t - 1 : t + 1;
    if (t == first) return hx == nullptr ? 0 : hx->host()[(d * o.N + n) * R + k];
    return y->host()[((previous * o.N + n) * o.D + d) * R + k];
}

// [count,N,D,stateStride]
Values Gates::states(int64_t begin, int64_t count) const {
    Values out(static_cast<size_t>(count * o.N * o.D * stateStride), 0);
    for (int64_t row = 0; row < count * o.N * o.D; ++row) {
        const int64_t d = row % o.D, n = row / o.D % o.N, t = begin + row / o.D / o.N;
        for (int64_t k = 0; k < R && t < length(n); ++k) out[row * stateStride + k] = before(t, n, d, k);
    }
    return out;
}

// Rows of states times rows first .. first+count of the weights, transposed; what lies behind is poisoned.
Buffer &Gates::sums(const Values &rows, int64_t first, int64_t count) const {
    const int64_t stride = (count + 3) / 4 * 4 + 4 * o.padding, all = static_cast<int64_t>(rows.size()) / stateStride;
    Values out(static_cast<size_t>(all * stride), NAN);
    for (int64_t row = 0; row < all; ++row) {
        for (int64_t g = 0; g < count; ++g) {
            const double *w = weights->host().data() + (row % o.D * G * o.H + first + g) * R;
            double sum = 0;
            for (int64_t k = 0; k < R; ++k) sum += rows[row * stateStride + k] * w[k];
            out[row * stride + g] = sum;
        }
    }
    return c.input(FRNN_F32, out);
}

// What the gates of one row are: the sums of its products, and r*h where it is multiplied.
void Gates::expect(int64_t t, int64_t n, int64_t d, const double *first, const double *second, const double *resetH) {
    const int64_t row = (t * o.N + n) * o.D + d;
    const double *x = gateInputs->host().data() + row * gateStride;
    for (int64_t u = 0; u < o.H && t < length(n); ++u) {
        double *to = gates.data() + (row * o.H + u) * 4;
        if (o.cell == FRNN_LSTM) {
            for (int g = 0; g < 4; ++g) {
                const double a = x[u * 4 + g] + first[u * 4 + g];
                to[g] = g == 2 ? std::tanh(a) : sigma(a);
            }
            continue;
        }
        const int64_t stride = second == nullptr ? 3 : 2;
        to[0] = sigma(x[u * 3] + first[u * stride]);
        to[1] = sigma(x[u * 3 + 1] + first[u * stride + 1]);
        to[3] = second == nullptr ? first[u * 3 + 2] + (bHn == nullptr ? 0 : bHn->host()[d * o.H + u]) : resetH[u];
        to[2] = std::tanh(x[u * 3 + 2] + (second == nullptr ? to[0] * to[3] : second[u]));
        if (second != nullptr) reset[row * o.H + u] = resetH[u];
    }
}

void Gates::chunk(int64_t begin, int64_t count) {
    const bool resetBefore = savedReset != nullptr;
    const Values h = states(begin, count);
    Buffer &rows = c.output(o.type, count * o.N * o.D * stateStride);
    FrnnStatesBeforeParams s{};
    s.type = o.type;
    s.T = o.T;
    s.N = o.N;
    s.R = R;
    s.D = o.D;
    s.timeBegin = begin;
    s.timeCount = count;
    s.stateStride = stateStride;
    s.y = y->address();
    s.hx = hx == nullptr ? 0 : hx->address();
    s.lengths = lengths == nullptr ? 0 : lengths->address();
    s.states = rows.address();
    c.call(frnn_states_before, s);
    c.equal("states before", rows.get(), h);

    Buffer &first = sums(h, 0, (resetBefore ? 2 : G) * o.H);
    FrnnGatesParams p{};
    p.type = o.type;
    p.cell = o.cell;
    p.T = o.T;
    p.N = o.N;
    p.H = o.H;
    p.D = o.D;
    p.timeBegin = begin;
    p.timeCount = count;
    p.gateStride = gateStride;
    p.sumStride = first.count() / (count * o.N * o.D);
    p.gateInputs = gateInputs->address();
    p.sums = first.address();
    p.bHn = bHn == nullptr ? 0 : bHn->address();
    p.lengths = s.lengths;
    p.savedGates = savedGates->address();
    const int64_t firstStride = p.sumStride;
    if (resetBefore) {
        p.states = rows.address();
        p.stateStride = stateStride;
    }
    c.call(frnn_gates, p);
    Values resetH;
    Buffer *second = nullptr;
    if (resetBefore) {
        resetH = rows.get();
        second = &sums(resetH, 2 * o.H, o.H);
        p.stage = 1;
        p.sumStride = second->count() / (count * o.N * o.D);
        p.sums = second->address();
        p.savedReset = savedReset->address();
        c.call(frnn_gates, p);
    }
    Values products = h;
    for (int64_t row = 0; row < count * o.N * o.D; ++row) {
        const int64_t d = row % o.D, n = row / o.D % o.N, t = begin + row / o.D / o.N;
        const double *a = first.host().data() + row * firstStride;
        expect(t, n, d, a, second == nullptr ? nullptr : second->host().data() + row * p.sumStride, resetH.data() + row * stateStride);
        if (!resetBefore || t >= length(n)) continue;
        const double *x = gateInputs->host().data() + ((t * o.N + n) * o.D + d) * gateStride;
        for (int64_t u = 0; u < o.H; ++u) products[row * stateStride + u] *= sigma(x[u * 3] + a[u * 2]);
    }
    if (resetBefore) c.close("r*h in place", rows, products);
}

void Gates::run() {
    for (int64_t begin = 0; begin < o.T; begin += o.chunk) chunk(begin, std::min(o.chunk, o.T - begin));
    c.close("gates", *savedGates, gates);
    if (savedReset != nullptr) c.equal("r*h", savedReset->get(), reset);
}

static void gatesCase(Case &c, const GatesOptions &options) { Gates(c, options).run(); }

void addGatesTests() {
    const char *names[] = {"lstm", "gru", "gru reset-before"};
    for (int32_t type : FLOATING) {
        for (int32_t cell = FRNN_LSTM; cell <= FRNN_GRU_RESET_BEFORE; ++cell) {
            const std::string name = std::string("gates ") + names[cell - FRNN_LSTM] + " " + typeName(type);
            add(name, [=](Case &c) { gatesCase(c, {type, cell, 5, 4, 7, 1, 0, false, true, 0, 5}); });
            add(name + " one", [=](Case &c) { gatesCase(c, {type, cell, 1, 1, 1, 1, 0, false, false, 0, 1}); });
            add(name + " both ways, lengths", [=](Case &c) { gatesCase(c, {type, cell, 7, 5, 6, 2, 0, true, true, 3, 3}); });
            add(name + " no states", [=](Case &c) { gatesCase(c, {type, cell, 4, 3, 5, 2, 0, true, false, 1, 2}); });
            add(name + " wide", [=](Case &c) { gatesCase(c, {type, cell, 3, 2, 137, 2, 0, false, true, 7, 2}); });
            if (cell == FRNN_LSTM) add(name + " projected", [=](Case &c) { gatesCase(c, {type, cell, 5, 4, 9, 2, 4, true, true, 2, 2}); });
        }
    }
    // More rows than a launch has blocks along them.
    add("gates lstm many rows", [](Case &c) { gatesCase(c, {FRNN_F32, FRNN_LSTM, 67, 1009, 1, 1, 0, true, true, 0, 67}); });
}

}  // namespace frnn::test
