#include "fusedrnn/reduce.h"

#include "common/block.cuh"
#include "common/check.h"
#include "common/grid.cuh"
#include "common/last.cuh"
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
// The last block reads one partial sum per chunk and column, one after the other.
constexpr int64_t MOST_CHUNKS = 128;
// Threads that keep a large device busy; sets how finely few columns are split.
constexpr int64_t WANTED_THREADS = 1 << 18;

// Groups of columns of a matrix with more than one chunk: fewer than this, by the number of chunks that are wanted.
constexpr int64_t MOST_GROUPS = WANTED_THREADS / ROW_LANES / COLUMN_LANES;
static_assert(2 * MOST_GROUPS <= FRNN_COUNTERS && MOST_GROUPS <= MOST_BLOCKS, "a counter and a block for each group of two matrices");

int64_t columnChunks(int64_t rows, int64_t columns) {
    const int64_t wanted = ceilDiv(WANTED_THREADS / ROW_LANES, columns);
    return std::max<int64_t>(1, std::min({wanted, MOST_CHUNKS, ceilDiv(rows, LEAST_CHUNK_ROWS)}));
}

template <typename S, typename T>
__global__ void __launch_bounds__(COLUMN_LANES *ROW_LANES) columnSumKernel(const __grid_constant__ FrnnColumnSumParams p) {
    __shared__ float shared[ROW_LANES][COLUMN_LANES];
    const int64_t columns = p.columns, chunks = gridDim.y;
    const int64_t chunkRows = (p.rows + chunks - 1) / chunks;
    const int64_t begin = blockIdx.y * chunkRows;
    const int64_t end = min(p.rows, begin + chunkRows);
    const S *matrix = address<const S>(p.matrices[blockIdx.z]);
    T *sums = address<T>(p.sums[blockIdx.z]);
    float *partial = address<float>(p.workspace) + blockIdx.z * chunks * columns;
    for (int64_t group = blockIdx.x; group * COLUMN_LANES < columns; group += gridDim.x) {
        const int64_t column = group * COLUMN_LANES + threadIdx.x;
        float sum = 0.0f;
        if (column < columns) {
#pragma unroll 4
            for (int64_t row = begin + threadIdx.y; row < end; row += ROW_LANES) sum += toFloat(matrix[row * p.stride + column]);
        }
        shared[threadIdx.y][threadIdx.x] = sum;
        __syncthreads();
        const bool writes = threadIdx.y == 0 && column < columns;
        if (writes) {
            for (int lane = 1; lane < ROW_LANES; ++lane) sum += shared[lane][threadIdx.x];
            if (chunks > 1) partial[blockIdx.y * columns + column] = sum;
        }
        // With chunks, a block has one group and a group one counter: see MOST_GROUPS.
        const bool finishes = chunks == 1 || isLastOf(address<uint32_t>(p.counters) + blockIdx.z * gridDim.x + group, gridDim.y);
        if (writes && finishes) {
            if (chunks > 1) {
                sum = 0.0f;
#pragma unroll 8
                for (int64_t chunk = 0; chunk < chunks; ++chunk) sum += partial[chunk * columns + column];
            }
            sums[column] = fromFloat<T>(p.accumulate != 0 ? toFloat(sums[column]) + sum : sum);
        }
        __syncthreads();
    }
}

template <typename S>
__global__ void __launch_bounds__(THREADS) sumKernel(const __grid_constant__ FrnnReduceParams p) {
    const double sum = threadSum(address<const S>(p.x), p.count, p.reduction == FRNN_SUM_OF_SQUARES);
    wholeSum(sum, p.workspace, p.counters, [&](double total) {
        float *result = address<float>(p.result);
        result[0] = static_cast<float>(p.accumulate != 0 ? static_cast<double>(result[0]) + total : total);
    });
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
    check.elements("matrices", p.rows, p.stride).pointer("matrices[0]", p.matrices[0], typeBytes(p.matrixType));
    check.pointer("sums[0]", p.sums[0], typeBytes(p.sumType)).optional("matrices[1]", p.matrices[1], typeBytes(p.matrixType));
    if (p.matrices[1] != 0) check.pointer("sums[1]", p.sums[1], typeBytes(p.sumType));
    else check.absent("sums[1]", p.sums[1]);
    check.pointer("workspace", p.workspace, 16).pointer("counters", p.counters, 4);
    if (!check.ok()) return check.status();
    const unsigned chunks = static_cast<unsigned>(columnChunks(p.rows, p.columns));
    const dim3 blocks(blocksFor(ceilDiv(p.columns, COLUMN_LANES), 1), chunks, p.matrices[1] != 0 ? 2 : 1);
    withType(p.matrixType, [&](auto matrix) {
        withType(p.sumType, [&](auto sum) {
            using S = typename decltype(matrix)::type;
            using T = typename decltype(sum)::type;
            launchKernel(columnSumKernel<S, T>, blocks, dim3(COLUMN_LANES, ROW_LANES), 0, streamOf(p.stream), p);
        });
    });
    return check.cuda(cudaGetLastError());
}

int64_t frnn_reduce_workspace(int64_t count) { return count < 0 ? 0 : partials(count) * 8; }

int32_t frnn_reduce(const FrnnReduceParams *params, FrnnMessage *message) {
    Check check("frnn_reduce", message);
    if (!check.params(params)) return check.status();
    const FrnnReduceParams &p = *params;
    check.floating("type", p.type).range("reduction", p.reduction, FRNN_SUM, FRNN_SUM_OF_SQUARES).range("accumulate", p.accumulate, 0, 1);
    check.notNegative("count", p.count).elements("x", p.count).pointer("result", p.result, 4);
    check.pointer("workspace", p.workspace, 16).pointer("counters", p.counters, 4);
    if (p.count > 0) check.pointer("x", p.x, typeBytes(p.type));
    if (!check.ok()) return check.status();
    const int64_t blocks = partials(p.count);
    withType(p.type, [&](auto tag) {
        using S = typename decltype(tag)::type;
        launchKernel(sumKernel<S>, static_cast<unsigned>(blocks), THREADS, 0, streamOf(p.stream), p);
    });
    return check.cuda(cudaGetLastError());
}

}  // extern "C"
