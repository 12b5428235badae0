#include "fusedrnn/pack.h"

#include "common/check.h"
#include "common/grid.cuh"
#include "common/types.cuh"
#include "rows.h"

namespace frnn {
namespace {

struct RowShape {
    int32_t rows;
    int64_t gates;
    int64_t hidden;
    int64_t columns;
};

// One block takes a row at a time, so that both sides are read and written contiguously.
template <typename From, typename To>
__global__ void __launch_bounds__(THREADS) packKernel(const From *__restrict__ flat, To *__restrict__ packed, RowShape shape) {
    for (int64_t row = blockIdx.x; row < shape.gates * shape.hidden; row += gridDim.x) {
        const int64_t gate = row / shape.hidden;
        const int64_t target = packedRow(shape.rows, shape.gates, shape.hidden, gate, row - gate * shape.hidden);
        for (int64_t k = threadIdx.x; k < shape.columns; k += blockDim.x) {
            packed[target * shape.columns + k] = fromFloat<To>(toFloat(flat[row * shape.columns + k]));
        }
    }
}

template <typename From, typename To>
__global__ void __launch_bounds__(THREADS)
    unpackKernel(const From *__restrict__ packed, To *__restrict__ flat, RowShape shape, bool accumulate) {
    for (int64_t row = blockIdx.x; row < shape.gates * shape.hidden; row += gridDim.x) {
        const int64_t gate = row / shape.hidden;
        const int64_t source = packedRow(shape.rows, shape.gates, shape.hidden, gate, row - gate * shape.hidden);
        for (int64_t k = threadIdx.x; k < shape.columns; k += blockDim.x) {
            const int64_t at = row * shape.columns + k;
            const float value = toFloat(packed[source * shape.columns + k]);
            flat[at] = fromFloat<To>(accumulate ? toFloat(flat[at]) + value : value);
        }
    }
}

template <typename From, typename To>
__global__ void __launch_bounds__(THREADS)
    biasKernel(const From *bIh, const From *bHh, To *bias, float *bHn, int64_t gates, int64_t hidden) {
    for (int64_t at = gridThread(); at < gates * hidden; at += gridThreads()) {
        const int64_t gate = at / hidden;
        const int64_t unit = at - gate * hidden;
        const float input = bIh == nullptr ? 0.0f : toFloat(bIh[at]);
        const float recurrent = bHh == nullptr ? 0.0f : toFloat(bHh[at]);
        const bool apart = bHn != nullptr && gate == 2;
        bias[unit * gates + gate] = fromFloat<To>(apart ? input : input + recurrent);
        if (apart) bHn[unit] = recurrent;
    }
}

template <typename Params>
RowShape checkedShape(Check &check, const Params &p) {
    check.floating("flatType", p.flatType).floating("packedType", p.packedType).range("rows", p.rows, 0, FRNN_ROWS_RESET_BEFORE);
    check.range("gates", p.gates, 1, 8).positive("hidden", p.hidden).positive("columns", p.columns);
    check.require(p.rows == FRNN_ROWS_INTERLEAVED || p.gates == 3, "rows of the reset-before GRU have 3 gates");
    check.elements("flat", p.gates, p.hidden, p.columns);
    check.pointer("flat", p.flat, typeBytes(p.flatType)).pointer("packed", p.packed, typeBytes(p.packedType));
    return {p.rows, p.gates, p.hidden, p.columns};
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
    const RowShape shape = checkedShape(check, p);
    if (!check.ok()) return check.status();
    withType(p.flatType, [&](auto flat) {
        withType(p.packedType, [&](auto packed) {
            using From = typename decltype(flat)::type;
            using To = typename decltype(packed)::type;
            packKernel<<<blocksFor(p.gates * p.hidden, 1), rowThreads(p.columns), 0, streamOf(p.stream)>>>(
                address<const From>(p.flat), address<To>(p.packed), shape);
        });
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
    withType(p.packedType, [&](auto packed) {
        withType(p.flatType, [&](auto flat) {
            using From = typename decltype(packed)::type;
            using To = typename decltype(flat)::type;
            unpackKernel<<<blocksFor(p.gates * p.hidden, 1), rowThreads(p.columns), 0, streamOf(p.stream)>>>(
                address<const From>(p.packed), address<To>(p.flat), shape, p.accumulate != 0);
        });
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
    withType(p.flatType, [&](auto flat) {
        withType(p.biasType, [&](auto bias) {
            using From = typename decltype(flat)::type;
            using To = typename decltype(bias)::type;
            biasKernel<<<blocksFor(gates * p.hidden), THREADS, 0, streamOf(p.stream)>>>(
                address<const From>(p.bIh), address<const From>(p.bHh), address<To>(p.bias), address<float>(p.bHn), gates, p.hidden);
        });
    });
    return check.cuda(cudaGetLastError());
}

}  // extern "C"
