#include "fusedrnn/pack.h"

#include <type_traits>

#include "common/check.h"
#include "common/grid.cuh"
#include "common/launch.cuh"
#include "common/types.cuh"
#include "rows.h"

namespace frnn {
namespace {

struct RowShape {
    int32_t rows;
    int64_t gates;
    int64_t hidden;
    int64_t columns;
    int64_t packedRows;
    int64_t packedStride;
};

// One block takes a row at a time, so that both sides are read and written contiguously, WIDTH values to an access.
template <typename From, typename To, int WIDTH>
__global__ void __launch_bounds__(THREADS) packKernel(const From *__restrict__ flat, To *__restrict__ packed, RowShape shape) {
    const int64_t rows = shape.gates * shape.hidden;
    for (int64_t row = blockIdx.x; row < shape.packedRows; row += gridDim.x) {
        const bool filled = row < rows;
        const int64_t gate = row / shape.hidden;
        const int64_t target = filled ? packedRow(shape.rows, shape.gates, shape.hidden, gate, row - gate * shape.hidden) : row;
        const Pack<From, WIDTH> *from = reinterpret_cast<const Pack<From, WIDTH> *>(flat + row * shape.columns);
        Pack<To, WIDTH> *to = reinterpret_cast<Pack<To, WIDTH> *>(packed + target * shape.packedStride);
        for (int64_t k = threadIdx.x; k < shape.packedStride / WIDTH; k += blockDim.x) {
            Pack<To, WIDTH> values;
            const bool inside = filled && k < shape.columns / WIDTH;
            const Pack<From, WIDTH> read = inside ? from[k] : Pack<From, WIDTH>{};
#pragma unroll
            for (int i = 0; i < WIDTH; ++i) values.at[i] = fromFloat<To>(inside ? toFloat(read.at[i]) : 0.0f);
            to[k] = values;
        }
    }
}

template <typename From, typename To, int WIDTH>
__global__ void __launch_bounds__(THREADS)
    unpackKernel(const From *__restrict__ packed, To *__restrict__ flat, RowShape shape, bool accumulate) {
    for (int64_t row = blockIdx.x; row < shape.gates * shape.hidden; row += gridDim.x) {
        const int64_t gate = row / shape.hidden;
        const int64_t source = packedRow(shape.rows, shape.gates, shape.hidden, gate, row - gate * shape.hidden);
        const Pack<From, WIDTH> *from = reinterpret_cast<const Pack<From, WIDTH> *>(packed + source * shape.packedStride);
        Pack<To, WIDTH> *to = reinterpret_cast<Pack<To, WIDTH> *>(flat + row * shape.columns);
        for (int64_t k = threadIdx.x; k < shape.columns / WIDTH; k += blockDim.x) {
            const Pack<From, WIDTH> read = from[k];
            Pack<To, WIDTH> values = {};
            if (accumulate) values = to[k];
#pragma unroll
            for (int i = 0; i < WIDTH; ++i) {
                const float value = toFloat(read.at[i]);
                values.at[i] = fromFloat<To>(accumulate ? toFloat(values.at[i]) + value : value);
            }
            to[k] = values;
        }
    }
}

// Calls body(Tag<From>, Tag<To>, width) with the widest access that rows on both sides allow.
template <typename Body>
void withAccess(const RowShape &shape, int32_t fromType, uint64_t from, int32_t toType, uint64_t to, Body &&body) {
    const auto fits = [&](int64_t width) {
        return shape.columns % width == 0 && shape.packedStride % width == 0 &&
               from % static_cast<uint64_t>(width * typeBytes(fromType)) == 0 && to % static_cast<uint64_t>(width * typeBytes(toType)) == 0;
    };
    withType(fromType, [&](auto f) {
        withType(toType, [&](auto t) {
            if (fits(4)) body(f, t, std::integral_constant<int, 4>{});
            else if (fits(2)) body(f, t, std::integral_constant<int, 2>{});
            else body(f, t, std::integral_constant<int, 1>{});
        });
    });
}

template <typename From, typename To>
__global__ void __launch_bounds__(THREADS)
    biasKernel(const From *bIh, const From *bHh, To *bias, float *bHn, int64_t gates, int64_t hidden, int64_t biasCount) {
    for (int64_t at = gridThread(); at < biasCount; at += gridThreads()) {
        if (at >= gates * hidden) {
            bias[at] = fromFloat<To>(0.0f);
            continue;
        }
        const int64_t gate = at / hidden;
        const int64_t unit = at - gate * hidden;
        const float input = bIh == nullptr ? 0.0f : toFloat(bIh[at]);
        const float recurrent = bHh == nullptr ? 0.0f : toFloat(bHh[at]);
        const bool apart = bHn != nullptr && gate == 2;
        bias[unit * gates + gate] = fromFloat<To>(apart ? input : input + recurrent);
        if (apart) bHn[unit] = recurrent;
    }
}

// Tiles through shared memory, so that both sides are read and written contiguously.
constexpr int TILE = 32;

template <typename S>
__global__ void __launch_bounds__(THREADS) transposeKernel(const S *__restrict__ from, S *__restrict__ to, int64_t rows, int64_t columns) {
    __shared__ S tile[TILE][TILE + 1];
    const int64_t across = (columns + TILE - 1) / TILE, tiles = (rows + TILE - 1) / TILE * across;
    const int x = static_cast<int>(threadIdx.x) % TILE, y = static_cast<int>(threadIdx.x) / TILE;
    for (int64_t at = blockIdx.x; at < tiles; at += gridDim.x) {
        const int64_t row = at / across * TILE, column = at % across * TILE;
        for (int i = y; i < TILE; i += THREADS / TILE) {
            if (row + i < rows && column + x < columns) tile[i][x] = from[(row + i) * columns + column + x];
        }
        __syncthreads();
        for (int i = y; i < TILE; i += THREADS / TILE) {
            if (column + i < columns && row + x < rows) to[(column + i) * rows + row + x] = tile[x][i];
        }
        __syncthreads();
    }
}

template <typename Params>
RowShape checkedShape(Check &check, const Params &p) {
    check.floating("flatType", p.flatType).floating("packedType", p.packedType).range("rows", p.rows, 0, FRNN_ROWS_RESET_BEFORE);
    check.range("gates", p.gates, 1, 8).positive("hidden", p.hidden).positive("columns", p.columns);
    check.require(p.rows == FRNN_ROWS_INTERLEAVED || p.gates == 3, "rows of the reset-before GRU have 3 gates");
    check.require(p.packedStride >= p.columns, "packedStride must be at least columns");
    check.elements("packed", p.gates, p.hidden, p.packedStride);
    check.pointer("flat", p.flat, typeBytes(p.flatType)).pointer("packed", p.packed, typeBytes(p.packedType));
    return {p.rows, p.gates, p.hidden, p.columns, p.gates * p.hidden, p.packedStride};
}

unsigned rowThreads(int64_t columns) { return columns >= THREADS ? THREADS : static_cast<unsigned>(ceilDiv(columns, 32) * 32); }

}  // namespace
}  // namespace frnn

using namespace frnn;

extern "C" {

int32_t frnn_pack_rows(const FrnnPackRowsParams *params, FrnnMessage *message) {
    Check check("frnn_pack_rows", message);
    if (!check.params(params)) return check.status();
    const FrnnPackRowsParams &p = *params;
    RowShape shape = checkedShape(check, p);
    shape.packedRows = p.packedRows;
    if (check.ok()) check.require(p.packedRows >= p.gates * p.hidden, "packedRows must be at least gates times hidden");
    check.elements("packed", p.packedRows, p.packedStride);
    if (!check.ok()) return check.status();
    withAccess(shape, p.flatType, p.flat, p.packedType, p.packed, [&](auto flat, auto packed, auto width) {
        using From = typename decltype(flat)::type;
        using To = typename decltype(packed)::type;
        constexpr int WIDTH = decltype(width)::value;
        launchKernel(packKernel<From, To, WIDTH>, blocksFor(p.packedRows, 1), rowThreads(p.packedStride / WIDTH), 0, streamOf(p.stream),
                     address<const From>(p.flat), address<To>(p.packed), shape);
    });
    return check.cuda(cudaGetLastError());
}

int32_t frnn_unpack_rows(const FrnnUnpackRowsParams *params, FrnnMessage *message) {
    Check check("frnn_unpack_rows", message);
    if (!check.params(params)) return check.status();
    const FrnnUnpackRowsParams &p = *params;
    const RowShape shape = checkedShape(check, p);
    check.range("accumulate", p.accumulate, 0, 1);
    if (!check.ok()) return check.status();
    withAccess(shape, p.packedType, p.packed, p.flatType, p.flat, [&](auto packed, auto flat, auto width) {
        using From = typename decltype(packed)::type;
        using To = typename decltype(flat)::type;
        constexpr int WIDTH = decltype(width)::value;
        launchKernel(unpackKernel<From, To, WIDTH>, blocksFor(p.gates * p.hidden, 1), rowThreads(p.columns / WIDTH), 0, streamOf(p.stream),
                     address<const From>(p.packed), address<To>(p.flat), shape, p.accumulate != 0);
    });
    return check.cuda(cudaGetLastError());
}

int32_t frnn_transpose(const FrnnTransposeParams *params, FrnnMessage *message) {
    Check check("frnn_transpose", message);
    if (!check.params(params)) return check.status();
    const FrnnTransposeParams &p = *params;
    check.floating("type", p.type).positive("rows", p.rows).positive("columns", p.columns).elements("from", p.rows, p.columns);
    check.pointer("from", p.from, typeBytes(p.type)).pointer("to", p.to, typeBytes(p.type));
    if (!check.ok()) return check.status();
    withType(p.type, [&](auto type) {
        using S = typename decltype(type)::type;
        const int64_t tiles = ceilDiv(p.rows, TILE) * ceilDiv(p.columns, TILE);
        launchKernel(transposeKernel<S>, blocksFor(tiles, 1), THREADS, 0, streamOf(p.stream), address<const S>(p.from), address<S>(p.to), p.rows,
                     p.columns);
    });
    return check.cuda(cudaGetLastError());
}

int32_t frnn_pack_bias(const FrnnPackBiasParams *params, FrnnMessage *message) {
    Check check("frnn_pack_bias", message);
    if (!check.params(params)) return check.status();
    const FrnnPackBiasParams &p = *params;
    check.range("cell", p.cell, FRNN_RNN_TANH, FRNN_GRU_RESET_BEFORE).floating("flatType", p.flatType).floating("biasType", p.biasType);
    check.positive("hidden", p.hidden).elements("bias", 4, p.hidden);
    check.optional("bIh", p.bIh, typeBytes(p.flatType)).optional("bHh", p.bHh, typeBytes(p.flatType));
    check.pointer("bias", p.bias, typeBytes(p.biasType));
    if (p.cell == FRNN_GRU_RESET_AFTER) check.pointer("bHn", p.bHn, 4);
    else check.absent("bHn", p.bHn);
    if (!check.ok()) return check.status();
    const int64_t gates = p.cell == FRNN_LSTM ? 4 : p.cell >= FRNN_GRU_RESET_AFTER ? 3 : 1;
    check.require(p.biasCount >= gates * p.hidden, "biasCount must be at least gates times hidden").elements("bias", p.biasCount);
    if (!check.ok()) return check.status();
    withType(p.flatType, [&](auto flat) {
        withType(p.biasType, [&](auto bias) {
            using From = typename decltype(flat)::type;
            using To = typename decltype(bias)::type;
            launchKernel(biasKernel<From, To>, blocksFor(p.biasCount), THREADS, 0, streamOf(p.stream),
                         address<const From>(p.bIh), address<const From>(p.bHh), address<To>(p.bias), address<float>(p.bHn), gates, p.hidden,
                         p.biasCount);
        });
    });
    return check.cuda(cudaGetLastError());
}

}  // extern "C"
