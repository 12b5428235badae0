#include "streamed_layer.h"

namespace frnn::test {

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
        auto p = stepParams<FrnnCellBackwardParams>(step);
        p.cell = o.cell;
        p.cellClip = static_cast<float>(o.clip);
        p.zoneout = o.P == 0 ? static_cast<float>(o.zoneout) : 0;
        p.cellZoneout = static_cast<float>(o.cellZoneout);
        p.H = o.H;
        p.gateStride = gateStride;
        p.stateStride = unitStride;
        p.savedGates = at(savedGates);
        p.savedCells = at(savedCells);
        p.y = at(y);
        p.hx = at(hx);
        p.cx = at(cx);
        p.dy = o.P == 0 ? at(dy) : 0;
        p.dhState = o.P == 0 ? at(dhState) : at(dhRaw);
        p.dcState = o.cell == FRNN_LSTM ? at(dcState) : 0;
        p.dhReset = at(dhReset);
        p.dGates = at(dGates);
        p.dGatesH = at(dGatesH);
        p.dGatesFirst = at(dGatesFirst);
        if (o.P != 0) {
            auto s = stepParams<FrnnStateBackwardParams>(step);
            s.zoneout = static_cast<float>(o.zoneout);
            s.P = o.P;
            s.stateStride = stateStride;
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

}  // namespace frnn::test
