// The passes of a recurrent stack, in double; what comes out, and h wherever it is read, is rounded to the stack's type.
#pragma once

#include "stack.h"

namespace simulation::dnn {

// What a forward pass reads and writes; hx, cx, hy, cy may be null.
struct Forward {
    const void *x;
    const void *hx;
    const void *cx;
    void *y;
    void *hy;
    void *cy;
    const void *padding;  // written behind each sample's end; null: those rows stay as they are
};

// Gradients; all but dy and dx may be null.
struct Gradients {
    const void *dy;
    const void *dhy;
    const void *dcy;
    void *dx;
    void *dhx;
    void *dcx;
};

// Doubles that a forward pass keeps, and in which the backward pass over the data leaves the gradients of the gates.
int64_t keptElements(const Stack &stack, int64_t steps, int64_t batch);

void forward(const Stack &stack, const WeightSpace &space, const Rows &rows, const Forward &tensors, const void *weights, double *kept);

// `x`, `y` of `tensors` are not read here.
void backwardData(const Stack &stack, const WeightSpace &space, const Rows &rows, const Forward &tensors, const Gradients &gradients,
                  const void *weights, double *kept);

// Adds to `gradients`.
void backwardWeights(const Stack &stack, const WeightSpace &space, const Rows &rows, const Forward &tensors, const double *kept, void *gradients);

}  // namespace simulation::dnn
