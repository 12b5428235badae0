#include "fusedrnn/reduce.h"

#include "common/block.cuh"
#include "common/check.h"
#include "common/grid.cuh"
#include "common/launch.cuh"
#include "common/types.cuh"
#include "whole_sum.cuh"

namespace frnn {
namespace {

// Column sums: a block takes 32 columns (one warp's coalesced read) with 8 rows at a time.
constexpr int COLUMN_LANES = 32;
constexpr int ROW_LANES = 8;
// Fewer rows than this in a chunk are not worth a partial sum.
constexpr int64_t LEAST_CHUNK_ROWS = 64;
// The second pass reads one partial sum per chunk and column, one after the other.
constexpr int64_t MOST_CHUNKS = 128;
// Threads that keep a large device busy; sets how finely few columns are split.
constexpr int64_t WANTED_THREADS = 1 << 18;

int64_t columnChunks(int64_t rows, int64_t columns) {
    const int64_t wanted = ceilDiv(WANTED_THREADS / ROW_LANES, columns);
    return std::max<int64_t>(1, std::min({wanted, MOST_CHUNKS, ceilDiv(rows, LEAST_CHUNK_ROWS)}));
}

template <typename S>
__global__ void __launch_bounds__(COLUMN_LANES *ROW_LANES)
    columnPartialKernel(const S *__restrict__ matrix, float *__restrict__ partial, int64_t rows, int64_t columns, int64_t stride) {
    __shared__ float sums[ROW_LANES][COLUMN_LANES];
    const int64_t chunkRows = (rows + gridDim.y - 1) / gridDim.y;
    const int64_t begin = blockIdx.y * chunkRows;
    const int64_t end = min(rows, begin + chunkRows);
    for (int64_t group = blockIdx.x; group * COLUMN_LANES < columns; group += gridDim.x) {
        const int64_t column = group * COLUMN_LANES + threadIdx.x;
        float sum = 0.0f;
        if (column < columns) {
#pragma unroll 4
            for (int64_t row = begin + threadIdx.y; row < end; row += ROW_LANES) sum += toFloat(matrix[row * stride + column]);
        }
        sums[threadIdx.y][threadIdx.x] = sum;
        __syncthreads();
        if (threadIdx.y == 0 && column < columns) {
            for (int lane = 1; lane < ROW_LANES; ++lane) sum += sums[lane][threadIdx.x];
            partial[blockIdx.y * columns + column] = sum;
        }
        __syncthreads();
    }
}

template <typename S>
__global__ void __launch_bounds__(THREADS)
    columnFinishKernel(const float *__restrict__ partial, S *__restrict__ sums, int64_t chunks, int64_t columns, bool accumulate) {
    for (int64_t column = gridThread(); column < columns; column += gridThreads()) {
        float sum = 0.0f;
#pragma unroll 8
        for (int64_t chunk = 0; chunk < chunks; ++chunk) sum += partial[chunk * columns + column];
        sums[column] = fromFloat<S>(accumulate ? toFloat(sums[column]) + sum : sum);
    }
}

template <typename S>
__global__ void __launch_bounds__(THREADS) partialSumKernel(const S *__restrict__ x, double *__restrict__ partial, int64_t count, bool squares) {
    __shared__ double shared[THREADS / 32];
    double sum = 0.0;
    for (int64_t i = gridThread(); i < count; i += gridThreads()) {
        const double value = static_cast<double>(toFloat(x[i]));
        sum += squares ? value * value : value;
    }
    sum = blockSum(sum, shared);
    if (threadIdx.x == 0) partial[blockIdx.x] = sum;
}

}  // namespace
}  // namespace frnn

using namespace frnn;

extern "C" {

int64_t frnn_column_sum_workspace(int64_t rows, int64_t columns) {
    if (rows <= 0 || columns <= 0) return 0;
    return columnChunks(rows, columns) * columns * 4;
}

int32_t frnn_column_sum(const FrnnColumnSumParams *params, FrnnMessage *message) {
    Check check("frnn_column_sum", message);
    if (!check.params(params)) return check.status();
    const FrnnColumnSumParams &p = *params;
    check.floating("matrixType", p.matrixType).floating("sumType", p.sumType).range("accumulate", p.accumulate, 0, 1);
    check.positive("rows", p.rows).positive("columns", p.columns).require(p.stride >= p.columns, "stride is less than columns");
    check.elements("matrix", p.rows, p.stride).pointer("matrix", p.matrix, typeBytes(p.matrixType));
    check.pointer("sums", p.sums, typeBytes(p.sumType)).pointer("workspace", p.workspace, 16);
    if (!check.ok()) return check.status();
    const int64_t chunks = columnChunks(p.rows, p.columns);
    const dim3 blocks(blocksFor(ceilDiv(p.columns, COLUMN_LANES), 1), static_cast<unsigned>(chunks));
    withType(p.matrixType, [&](auto tag) {
        using S = typename decltype(tag)::type;
        launchKernel(columnPartialKernel<S>, blocks, dim3(COLUMN_LANES, ROW_LANES), 0, streamOf(p.stream),
                     address<const S>(p.matrix), address<float>(p.workspace), p.rows, p.columns, p.stride);
    });
    if (check.cuda(cudaGetLastError()) != FRNN_OK) return check.status();
    withType(p.sumType, [&](auto tag) {
        using S = typename decltype(tag)::type;
        launchKernel(columnFinishKernel<S>, blocksFor(p.columns), THREADS, 0, streamOf(p.stream),
                     address<const float>(p.workspace), address<S>(p.sums), chunks, p.columns, p.accumulate != 0);
    });
    return check.cuda(cudaGetLastError());
}

int64_t frnn_reduce_workspace(int64_t count) { return count < 0 ? 0 : partials(count) * 8; }

int32_t frnn_reduce(const FrnnReduceParams *params, FrnnMessage *message) {
    Check check("frnn_reduce", message);
    if (!check.params(params)) return check.status();
    const FrnnReduceParams &p = *params;
    check.floating("type", p.type).range("reduction", p.reduction, FRNN_SUM, FRNN_SUM_OF_SQUARES).range("accumulate", p.accumulate, 0, 1);
    check.notNegative("count", p.count).elements("x", p.count).pointer("result", p.result, 4).pointer("workspace", p.workspace, 16);
    if (p.count > 0) check.pointer("x", p.x, typeBytes(p.type));
    if (!check.ok()) return check.status();
    const int64_t blocks = partials(p.count);
    withType(p.type, [&](auto tag) {
        using S = typename decltype(tag)::type;
        launchKernel(partialSumKernel<S>, static_cast<unsigned>(blocks), THREADS, 0, streamOf(p.stream),
                     address<const S>(p.x), address<double>(p.workspace), p.count, p.reduction == FRNN_SUM_OF_SQUARES);
    });
    if (check.cuda(cudaGetLastError()) != FRNN_OK) return check.status();
    launchKernel(finishSumKernel, 1, THREADS, 0, streamOf(p.stream), address<const double>(p.workspace), address<float>(p.result), blocks,
                 p.accumulate != 0);
    return check.cuda(cudaGetLastError());
}

}  // extern "C"
