#include "streamed_layer.h"

#include <algorithm>
#include <cmath>

namespace frnn::test {

// The gradient of ReLU jumps at zero, where an honest rounding of a sum changes its sign. With states that are not negative, and
// inputs and weights of one sign per unit, no sum comes near. Smaller weights: sums without cancellation would grow from step to step.
static void giveUnitsOneSign(Values &inputs, Values &weights, int64_t H) {
    const auto sign = [H](int64_t unit) { return unit % H % 2 == 0 ? 1.0 : -1.0; };
    int64_t row = 0;
    for (double &input : inputs) input = sign(row++) * (0.1 + 0.5 * std::fabs(input));
    int64_t element = 0;
    for (double &weight : weights) weight = sign(element++ / H) * std::fabs(weight) / std::sqrt(static_cast<double>(H));
}

Streamed::Streamed(Case &context, const StreamedOptions &options) : c(context), o(options) {
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

}  // namespace frnn::test
