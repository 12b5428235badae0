#include "product.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <vector>

namespace simulation {
namespace {

uint32_t bitsOf(float value) {
    uint32_t bits;
    std::memcpy(&bits, &value, 4);
    return bits;
}

float floatOf(uint32_t bits) {
    float value;
    std::memcpy(&value, &bits, 4);
    return value;
}

float widenHalf(uint16_t half) {
    const int exponent = half >> 10 & 31;
    const float fraction = static_cast<float>(half & 1023);
    float value;
    if (exponent == 31) value = fraction == 0 ? INFINITY : NAN;
    else if (exponent == 0) value = std::ldexp(fraction, -24);
    else value = std::ldexp(fraction + 1024, exponent - 25);
    return half >> 15 != 0 ? -value : value;
}

const std::array<float, 65536> &halves() {
    static const std::array<float, 65536> all = [] {
        std::array<float, 65536> table;
        for (uint32_t bits = 0; bits < 65536; ++bits) table[bits] = widenHalf(static_cast<uint16_t>(bits));
        return table;
    }();
    return all;
}

uint16_t narrowHalf(float value) {
    const uint16_t sign = static_cast<uint16_t>(bitsOf(value) >> 16 & 0x8000);
    const float size = std::fabs(value);
    if (std::isnan(value)) return 0x7fff;
    if (size >= 65520) return sign | 0x7c00;
    // Scaled so that a unit of the result is 1; nearbyint rounds to even.
    const int exponent = size < 0x1p-14f ? -14 : std::ilogb(size);
    const int fraction = static_cast<int>(std::nearbyint(std::ldexp(size, 10 - exponent)));
    const int biased = exponent == -14 && fraction < 1024 ? 0 : exponent + 14;
    return static_cast<uint16_t>(sign | ((biased << 10) + fraction));
}

uint16_t narrowBf16(float value) {
    const uint32_t bits = bitsOf(value);
    if (std::isnan(value)) return 0x7fff;
    return static_cast<uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

// To 10 explicit bits, ties away from zero.
float roundTf32(float value) { return std::isfinite(value) ? floatOf((bitsOf(value) + 0x1000) & ~0x1fffu) : value; }

float load(int type, const void *from, int64_t index) {
    if (type == F32) return static_cast<const float *>(from)[index];
    const uint16_t bits = static_cast<const uint16_t *>(from)[index];
    return type == F16 ? halves()[bits] : floatOf(static_cast<uint32_t>(bits) << 16);
}

void store(int type, void *to, int64_t index, float value) {
    if (type == F32) static_cast<float *>(to)[index] = value;
    else static_cast<uint16_t *>(to)[index] = type == F16 ? narrowHalf(value) : narrowBf16(value);
}

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

int64_t typeBytes(int type) { return type == F32 ? 4 : 2; }

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
