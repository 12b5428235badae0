#include "fusedrnn/elementwise.h"

#include "common/check.h"
#include "common/grid.cuh"
#include "common/launch.cuh"
#include "common/types.cuh"

namespace frnn {
namespace {

template <typename S>
__global__ void __launch_bounds__(THREADS) fillKernel(S *x, S value, int64_t count) {
    for (int64_t i = gridThread(); i < count; i += gridThreads()) x[i] = value;
}

// Neither pointer is restrict: converting a tensor onto itself is legal.
template <typename From, typename To>
__global__ void __launch_bounds__(THREADS)
    convertKernel(const From *from, To *to, int64_t rows, int64_t columns, int64_t fromStride, int64_t toStride) {
    const int64_t count = rows * columns;
    for (int64_t i = gridThread(); i < count; i += gridThreads()) {
        const int64_t row = i / columns;
        const int64_t column = i - row * columns;
        to[row * toStride + column] = fromFloat<To>(toFloat(from[row * fromStride + column]));
    }
}

__global__ void __launch_bounds__(THREADS)
    copyWordsKernel(const int32_t *from, int32_t *to, int64_t rows, int64_t columns, int64_t fromStride, int64_t toStride) {
    const int64_t count = rows * columns;
    for (int64_t i = gridThread(); i < count; i += gridThreads()) {
        const int64_t row = i / columns;
        const int64_t column = i - row * columns;
        to[row * toStride + column] = from[row * fromStride + column];
    }
}

template <typename Y, typename X>
__global__ void __launch_bounds__(THREADS) addScaledKernel(Y *__restrict__ y, const X *__restrict__ x, float alpha, int64_t count) {
    for (int64_t i = gridThread(); i < count; i += gridThreads()) {
        y[i] = fromFloat<Y>(fmaf(alpha, toFloat(x[i]), toFloat(y[i])));
    }
}

template <typename S>
__global__ void __launch_bounds__(THREADS) scaleKernel(S *__restrict__ y, const float *__restrict__ scale, int64_t count) {
    const float factor = scale[0];
    for (int64_t i = gridThread(); i < count; i += gridThreads()) y[i] = fromFloat<S>(toFloat(y[i]) * factor);
}

template <typename S, typename R>
__global__ void __launch_bounds__(THREADS)
    addRowKernel(S *__restrict__ matrix, const R *__restrict__ row, int64_t rows, int64_t columns) {
    const int64_t count = rows * columns;
    for (int64_t i = gridThread(); i < count; i += gridThreads()) {
        matrix[i] = fromFloat<S>(toFloat(matrix[i]) + toFloat(row[i % columns]));
    }
}

__global__ void advanceWordKernel(uint32_t *x, uint32_t value) { x[0] += value; }

__global__ void advanceFloatKernel(float *x, float value) { x[0] += value; }

bool isWord(double value) { return value >= -2147483648.0 && value <= 4294967295.0 && value == static_cast<double>(static_cast<int64_t>(value)); }

uint32_t word(double value) { return static_cast<uint32_t>(static_cast<int64_t>(value)); }

}  // namespace
}  // namespace frnn

using namespace frnn;

extern "C" {

int32_t frnn_fill(const FrnnFillParams *params, FrnnMessage *message) {
    Check check("frnn_fill", message);
    if (!check.params(params)) return check.status();
    const FrnnFillParams &p = *params;
    check.anyType("type", p.type).notNegative("count", p.count).elements("x", p.count);
    if (p.count > 0) check.pointer("x", p.x, typeBytes(p.type));
    if (p.type == FRNN_I32) check.require(isWord(p.value), "value is not a 32-bit integer");
    if (!check.ok() || p.count == 0) return check.status();
    const unsigned blocks = blocksFor(p.count);
    const cudaStream_t stream = streamOf(p.stream);
    if (p.type == FRNN_I32) {
        launchKernel(fillKernel<uint32_t>, blocks, THREADS, 0, stream, address<uint32_t>(p.x), word(p.value), p.count);
    } else {
        withType(p.type, [&](auto tag) {
            using S = typename decltype(tag)::type;
            launchKernel(fillKernel<S>, blocks, THREADS, 0, stream, address<S>(p.x), fromFloat<S>(static_cast<float>(p.value)), p.count);
        });
    }
    return check.cuda(cudaGetLastError());
}

int32_t frnn_convert(const FrnnConvertParams *params, FrnnMessage *message) {
    Check check("frnn_convert", message);
    if (!check.params(params)) return check.status();
    const FrnnConvertParams &p = *params;
    check.anyType("fromType", p.fromType).anyType("toType", p.toType).notNegative("rows", p.rows).notNegative("columns", p.columns);
    check.require((p.fromType == FRNN_I32) == (p.toType == FRNN_I32), "I32 converts to I32 alone");
    check.require(p.fromStride == 0 || p.fromStride >= p.columns, "fromStride is less than columns");
    check.require(p.toStride >= p.columns, "toStride is less than columns");
    check.elements("from", p.rows, p.fromStride).elements("to", p.rows, p.toStride);
    if (!check.ok() || p.rows == 0 || p.columns == 0) return check.status();
    check.pointer("from", p.from, typeBytes(p.fromType)).pointer("to", p.to, typeBytes(p.toType));
    check.require(p.from != p.to || (p.fromType == p.toType && p.fromStride == p.toStride),
                  "in place needs equal types and strides");
    if (!check.ok()) return check.status();
    const unsigned blocks = blocksFor(p.rows * p.columns);
    const cudaStream_t stream = streamOf(p.stream);
    if (p.fromType == FRNN_I32) {
        launchKernel(copyWordsKernel, blocks, THREADS, 0, stream, address<int32_t>(p.from), address<int32_t>(p.to), p.rows, p.columns,
                     p.fromStride, p.toStride);
        return check.cuda(cudaGetLastError());
    }
    withType(p.fromType, [&](auto from) {
        withType(p.toType, [&](auto to) {
            using From = typename decltype(from)::type;
            using To = typename decltype(to)::type;
            launchKernel(convertKernel<From, To>, blocks, THREADS, 0, stream, address<const From>(p.from), address<To>(p.to), p.rows, p.columns,
                         p.fromStride, p.toStride);
        });
    });
    return check.cuda(cudaGetLastError());
}

int32_t frnn_add_scaled(const FrnnAddScaledParams *params, FrnnMessage *message) {
    Check check("frnn_add_scaled", message);
    if (!check.params(params)) return check.status();
    const FrnnAddScaledParams &p = *params;
    check.floating("yType", p.yType).floating("xType", p.xType).notNegative("count", p.count).elements("y", p.count);
    if (!check.ok() || p.count == 0) return check.status();
    check.pointer("x", p.x, typeBytes(p.xType)).pointer("y", p.y, typeBytes(p.yType));
    if (!check.ok()) return check.status();
    withType(p.yType, [&](auto y) {
        withType(p.xType, [&](auto x) {
            using Y = typename decltype(y)::type;
            using X = typename decltype(x)::type;
            launchKernel(addScaledKernel<Y, X>, blocksFor(p.count), THREADS, 0, streamOf(p.stream), address<Y>(p.y), address<const X>(p.x), p.alpha,
                         p.count);
        });
    });
    return check.cuda(cudaGetLastError());
}

int32_t frnn_scale(const FrnnScaleParams *params, FrnnMessage *message) {
    Check check("frnn_scale", message);
    if (!check.params(params)) return check.status();
    const FrnnScaleParams &p = *params;
    check.floating("type", p.type).notNegative("count", p.count).elements("y", p.count).pointer("scale", p.scale, 4);
    if (!check.ok() || p.count == 0) return check.status();
    check.pointer("y", p.y, typeBytes(p.type));
    if (!check.ok()) return check.status();
    withType(p.type, [&](auto tag) {
        using S = typename decltype(tag)::type;
        launchKernel(scaleKernel<S>, blocksFor(p.count), THREADS, 0, streamOf(p.stream), address<S>(p.y), address<const float>(p.scale), p.count);
    });
    return check.cuda(cudaGetLastError());
}

int32_t frnn_add_row(const FrnnAddRowParams *params, FrnnMessage *message) {
    Check check("frnn_add_row", message);
    if (!check.params(params)) return check.status();
    const FrnnAddRowParams &p = *params;
    check.floating("matrixType", p.matrixType).floating("rowType", p.rowType);
    check.notNegative("rows", p.rows).notNegative("columns", p.columns).elements("matrix", p.rows, p.columns);
    if (!check.ok() || p.rows == 0 || p.columns == 0) return check.status();
    check.pointer("matrix", p.matrix, typeBytes(p.matrixType)).pointer("row", p.row, typeBytes(p.rowType));
    if (!check.ok()) return check.status();
    withType(p.matrixType, [&](auto matrix) {
        withType(p.rowType, [&](auto row) {
            using S = typename decltype(matrix)::type;
            using R = typename decltype(row)::type;
            launchKernel(addRowKernel<S, R>, blocksFor(p.rows * p.columns), THREADS, 0, streamOf(p.stream),
                         address<S>(p.matrix), address<const R>(p.row), p.rows, p.columns);
        });
    });
    return check.cuda(cudaGetLastError());
}

int32_t frnn_advance(const FrnnAdvanceParams *params, FrnnMessage *message) {
    Check check("frnn_advance", message);
    if (!check.params(params)) return check.status();
    const FrnnAdvanceParams &p = *params;
    check.require(p.type == FRNN_I32 || p.type == FRNN_F32, "type must be I32 or F32").pointer("x", p.x, 4);
    if (p.type == FRNN_I32) check.require(isWord(p.value), "value is not a 32-bit integer");
    if (!check.ok()) return check.status();
    if (p.type == FRNN_I32) {
        launchKernel(advanceWordKernel, 1, 1, 0, streamOf(p.stream), address<uint32_t>(p.x), word(p.value));
    } else {
        launchKernel(advanceFloatKernel, 1, 1, 0, streamOf(p.stream), address<float>(p.x), static_cast<float>(p.value));
    }
    return check.cuda(cudaGetLastError());
}

}  // extern "C"
