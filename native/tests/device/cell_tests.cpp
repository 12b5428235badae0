// The streamed plan as its caller runs it, with the GEMMs on the host: whole sequences against the reference, gradients against
// differences of it.
#include <algorithm>
#include <cmath>

#include "cell_reference.h"
#include "harness.h"

namespace frnn::test {

struct Options {
    int32_t type, cell;
    int64_t T, N, H, D, P;
    double clip;
    bool lengths;          // else all T
    bool states;           // else hx = cx = 0, given as missing tensors
    bool sixteenRecurrent; // recurrent product in the storage type
    bool apart;            // one call per direction
    int64_t padding;       // elements behind the values of every row that can have them
    bool oneLaunch = false; // the recurrent product and the cell in one launch; rows are padded to 16 bytes
    double zoneout = 0, cellZoneout = 0;
    bool inference = false;
};

constexpr int32_t ZONEOUT_STREAM = (1 << 17) + 8;

// The device tensors of one layer and the host's part of the plan.
class Streamed {
public:
    Streamed(Case &c, const Options &o);
    void forward();
    void backward();
    void compare();

private:
    Values product(const Values &a, const Values &weights, int64_t rows, int64_t offset, int64_t allRows, int64_t columns) const;
    void addProduct(Buffer &to, const Values &gradients, int64_t begin, int64_t count, bool overwrite) const;
    Values slice(const Buffer &sequence, int64_t step, int64_t stride, int64_t begin, int64_t count) const;
    Values padded(const Values &rows, int64_t width, int64_t stride) const;
    Values dense(const Buffer &rows, int64_t width, int64_t stride) const;
    template <typename Params>
    void perDirection(int32_t (*function)(const Params *, FrnnMessage *), Params p);
    void stepForward(FrnnCellForwardParams p, const Buffer *values);
    void finishStep(int64_t step);
    void transposeWeights();
    void stepBackward(FrnnCellBackwardParams p);
    Values weightGradient();
    Values projectionGradient();
    void compareGradient(const char *what, Values &variable, const Values &got);
    double tolerance(double scale) const;
    int64_t time(int64_t step, int64_t d) const { return d == 0 ? step : o.T - 1 - step; }

    Case &c;
    Options o;
    Layer layer;
    int64_t G, R, S;
    int64_t gateStride, unitStride, stateStride; // of rows of gates, of H units, and of h
    Values wy, why, wcy;
    Buffer *lengths = nullptr, *random = nullptr, *gateInputs, *bHn = nullptr, *hx = nullptr, *cx = nullptr, *hState, *cState, *recurrent, *resetState, *resetGates;
    Buffer *recurrentWeights = nullptr, *transposedWeights = nullptr, *otherState = nullptr; // where a step in one launch puts h: every other one back into hState
    Buffer *y, *hRaw, *savedGates, *savedCells, *savedReset, *projected;
    Buffer *dy, *dhState, *dcState, *dhRaw, *dhReset, *dGates, *dGatesH, *dGatesFirst, *dProjected;
};

static uint64_t at(const Buffer *buffer) { return buffer == nullptr ? 0 : buffer->address(); }

// The gradient of ReLU jumps at zero, where an honest rounding of a sum changes its sign. With states that are not negative, and
// inputs and weights of one sign per unit, no sum comes near. Smaller weights: sums without cancellation would grow from step to step.
static void giveUnitsOneSign(Values &inputs, Values &weights, int64_t H) {
    const auto sign = [H](int64_t unit) { return unit % H % 2 == 0 ? 1.0 : -1.0; };
    int64_t row = 0;
    for (double &input : inputs) input = sign(row++) * (0.1 + 0.5 * std::fabs(input));
    int64_t element = 0;
    for (double &weight : weights) weight = sign(element++ / H) * std::fabs(weight) / std::sqrt(static_cast<double>(H));
}

Streamed::Streamed(Case &context, const Options &options) : c(context), o(options) {
    layer.cell = o.cell;
    layer.T = o.T;
    layer.N = o.N;
    layer.H = o.H;
    layer.D = o.D;
    layer.P = o.P;
    layer.clip = o.clip;
    layer.zoneout = o.zoneout;
    layer.cellZoneout = o.cellZoneout;
    layer.zoneoutStream = ZONEOUT_STREAM;
    if (!o.inference && (o.zoneout > 0 || o.cellZoneout > 0)) {
        layer.random = {123456789, -987654321, 17, 0};
        random = &c.input(FRNN_I32, layer.random);
    }
    G = layer.gates();
    R = layer.outputs();
    S = o.cell == FRNN_LSTM || G == 3 ? 4 : 0;
    const int64_t group = o.cell == FRNN_LSTM ? 4 : o.cell == FRNN_GRU_RESET_BEFORE ? 2 : 1;
    const int64_t step = o.oneLaunch ? 16 / (o.type == FRNN_F32 ? 4 : 2) : 1, gateStep = std::max(group, step);
    gateStride = (G * o.H + gateStep - 1) / gateStep * gateStep + gateStep * o.padding;
    unitStride = (o.H + o.padding + step - 1) / step * step;
    stateStride = (R + o.padding + step - 1) / step * step;
    const int64_t gateRows = o.D * o.N * gateStride, unitRows = o.D * o.N * unitStride, stateRows = o.D * o.N * stateStride;
    const int64_t units = o.T * o.N * o.D * o.H, states = o.D * o.N * R, cells = o.D * o.N * o.H;
    const double scale = 1 / std::sqrt(static_cast<double>(R));
    const int32_t product = o.sixteenRecurrent ? o.type : FRNN_F32;

    if (o.lengths) {
        layer.lengths = c.integers(o.N, 1, o.T);
        layer.lengths[0] = static_cast<double>(o.T);
        if (o.N > 1) layer.lengths[o.N - 1] = 1;
        lengths = &c.input(FRNN_I32, layer.lengths);
    }
    Values inputs = c.uniform(units * G, -1.5, 1.5), weights = c.uniform(o.D * o.H * G * R, -2 * scale, 2 * scale);
    if (o.cell == FRNN_RNN_RELU) giveUnitsOneSign(inputs, weights, o.H);
    gateInputs = &c.input(o.type, padded(inputs, G * o.H, gateStride));
    layer.gateInputs = dense(*gateInputs, G * o.H, gateStride);
    layer.wHh = c.input(o.type, weights).host();
    if (o.P != 0) layer.wHr = c.input(o.type, c.uniform(o.D * o.P * o.H, -2 * scale, 2 * scale)).host();
    if (o.cell == FRNN_GRU_RESET_AFTER) {
        bHn = &c.input(FRNN_F32, c.uniform(o.D * o.H));
        layer.bHn = bHn->host();
    }
    layer.hx = Values(static_cast<size_t>(states), 0);
    layer.cx = Values(static_cast<size_t>(cells), 0);
    if (o.states) {
        hx = &c.input(o.type, o.cell == FRNN_RNN_RELU ? c.uniform(states, 0, 1) : c.uniform(states));
        layer.hx = hx->host();
        if (o.cell == FRNN_LSTM) {
            cx = &c.input(o.type, c.uniform(cells));
            layer.cx = cx->host();
        }
    }
    hState = &c.input(o.type, padded(layer.hx, R, stateStride));
    if (o.oneLaunch) {
        // Rows of zeros behind each direction's, as behind the values of a row.
        const Values rows = padded(padded(layer.wHh, R, stateStride), G * o.H * stateStride, gateStride * stateStride);
        recurrentWeights = &c.input(o.type, rows);
        transposedWeights = &c.output(o.type, o.D * gateStride * stateStride);
        otherState = &c.output(o.type, o.D * o.N * stateStride);
    }
    cState = &c.input(FRNN_F32, layer.cx);
    recurrent = &c.output(product, gateRows);
    resetState = &c.output(o.type, unitRows);
    resetGates = &c.output(FRNN_F32, cells * 2);
    y = &c.output(o.type, o.T * o.N * o.D * R);
    hRaw = o.P == 0 ? nullptr : &c.output(o.type, o.T * unitRows);
    projected = &c.output(product, stateRows);
    savedGates = S == 0 ? nullptr : &c.output(o.type, units * S);
    savedCells = o.cell == FRNN_LSTM ? &c.output(FRNN_F32, units) : nullptr;
    savedReset = o.cell == FRNN_GRU_RESET_BEFORE ? &c.output(o.type, units) : nullptr;

    dy = &c.input(o.type, c.uniform(o.T * o.N * o.D * R));
    why = c.uniform(states);
    dhState = &c.input(FRNN_F32, padded(why, R, stateStride));
    why = dense(*dhState, R, stateStride);
    dcState = &c.input(FRNN_F32, c.uniform(cells));
    wy = dy->host();
    wcy = dcState->host();
    dhRaw = &c.output(FRNN_F32, unitRows);
    dhReset = &c.output(FRNN_F32, unitRows);
    dGates = &c.output(o.type, o.T * gateRows);
    dGatesH = G == 3 ? &c.output(o.type, o.T * gateRows) : nullptr;
    dGatesFirst = &c.output(o.type, gateRows);
    dProjected = &c.output(o.type, o.T * stateRows);
}

// Rows of `width` values with zeros behind them.
Values Streamed::padded(const Values &rows, int64_t width, int64_t stride) const {
    const int64_t count = static_cast<int64_t>(rows.size()) / width;
    Values out(static_cast<size_t>(count * stride), 0);
    for (int64_t row = 0; row < count; ++row) std::copy_n(rows.begin() + row * width, width, out.begin() + row * stride);
    return out;
}

// The way back; what lies behind the values must be zero, or products would read it.
Values Streamed::dense(const Buffer &rows, int64_t width, int64_t stride) const {
    const Values all = rows.get();
    Values out;
    for (int64_t row = 0; row < rows.count() / stride; ++row) {
        for (int64_t k = 0; k < width; ++k) out.push_back(all[row * stride + k]);
        for (int64_t k = width; k < stride; ++k) {
            if (!(all[row * stride + k] == 0)) fail("padding %lld of row %lld is %g", (long long)k, (long long)row, all[row * stride + k]);
        }
    }
    return out;
}

// a [D,N,columns] times rows offset..offset+rows of weights [D,allRows,columns], transposed: [D,N,rows]
Values Streamed::product(const Values &a, const Values &weights, int64_t rows, int64_t offset, int64_t allRows, int64_t columns) const {
    Values out;
    for (int64_t d = 0; d < o.D; ++d) {
        for (int64_t n = 0; n < o.N; ++n) {
            for (int64_t row = 0; row < rows; ++row) {
                double sum = 0;
                for (int64_t k = 0; k < columns; ++k) {
                    sum += a[(d * o.N + n) * columns + k] * weights[(d * allRows + offset + row) * columns + k];
                }
                out.push_back(sum);
            }
        }
    }
    return out;
}

// Columns begin..begin+count of the step's rows of a sequence [T,N,D,stride], as [D,N,count].
Values Streamed::slice(const Buffer &sequence, int64_t step, int64_t stride, int64_t begin, int64_t count) const {
    const Values all = sequence.get();
    Values out;
    for (int64_t d = 0; d < o.D; ++d) {
        for (int64_t n = 0; n < o.N; ++n) {
            const int64_t row = ((time(step, d) * o.N + n) * o.D + d) * stride + begin;
            out.insert(out.end(), all.begin() + row, all.begin() + row + count);
        }
    }
    return out;
}

template <typename Params>
void Streamed::perDirection(int32_t (*function)(const Params *, FrnnMessage *), Params p) {
    p.directionBegin = 0;
    p.directionCount = static_cast<int32_t>(o.apart ? 1 : o.D);
    c.call(function, p);
    if (o.apart && o.D == 2) {
        p.directionBegin = 1;
        c.call(function, p);
    }
}

// The step as one launch per stage: h goes from one tensor to another, so that all blocks read the old one.
void Streamed::stepForward(FrnnCellForwardParams p, const Buffer *values) {
    const bool reset = o.cell == FRNN_GRU_RESET_BEFORE;
    FrnnStepParams s{};
    s.recurrent.columns = s.recurrent.gateStride = s.recurrent.valueStride = stateStride;
    s.recurrent.unitStride = (!reset ? G : p.stage == 0 ? 2 : 1) * stateStride;
    const int64_t bytes = o.type == FRNN_F32 ? 4 : 2;
    for (int64_t d = 0; d < o.D; ++d) {
        const int64_t row = d * gateStride + (p.stage == 1 ? 2 * o.H : 0);
        s.recurrent.weights[d] = at(recurrentWeights) + static_cast<uint64_t>(bytes * row * stateStride);
        s.recurrent.values[d] = values == nullptr ? 0 : at(values) + static_cast<uint64_t>(bytes * d * o.N * stateStride);
    }
    p.recurrent = 0;
    if (o.P == 0) p.hState = at(otherState);
    for (int32_t d = 0; d < (o.apart ? o.D : 1); ++d) {
        p.directionBegin = d;
        p.directionCount = static_cast<int32_t>(o.apart ? 1 : o.D);
        c.call(frnn_step_forward, p, s);
    }
}

void Streamed::forward() {
    const bool reset = o.cell == FRNN_GRU_RESET_BEFORE;
    for (int64_t step = 0; step < o.T; ++step) {
        FrnnCellForwardParams p{};
        p.type = o.type;
        p.cell = o.cell;
        p.recurrentType = recurrent->type();
        p.cellClip = static_cast<float>(o.clip);
        p.zoneout = o.P == 0 ? static_cast<float>(o.zoneout) : 0;
        p.cellZoneout = static_cast<float>(o.cellZoneout);
        p.zoneoutStream = ZONEOUT_STREAM;
        p.random = at(random);
        p.T = o.T;
        p.N = o.N;
        p.H = o.H;
        p.D = o.D;
        p.step = step;
        p.gateStride = gateStride;
        p.stateStride = unitStride;
        p.gateInputs = at(gateInputs);
        p.bHn = at(bHn);
        p.lengths = at(lengths);
        p.hBefore = p.hState = o.P == 0 ? at(hState) : 0;
        p.cBefore = p.cState = o.cell == FRNN_LSTM ? at(cState) : 0;
        p.resetState = reset ? at(resetState) : 0;
        p.resetGates = reset ? at(resetGates) : 0;
        p.y = o.P == 0 ? at(y) : 0;
        p.hRaw = at(hRaw);
        p.savedGates = at(savedGates);
        p.savedCells = at(savedCells);
        p.savedReset = at(savedReset);
        p.recurrent = step == 0 && !o.states ? 0 : at(recurrent);
        if (o.oneLaunch) {
            stepForward(p, p.recurrent == 0 ? nullptr : hState);
            if (reset) {
                p.stage = 1;
                stepForward(p, p.recurrent == 0 ? nullptr : resetState);
            }
            if (o.P == 0) std::swap(hState, otherState);
            finishStep(step);
            continue;
        }
        const int64_t rows = reset ? 2 * o.H : G * o.H;
        recurrent->set(padded(product(dense(*hState, R, stateStride), layer.wHh, rows, 0, G * o.H, R), rows, gateStride));
        perDirection(frnn_cell_forward, p);
        if (reset) {
            const Values sums = product(dense(*resetState, o.H, unitStride), layer.wHh, o.H, 2 * o.H, G * o.H, R);
            recurrent->set(padded(sums, o.H, gateStride));
            p.stage = 1;
            perDirection(frnn_cell_forward, p);
        }
        finishStep(step);
    }
}

// The projection, if there is one.
void Streamed::finishStep(int64_t step) {
    if (o.P == 0) return;
    projected->set(padded(product(slice(*hRaw, step, unitStride, 0, o.H), layer.wHr, o.P, 0, o.P, o.H), o.P, stateStride));
    FrnnStateForwardParams s{};
    s.type = o.type;
    s.projectedType = projected->type();
    s.zoneout = static_cast<float>(o.zoneout);
    s.zoneoutStream = ZONEOUT_STREAM;
    s.random = at(random);
    s.T = o.T;
    s.N = o.N;
    s.P = o.P;
    s.D = o.D;
    s.step = step;
    s.stateStride = stateStride;
    s.lengths = at(lengths);
    s.projected = at(projected);
    s.hState = at(hState);
    s.y = at(y);
    perDirection(frnn_state_forward, s);
}

// to [D,N,R] (+)= gradients [D,N,count] times rows begin..begin+count of wHh
void Streamed::addProduct(Buffer &to, const Values &gradients, int64_t begin, int64_t count, bool overwrite) const {
    const int64_t stride = to.count() / (o.D * o.N);
    Values sums = overwrite ? Values(static_cast<size_t>(to.count()), 0) : to.get();
    for (int64_t d = 0; d < o.D; ++d) {
        for (int64_t n = 0; n < o.N; ++n) {
            for (int64_t row = 0; row < count; ++row) {
                const double g = gradients[(d * o.N + n) * count + row];
                for (int64_t k = 0; k < R; ++k) sums[(d * o.N + n) * stride + k] += g * layer.wHh[(d * G * o.H + begin + row) * R + k];
            }
        }
    }
    to.set(sums);
}

void Streamed::transposeWeights() {
    const uint64_t bytes = static_cast<uint64_t>(gateStride * stateStride * (o.type == FRNN_F32 ? 4 : 2));
    for (int64_t d = 0; d < o.D; ++d) {
        FrnnTransposeParams p{};
        p.type = o.type;
        p.rows = gateStride;
        p.columns = stateStride;
        p.from = at(recurrentWeights) + static_cast<uint64_t>(d) * bytes;
        p.to = at(transposedWeights) + static_cast<uint64_t>(d) * bytes;
        c.call(frnn_transpose, p);
    }
}

// The step with the product that follows the later step, in one launch.
void Streamed::stepBackward(FrnnCellBackwardParams p) {
    const Buffer *gradients = dGatesH == nullptr ? dGates : dGatesH;
    const int64_t bytes = o.type == FRNN_F32 ? 4 : 2;
    FrnnStepParams s{};
    s.recurrent.columns = s.recurrent.unitStride = s.recurrent.gateStride = gateStride;
    s.recurrent.valueStride = o.D * gateStride;
    for (int64_t d = 0; d < o.D; ++d) {
        s.recurrent.weights[d] = at(transposedWeights) + static_cast<uint64_t>(bytes * d * stateStride * gateStride);
        const int64_t row = time(p.step + 1, d) * o.N * o.D + d;
        s.recurrent.values[d] = p.step == o.T - 1 ? 0 : at(gradients) + static_cast<uint64_t>(bytes * row * gateStride);
    }
    for (int32_t d = 0; d < (o.apart ? o.D : 1); ++d) {
        p.directionBegin = d;
        p.directionCount = static_cast<int32_t>(o.apart ? 1 : o.D);
        c.call(frnn_step_backward, p, s);
    }
}

void Streamed::backward() {
    const bool oneLaunch = o.oneLaunch && o.P == 0 && o.N <= 8 && o.cell != FRNN_GRU_RESET_BEFORE;
    if (oneLaunch) transposeWeights();
    for (int64_t step = o.T - 1; step >= 0; --step) {
        FrnnCellBackwardParams p{};
        p.type = o.type;
        p.cell = o.cell;
        p.cellClip = static_cast<float>(o.clip);
        p.zoneout = o.P == 0 ? static_cast<float>(o.zoneout) : 0;
        p.cellZoneout = static_cast<float>(o.cellZoneout);
        p.zoneoutStream = ZONEOUT_STREAM;
        p.random = at(random);
        p.T = o.T;
        p.N = o.N;
        p.H = o.H;
        p.D = o.D;
        p.step = step;
        p.gateStride = gateStride;
        p.stateStride = unitStride;
        p.savedGates = at(savedGates);
        p.savedCells = at(savedCells);
        p.y = at(y);
        p.hx = at(hx);
        p.cx = at(cx);
        p.lengths = at(lengths);
        p.dy = o.P == 0 ? at(dy) : 0;
        p.dhState = o.P == 0 ? at(dhState) : at(dhRaw);
        p.dcState = o.cell == FRNN_LSTM ? at(dcState) : 0;
        p.dhReset = at(dhReset);
        p.dGates = at(dGates);
        p.dGatesH = at(dGatesH);
        p.dGatesFirst = at(dGatesFirst);
        if (o.P != 0) {
            FrnnStateBackwardParams s{};
            s.type = o.type;
            s.zoneout = static_cast<float>(o.zoneout);
            s.zoneoutStream = ZONEOUT_STREAM;
            s.random = at(random);
            s.T = o.T;
            s.N = o.N;
            s.P = o.P;
            s.D = o.D;
            s.step = step;
            s.stateStride = stateStride;
            s.lengths = at(lengths);
            s.dy = at(dy);
            s.dhState = at(dhState);
            s.dProjected = at(dProjected);
            perDirection(frnn_state_backward, s);
            const Values dr = slice(*dProjected, step, stateStride, 0, o.P);
            Values raw(static_cast<size_t>(o.D * o.N * o.H), 0);
            for (int64_t i = 0; i < o.D * o.N * o.H; ++i) {
                const int64_t row = i / o.H, u = i % o.H, d = row / o.N;
                for (int64_t k = 0; k < o.P; ++k) raw[i] += dr[row * o.P + k] * layer.wHr[(d * o.P + k) * o.H + u];
            }
            dhRaw->set(padded(raw, o.H, unitStride));
        }
        if (oneLaunch) {
            stepBackward(p);
            if (step > 0) continue;
        } else {
            perDirection(frnn_cell_backward, p);
        }
        const Buffer &gradients = dGatesH == nullptr ? *dGates : *dGatesH;
        if (o.cell == FRNN_GRU_RESET_BEFORE) {
            addProduct(*dhReset, slice(gradients, step, gateStride, 2 * o.H, o.H), 2 * o.H, o.H, true);
            p.stage = 1;
            perDirection(frnn_cell_backward, p);
            addProduct(*dhState, slice(gradients, step, gateStride, 0, 2 * o.H), 0, 2 * o.H, false);
        } else {
            addProduct(*dhState, slice(gradients, step, gateStride, 0, G * o.H), 0, G * o.H, false);
        }
    }
}

// As the caller's GEMMs: every step with the output before it (zero behind lengths), and the first step with hx.
Values Streamed::weightGradient() {
    const Values gradients = dense(dGatesH == nullptr ? *dGates : *dGatesH, G * o.H, gateStride);
    const Values first = dense(*dGatesFirst, G * o.H, gateStride), outputs = y->get();
    const Values reset = savedReset == nullptr ? Values() : savedReset->get();
    const int64_t rows = G * o.H, resetRows = savedReset == nullptr ? rows : 2 * o.H;
    Values out(layer.wHh.size(), 0);
    for (int64_t d = 0; d < o.D; ++d) {
        for (int64_t n = 0; n < o.N; ++n) {
            for (int64_t row = 0; row < rows; ++row) {
                double *to = out.data() + (d * rows + row) * R;
                for (int64_t t = 0; t < o.T; ++t) {
                    const int64_t sample = (t * o.N + n) * o.D + d, previous = d == 0 ? t - 1 : t + 1;
                    const double g = gradients[sample * rows + row];
                    for (int64_t k = 0; k < R; ++k) {
                        if (row >= resetRows) to[k] += g * reset[sample * o.H + k];
                        else if (previous >= 0 && previous < o.T) to[k] += g * outputs[((previous * o.N + n) * o.D + d) * R + k];
                    }
                }
                if (row >= resetRows) continue;
                for (int64_t k = 0; k < R; ++k) to[k] += first[(d * o.N + n) * rows + row] * layer.hx[(d * o.N + n) * R + k];
            }
        }
    }
    return out;
}

Values Streamed::projectionGradient() {
    const Values gradients = dense(*dProjected, o.P, stateStride), raw = dense(*hRaw, o.H, unitStride);
    Values out(layer.wHr.size(), 0);
    for (int64_t row = 0; row < o.T * o.N * o.D; ++row) {
        const int64_t d = row % o.D;
        for (int64_t k = 0; k < o.P; ++k) {
            for (int64_t u = 0; u < o.H; ++u) out[(d * o.P + k) * o.H + u] += gradients[row * o.P + k] * raw[row * o.H + u];
        }
    }
    return out;
}

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

static void cellCase(Case &c, const Options &options) {
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
