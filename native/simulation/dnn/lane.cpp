#include "lane.h"

namespace simulation::dnn {

double rounded(const Stack &stack, double value) {
    float bits = 0;
    store(stack.type, &bits, 0, static_cast<float>(value));
    return load(stack.type, &bits, 0);
}

Numbers operands(const Stack &stack, Numbers values) {
    if (stack.tf32) {
        for (double &value : values) value = roundTf32(static_cast<float>(value));
    }
    return values;
}

__attribute__((target_clones("avx2", "default"))) void addProduct(double *__restrict c, const double *a, int64_t aRow, int64_t aInner,
                                                                   const double *__restrict b, int64_t rows, int64_t inner, int64_t columns) {
    for (int64_t row = 0; row < rows; ++row) {
        double *const to = c + row * columns;
        const double *const from = a + row * aRow;
        int64_t i = 0;
        for (; i + 4 <= inner; i += 4) {
            const double a0 = from[i * aInner], a1 = from[(i + 1) * aInner], a2 = from[(i + 2) * aInner], a3 = from[(i + 3) * aInner];
            const double *const b0 = b + i * columns;
            for (int64_t k = 0; k < columns; ++k) {
                to[k] += a0 * b0[k] + a1 * b0[columns + k] + a2 * b0[2 * columns + k] + a3 * b0[3 * columns + k];
            }
        }
        for (; i < inner; ++i) {
            const double ai = from[i * aInner];
            for (int64_t k = 0; k < columns; ++k) to[k] += ai * b[i * columns + k];
        }
    }
}

int64_t Kept::width() const {
    switch (stack.mode) {
        case LSTM: return 6 * stack.hidden + (stack.projects() ? stack.output : 0);  // gates, c, o·tanh(c), gradient of h
        case GRU: return 4 * stack.hidden;                                           // gates, recurrent part of the third
        default: return stack.hidden;
    }
}

Numbers Lane::matrix(const void *weights, bool recurrent) const {
    Numbers all;
    for (int gate = 0; gate < stack.gates(); ++gate) {
        const Slot &slot = space.slot(pseudoLayer, recurrent ? stack.gates() + gate : gate);
        append(all, weights, slot.matrix, slot.rows * slot.columns);
    }
    return operands(stack, all);
}

Numbers Lane::projection(const void *weights) const {
    Numbers all;
    append(all, weights, space.slot(pseudoLayer, PROJECTION).matrix, stack.output * stack.hidden);
    return operands(stack, all);
}

Numbers Lane::bias(const void *weights, bool recurrent) const {
    Numbers all;
    for (int gate = 0; gate < stack.gates(); ++gate) {
        const int64_t place = space.slot(pseudoLayer, recurrent ? stack.gates() + gate : gate).bias;
        if (place < 0) all.resize(all.size() + static_cast<size_t>(stack.hidden), 0);
        else append(all, weights, place, stack.hidden);
    }
    return all;
}

Numbers Lane::state(const void *states, int64_t features) const {
    Numbers all(static_cast<size_t>(rows.batch * features), 0);
    for (int64_t i = 0; states != nullptr && i < rows.batch * features; ++i) {
        all[static_cast<size_t>(i)] = load(stack.type, states, pseudoLayer * rows.batch * features + i);
    }
    return all;
}

void Lane::storeState(void *states, int64_t features, const Numbers &values) const {
    for (int64_t i = 0; states != nullptr && i < rows.batch * features; ++i) {
        store(stack.type, states, pseudoLayer * rows.batch * features + i, static_cast<float>(values[static_cast<size_t>(i)]));
    }
}

void Lane::append(Numbers &all, const void *weights, int64_t place, int64_t count) const {
    const void *const from = static_cast<const char *>(weights) + place;
    for (int64_t i = 0; i < count; ++i) all.push_back(load(stack.type, from, i));
}

Numbers loadRows(const Stack &stack, const Rows &rows, const void *from, int64_t features) {
    Numbers all(static_cast<size_t>(rows.count() * features), 0);
    for (int64_t t = 0; t < rows.steps; ++t) {
        for (int64_t n = 0; n < rows.batch; ++n) {
            if (!rows.valid(t, n)) continue;
            const int64_t place = rows.at(t, n) * features;
            for (int64_t j = 0; j < features; ++j) all[static_cast<size_t>((t * rows.batch + n) * features + j)] = load(stack.type, from, place + j);
        }
    }
    return all;
}

void storeRows(const Stack &stack, const Rows &rows, void *to, int64_t features, const double *values, const void *padding) {
    for (int64_t t = 0; t < rows.steps; ++t) {
        for (int64_t n = 0; n < rows.batch; ++n) {
            const bool valid = rows.valid(t, n);
            if (!valid && (padding == nullptr || rows.layout == Rows::PACKED)) continue;
            for (int64_t j = 0; j < features; ++j) {
                const float value = valid ? static_cast<float>(values[(t * rows.batch + n) * features + j]) : load(stack.type, padding, 0);
                store(stack.type, to, rows.at(t, n) * features + j, value);
            }
        }
    }
}

Numbers layerInput(const Stack &stack, const Rows &rows, const Kept &kept, int layer, const void *x) {
    if (layer == 0) return operands(stack, loadRows(stack, rows, x, stack.input));
    const double *const below = kept.output(layer - 1);
    return operands(stack, Numbers(below, below + rows.count() * stack.width(layer)));
}

int64_t keptElements(const Stack &stack, int64_t steps, int64_t batch) {
    const Rows rows = {Rows::PACKED, steps, batch};
    const Kept kept = {stack, rows, nullptr};
    return rows.count() * (stack.pseudoLayers() * kept.width() + stack.layers * kept.features());
}

}  // namespace simulation::dnn
