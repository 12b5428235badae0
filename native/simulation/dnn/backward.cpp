#include <utility>

#include "lane.h"

namespace simulation::dnn {
namespace {

// Turns what one sample's step kept into the gradients of its gates. `dh` is the gradient of what the cell gives, and becomes what
// of it goes to h before without a product; `dc` goes to c before.
void cellBackward(const Lane &lane, double *dh, double *dc, const double *hBefore, const double *cBefore, double *kept) {
    const int64_t H = lane.stack.hidden;
    for (int64_t j = 0; j < H; ++j) {
        if (lane.stack.mode == LSTM) {
            const double i = kept[j], f = kept[H + j], g = kept[2 * H + j], o = kept[3 * H + j], c = kept[4 * H + j];
            const double squashed = std::tanh(lane.limited(c));
            const double d = dc[j] + (lane.atLimit(c) ? 0 : dh[j] * o * (1 - squashed * squashed));
            kept[j] = d * g * i * (1 - i);
            kept[H + j] = d * lane.limited(cBefore[j]) * f * (1 - f);
            kept[2 * H + j] = d * i * (1 - g * g);
            kept[3 * H + j] = dh[j] * squashed * o * (1 - o);
            dc[j] = lane.atLimit(cBefore[j]) ? 0 : d * f;
            dh[j] = 0;
        } else if (lane.stack.mode == GRU) {
            const double r = kept[j], z = kept[H + j], n = kept[2 * H + j], q = kept[3 * H + j];
            const double dn = dh[j] * (1 - z) * (1 - n * n);
            kept[j] = dn * q * r * (1 - r);
            kept[H + j] = dh[j] * (hBefore[j] - n) * z * (1 - z);
            kept[2 * H + j] = dn;
            kept[3 * H + j] = dn * r;
            dh[j] *= z;
        } else {
            const double h = kept[j];
            kept[j] = lane.stack.mode == TANH ? dh[j] * (1 - h * h) : h > 0 ? dh[j] : 0;
            dh[j] = 0;
        }
    }
}

// The gates' gradients of all rows, as the input's or the recurrent product sees them; zeros behind a sample's end.
Numbers gateGradients(const Lane &lane, bool recurrent) {
    const int64_t H = lane.stack.hidden, G = lane.gateRows();
    Numbers all(static_cast<size_t>(lane.rows.count() * G), 0);
    for (int64_t row = 0; row < lane.rows.count(); ++row) {
        if (!lane.rows.valid(row / lane.rows.batch, row % lane.rows.batch)) continue;
        const double *const cell = lane.kept.cell(lane.pseudoLayer, row);
        double *const to = all.data() + row * G;
        std::copy(cell, cell + G, to);
        if (recurrent && lane.stack.mode == GRU) std::copy(cell + 3 * H, cell + 4 * H, to + 2 * H);
    }
    return all;
}

// Adds to `in` [T·N][width] the gradient of what this pseudo-layer read; `out` [T·N][directions·P] is that of the layer's output.
void laneBackward(const Lane &lane, const Numbers &out, const Forward &tensors, const Gradients &gradients, const void *weights, Numbers &in) {
    const Stack &stack = lane.stack;
    const int64_t N = lane.rows.batch, G = lane.gateRows(), P = stack.output, H = stack.hidden;
    const Numbers recurrent = lane.matrix(weights, true), projection = stack.projects() ? lane.projection(weights) : Numbers();
    const Numbers hx = lane.state(tensors.hx, P), cx = lane.state(tensors.cx, H);
    Numbers dh = lane.state(gradients.dhy, P), dc = lane.state(gradients.dcy, H);
    for (int64_t step = lane.rows.steps - 1; step >= 0; --step) {
        const int64_t t = lane.time(step);
        for (int64_t n = 0; n < N; ++n) {
            if (!lane.rows.valid(t, n)) continue;
            const int64_t row = t * N + n;
            double *const own = dh.data() + n * P, *const cell = lane.kept.cell(lane.pseudoLayer, row);
            const double *const from = out.data() + (row * stack.directions + lane.direction()) * P;
            for (int64_t j = 0; j < P; ++j) own[j] += from[j];
            const bool first = !lane.hasBefore(t, n);
            const double *const hBefore = first ? hx.data() + n * P : lane.output(lane.rowBefore(t, n));
            const double *const cBefore = first ? cx.data() + n * H : lane.kept.cell(lane.pseudoLayer, lane.rowBefore(t, n)) + 4 * H;
            if (stack.projects()) {
                Numbers dm(static_cast<size_t>(H), 0);
                std::copy(own, own + P, cell + 6 * H);
                addProduct(dm.data(), operands(stack, Numbers(own, own + P)).data(), P, 1, projection.data(), 1, P, H);
                cellBackward(lane, dm.data(), dc.data() + n * H, hBefore, cBefore, cell);
                std::fill(own, own + P, 0);
            } else {
                cellBackward(lane, own, dc.data() + n * H, hBefore, cBefore, cell);
            }
            Numbers gates(cell, cell + G);
            if (stack.mode == GRU) std::copy(cell + 3 * H, cell + 4 * H, gates.data() + 2 * H);
            addProduct(own, operands(stack, gates).data(), G, 1, recurrent.data(), 1, G, P);
        }
    }
    lane.storeState(gradients.dhx, P, dh);
    lane.storeState(gradients.dcx, H, dc);
    addProduct(in.data(), operands(stack, gateGradients(lane, false)).data(), G, 1, lane.matrix(weights, false).data(), lane.rows.count(), G, lane.width());
}

void addTo(const Stack &stack, void *gradients, int64_t place, const double *values, int64_t count) {
    void *const to = static_cast<char *>(gradients) + place;
    for (int64_t i = 0; i < count; ++i) store(stack.type, to, i, static_cast<float>(load(stack.type, to, i) + values[i]));
}

// `gates` [T·N][gates·H], `read` [T·N][columns].
void addMatrices(const Lane &lane, const Numbers &gates, const Numbers &read, int64_t columns, bool recurrent, void *gradients) {
    const int64_t G = lane.gateRows(), H = lane.stack.hidden;
    Numbers matrix(static_cast<size_t>(G * columns), 0), bias(static_cast<size_t>(G), 0);
    addProduct(matrix.data(), operands(lane.stack, gates).data(), 1, G, read.data(), G, lane.rows.count(), columns);
    for (size_t i = 0; i < gates.size(); ++i) bias[i % static_cast<size_t>(G)] += gates[i];
    for (int gate = 0; gate < lane.stack.gates(); ++gate) {
        const Slot &slot = lane.space.slot(lane.pseudoLayer, recurrent ? lane.stack.gates() + gate : gate);
        addTo(lane.stack, gradients, slot.matrix, matrix.data() + gate * H * columns, H * columns);
        if (slot.bias >= 0) addTo(lane.stack, gradients, slot.bias, bias.data() + gate * H, H);
    }
}

void addProjection(const Lane &lane, void *gradients) {
    const int64_t P = lane.stack.output, H = lane.stack.hidden;
    Numbers dh, m, sum(static_cast<size_t>(P * H), 0);
    for (int64_t row = 0; row < lane.rows.count(); ++row) {
        const bool valid = lane.rows.valid(row / lane.rows.batch, row % lane.rows.batch);
        const double *const cell = lane.kept.cell(lane.pseudoLayer, row);
        for (int64_t j = 0; j < P; ++j) dh.push_back(valid ? cell[6 * H + j] : 0);
        for (int64_t j = 0; j < H; ++j) m.push_back(valid ? cell[5 * H + j] : 0);
    }
    addProduct(sum.data(), operands(lane.stack, dh).data(), 1, P, operands(lane.stack, m).data(), P, lane.rows.count(), H);
    addTo(lane.stack, gradients, lane.space.slot(lane.pseudoLayer, PROJECTION).matrix, sum.data(), P * H);
}

// h before each step, [T·N][P].
Numbers outputsBefore(const Lane &lane, const void *hx) {
    const int64_t P = lane.stack.output, N = lane.rows.batch;
    const Numbers first = lane.state(hx, P);
    Numbers all(static_cast<size_t>(lane.rows.count() * P), 0);
    for (int64_t row = 0; row < lane.rows.count(); ++row) {
        const int64_t t = row / N, n = row % N;
        if (!lane.rows.valid(t, n)) continue;
        const double *const from = lane.hasBefore(t, n) ? lane.output(lane.rowBefore(t, n)) : first.data() + n * P;
        std::copy(from, from + P, all.data() + row * P);
    }
    return all;
}

}  // namespace

void backwardData(const Stack &stack, const WeightSpace &space, const Rows &rows, const Forward &tensors, const Gradients &gradients,
                  const void *weights, double *kept) {
    const Kept all = {stack, rows, kept};
    Numbers out = loadRows(stack, rows, gradients.dy, all.features());
    for (int layer = stack.layers - 1; layer >= 0; --layer) {
        Numbers in(static_cast<size_t>(rows.count() * stack.width(layer)), 0);
        for (int direction = 0; direction < stack.directions; ++direction) {
            laneBackward({stack, space, rows, all, layer * stack.directions + direction}, out, tensors, gradients, weights, in);
        }
        out = std::move(in);
    }
    storeRows(stack, rows, gradients.dx, stack.input, out.data(), nullptr);
}

void backwardWeights(const Stack &stack, const WeightSpace &space, const Rows &rows, const Forward &tensors, const double *kept, void *gradients) {
    const Kept all = {stack, rows, const_cast<double *>(kept)};
    for (int layer = 0; layer < stack.layers; ++layer) {
        const Numbers in = layerInput(stack, rows, all, layer, tensors.x);
        for (int direction = 0; direction < stack.directions; ++direction) {
            const Lane lane = {stack, space, rows, all, layer * stack.directions + direction};
            addMatrices(lane, gateGradients(lane, false), in, lane.width(), false, gradients);
            addMatrices(lane, gateGradients(lane, true), operands(stack, outputsBefore(lane, tensors.hx)), stack.output, true, gradients);
            if (stack.projects()) addProjection(lane, gradients);
        }
    }
}

}  // namespace simulation::dnn
