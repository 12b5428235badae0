// One matrix product on the host, column-major as cuBLAS has it, summed in float in ascending order.
#pragma once

#include "numbers.h"

namespace simulation {

struct Matrix {
    int type;
    int64_t rows;
    int64_t columns;
    int64_t stride;  // elements from one column to the next
};

// d = alpha · op(a) · op(b) + beta · c + bias for each column; c is not read if beta is 0.
struct Product {
    Matrix a, b, c, d;
    bool transposeA, transposeB;
    bool tf32;  // operands rounded to 10 bits
    float alpha, beta;
    const void *aAt;
    const void *bAt;
    const void *cAt;
    void *dAt;
    const void *biasAt;  // [rows of d], or null
    int biasType;
};

void multiply(const Product &product);

}  // namespace simulation
