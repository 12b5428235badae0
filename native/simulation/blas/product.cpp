#include "product.h"

#include <algorithm>
#include <cstring>
#include <vector>

namespace simulation {
namespace {

// op(matrix) as floats: `rowFirst` has one row's elements side by side, else one column's.
std::vector<float> unpack(const Matrix &matrix, const void *at, bool transposed, bool rowFirst, bool tf32) {
    std::vector<float> all(static_cast<size_t>(matrix.rows * matrix.columns));
    const bool turn = transposed != rowFirst;
    for (int64_t column = 0; column < matrix.columns; ++column) {
        for (int64_t row = 0; row < matrix.rows; ++row) {
            const float value = load(matrix.type, at, column * matrix.stride + row);
            all[static_cast<size_t>(turn ? row * matrix.columns + column : column * matrix.rows + row)] = tf32 ? roundTf32(value) : value;
        }
    }
    return all;
}

constexpr int64_t ROWS = 128;  // of a block whose sums stay in the first cache
constexpr int64_t COLUMNS = 4;

struct Sums {
    float at[COLUMNS][ROWS];
};

// Sums of `rows` rows and COLUMNS columns: a [k][stride] from its first row on, b [COLUMNS][k].
__attribute__((target_clones("avx2", "default"))) void sumBlock(const float *__restrict a, int64_t stride, const float *__restrict b, int64_t k,
                                                                 int64_t rows, Sums &__restrict sums) {
    std::memset(&sums, 0, sizeof(sums));
    for (int64_t p = 0; p < k; ++p) {
        const float *const from = a + p * stride;
        const float b0 = b[p], b1 = b[k + p], b2 = b[2 * k + p], b3 = b[3 * k + p];
        for (int64_t row = 0; row < rows; ++row) {
            sums.at[0][row] += from[row] * b0;
            sums.at[1][row] += from[row] * b1;
            sums.at[2][row] += from[row] * b2;
            sums.at[3][row] += from[row] * b3;
        }
    }
}

void finish(const Product &p, float sum, int64_t row, int64_t column) {
    float value = p.alpha * sum;
    if (p.beta != 0) value += p.beta * load(p.c.type, p.cAt, column * p.c.stride + row);
    if (p.biasAt != nullptr) value += load(p.biasType, p.biasAt, row);
    store(p.d.type, p.dAt, column * p.d.stride + row, value);
}

}  // namespace

void multiply(const Product &p) {
    const int64_t m = p.d.rows, n = p.d.columns, k = p.transposeA ? p.a.rows : p.a.columns;
    const std::vector<float> a = unpack(p.a, p.aAt, p.transposeA, false, p.tf32);
    std::vector<float> b = unpack(p.b, p.bAt, p.transposeB, false, p.tf32);
    b.resize(static_cast<size_t>((n + COLUMNS - 1) / COLUMNS * COLUMNS * k), 0);
    Sums sums;
    for (int64_t column = 0; column < n; column += COLUMNS) {
        for (int64_t row = 0; row < m; row += ROWS) {
            const int64_t rows = std::min(ROWS, m - row), columns = std::min(COLUMNS, n - column);
            sumBlock(a.data() + row, m, b.data() + column * k, k, rows, sums);
            for (int64_t j = 0; j < columns; ++j) {
                for (int64_t i = 0; i < rows; ++i) finish(p, sums.at[j][i], row + i, column + j);
            }
        }
    }
}

}  // namespace simulation
