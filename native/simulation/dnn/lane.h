// What passes in both directions share: numbers as products read them, what is kept, one pseudo-layer at work.
#pragma once

#include <algorithm>
#include <cmath>

#include "recurrence.h"

namespace simulation::dnn {

using Numbers = std::vector<double>;

// As the stack's type holds it.
double rounded(const Stack &stack, double value);

// As products read them.
Numbers operands(const Stack &stack, Numbers values);

// c [rows][columns] += a·b; element [row][i] of a lies at row·aRow + i·aInner, b is [inner][columns].
void addProduct(double *c, const double *a, int64_t aRow, int64_t aInner, const double *b, int64_t rows, int64_t inner, int64_t columns);

// Rows [T·N][features] of a tensor of the caller; zeros where there is none.
Numbers loadRows(const Stack &stack, const Rows &rows, const void *from, int64_t features);
void storeRows(const Stack &stack, const Rows &rows, void *to, int64_t features, const double *values, const void *padding);

// Where a pass keeps what: per pseudo-layer and row the cell's values, per layer its output.
struct Kept {
    const Stack &stack;
    const Rows &rows;
    double *at;

    int64_t width() const;
    int64_t features() const { return stack.directions * stack.output; }
    double *cell(int pseudoLayer, int64_t row) const { return at + (pseudoLayer * rows.count() + row) * width(); }
    double *output(int layer, int64_t row = 0) const {
        return at + stack.pseudoLayers() * rows.count() * width() + (layer * rows.count() + row) * features();
    }
};

// One pseudo-layer at work; rows of its arrays are t·N + n.
struct Lane {
    const Stack &stack;
    const WeightSpace &space;
    const Rows &rows;
    const Kept &kept;
    int pseudoLayer;

    int layer() const { return pseudoLayer / stack.directions; }
    int direction() const { return pseudoLayer % stack.directions; }
    int64_t gateRows() const { return stack.gates() * stack.hidden; }
    int64_t width() const { return stack.width(layer()); }
    // The moment that comes `step`-th in this direction.
    int64_t time(int64_t step) const { return direction() == 1 ? rows.steps - 1 - step : step; }
    bool hasBefore(int64_t t, int64_t n) const { return direction() == 1 ? rows.valid(t + 1, n) : t > 0; }
    int64_t rowBefore(int64_t t, int64_t n) const { return (direction() == 1 ? t + 1 : t - 1) * rows.batch + n; }
    double *output(int64_t row) const { return kept.output(layer(), row) + direction() * stack.output; }

    // The gates' matrices one below the other, [gates·H][columns].
    Numbers matrix(const void *weights, bool recurrent) const;
    Numbers projection(const void *weights) const;
    Numbers bias(const void *weights, bool recurrent) const;
    // This pseudo-layer's part of a state [layers·directions][N][features]; zeros if there is none.
    Numbers state(const void *states, int64_t features) const;
    void storeState(void *states, int64_t features, const Numbers &values) const;
    double limited(double c) const { return stack.clipped && !std::isnan(c) ? std::max(stack.low, std::min(stack.high, c)) : c; }
    bool atLimit(double c) const { return stack.clipped && (c <= stack.low || c >= stack.high); }

private:
    void append(Numbers &all, const void *weights, int64_t place, int64_t count) const;
};

// What a layer reads.
Numbers layerInput(const Stack &stack, const Rows &rows, const Kept &kept, int layer, const void *x);

}  // namespace simulation::dnn
