#include "lane.h"

namespace simulation::dnn {
namespace {

Numbers transposed(const Numbers &matrix, int64_t rows, int64_t columns) {
    Numbers turned(matrix.size());
    for (int64_t row = 0; row < rows; ++row) {
        for (int64_t column = 0; column < columns; ++column) turned[static_cast<size_t>(column * rows + row)] = matrix[static_cast<size_t>(row * columns + column)];
    }
    return turned;
}

double sigmoid(double a) { return 1 / (1 + std::exp(-a)); }

// One sample's step: `input` and `recurrent` are the gates' sums, h and c are replaced, h by what a projection still has to read.
void cellForward(const Lane &lane, const double *input, const double *recurrent, double *h, double *c, double *kept) {
    const int64_t H = lane.stack.hidden;
    const auto sum = [&](int gate, int64_t j) { return input[gate * H + j] + recurrent[gate * H + j]; };
    for (int64_t j = 0; j < H; ++j) {
        if (lane.stack.mode == LSTM) {
            const double i = sigmoid(sum(0, j)), f = sigmoid(sum(1, j)), g = std::tanh(sum(2, j)), o = sigmoid(sum(3, j));
            c[j] = static_cast<float>(f * lane.limited(c[j]) + i * g);
            h[j] = rounded(lane.stack, o * std::tanh(lane.limited(c[j])));
            const double all[] = {i, f, g, o, c[j], h[j]};
            for (int k = 0; k < 6; ++k) kept[k * H + j] = all[k];
        } else if (lane.stack.mode == GRU) {
            const double r = sigmoid(sum(0, j)), z = sigmoid(sum(1, j)), q = recurrent[2 * H + j];
            const double n = std::tanh(input[2 * H + j] + r * q);
            h[j] = rounded(lane.stack, (1 - z) * n + z * h[j]);
            const double all[] = {r, z, n, q};
            for (int k = 0; k < 4; ++k) kept[k * H + j] = all[k];
        } else {
            const double a = sum(0, j);
            h[j] = rounded(lane.stack, lane.stack.mode == TANH ? std::tanh(a) : a > 0 || std::isnan(a) ? a : 0);
            kept[j] = h[j];
        }
    }
}

void laneForward(const Lane &lane, const Numbers &in, const Forward &tensors, const void *weights) {
    const Stack &stack = lane.stack;
    const int64_t N = lane.rows.batch, G = lane.gateRows(), P = stack.output, H = stack.hidden;
    const Numbers inputBias = lane.bias(weights, false), recurrentBias = lane.bias(weights, true);
    Numbers sums;
    for (int64_t row = 0; row < lane.rows.count(); ++row) sums.insert(sums.end(), inputBias.begin(), inputBias.end());
    addProduct(sums.data(), in.data(), lane.width(), 1, transposed(lane.matrix(weights, false), G, lane.width()).data(), lane.rows.count(),
               lane.width(), G);
    const Numbers recurrent = transposed(lane.matrix(weights, true), G, P);
    const Numbers projection = stack.projects() ? transposed(lane.projection(weights), P, H) : Numbers();
    Numbers h = lane.state(tensors.hx, P), c = lane.state(tensors.cx, H);
    for (int64_t step = 0; step < lane.rows.steps; ++step) {
        const int64_t t = lane.time(step);
        const Numbers read = operands(stack, h);
        Numbers back;
        for (int64_t n = 0; n < N; ++n) back.insert(back.end(), recurrentBias.begin(), recurrentBias.end());
        addProduct(back.data(), read.data(), P, 1, recurrent.data(), N, P, G);
        for (int64_t n = 0; n < N; ++n) {
            if (!lane.rows.valid(t, n)) continue;
            const int64_t row = t * N + n;
            double *const own = h.data() + n * P;
            Numbers m(stack.projects() ? static_cast<size_t>(H) : 0);
            cellForward(lane, sums.data() + row * G, back.data() + n * G, stack.projects() ? m.data() : own, c.data() + n * H,
                        lane.kept.cell(lane.pseudoLayer, row));
            if (stack.projects()) {
                std::fill(own, own + P, 0);
                addProduct(own, operands(stack, m).data(), H, 1, projection.data(), 1, H, P);
                for (int64_t j = 0; j < P; ++j) own[j] = rounded(stack, own[j]);
            }
            std::copy(own, own + P, lane.output(row));
        }
    }
    lane.storeState(tensors.hy, P, h);
    lane.storeState(tensors.cy, H, c);
}

}  // namespace

void forward(const Stack &stack, const WeightSpace &space, const Rows &rows, const Forward &tensors, const void *weights, double *kept) {
    const Kept all = {stack, rows, kept};
    // Rows behind a sample's end are read by products, whose results for them nobody uses.
    std::fill(kept, kept + keptElements(stack, rows.steps, rows.batch), 0);
    for (int layer = 0; layer < stack.layers; ++layer) {
        const Numbers in = layerInput(stack, rows, all, layer, tensors.x);
        for (int direction = 0; direction < stack.directions; ++direction) {
            laneForward({stack, space, rows, all, layer * stack.directions + direction}, in, tensors, weights);
        }
    }
    storeRows(stack, rows, tensors.y, all.features(), all.output(stack.layers - 1), tensors.padding);
}

}  // namespace simulation::dnn
