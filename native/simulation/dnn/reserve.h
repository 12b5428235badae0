// What lies at the beginning of a reserve: which pass wrote it, and of what.
#pragma once

#include <string>

#include "stack.h"

namespace simulation::dnn {

enum Stage : uint64_t { AFTER_FORWARD = 1, AFTER_DATA = 2, BROKEN = 3 };

struct Stamp {
    uint64_t mark;
    uint64_t stage;
    uint64_t stack;  // and samples
    uint64_t x, y, hx, cx, weights;
    double *kept() { return reinterpret_cast<double *>(this + 1); }
};

uint64_t digest(const Stack &stack, const Rows &rows);
// Of the rows that belong to samples.
uint64_t digest(const Stack &stack, const Rows &rows, const void *from, int64_t features);
// Of a state [layers·directions][N][features]; null has a digest too.
uint64_t digestState(const Stack &stack, const Rows &rows, const void *state, int64_t features);
uint64_t digestWeights(const Stack &stack, const WeightSpace &space, const void *weights);

void seal(Stamp &stamp, const Stack &stack, const Rows &rows);
// What is wrong with a reserve for a pass that comes after `stage`; empty if nothing is.
std::string fault(const Stamp &stamp, const Stack &stack, const Rows &rows, Stage stage);

}  // namespace simulation::dnn
