#include "fusedrnn/pack.h"

#include <algorithm>
#include <initializer_list>
#include <utility>

#include "common/check.h"
#include "common/grid.cuh"
#include "common/launch.cuh"
#include "common/types.cuh"
#include "rows.h"

namespace frnn {
namespace {

// Elements a block takes of a matrix, if the matrix does not have more than MOST_BLOCKS times as many.
constexpr int64_t BLOCK_ELEMENTS = THREADS * 4;

// The blocks of a launch that take one of its matrices, and how: `rows` rows a block, 2^laneBits threads a row, `width` values an access.
struct Share {
    int32_t firstBlock;
    int32_t rows;
    int32_t laneBits;
    int32_t width;
};

struct Shares {
    Share of[FRNN_MOST_JOBS];
};

__device__ __forceinline__ int jobOfBlock(const Shares &shares, int count) {
    int job = 0;
    while (job + 1 < count && static_cast<int32_t>(blockIdx.x) >= shares.of[job + 1].firstBlock) ++job;
    return job;
}

// Calls body(row, lane, lanes) for the rows this thread takes part in, of the `rows` a matrix has.
template <typename Body>
__device__ __forceinline__ void forRows(const Share &share, int64_t rows, Body body) {
    const int lanes = 1 << share.laneBits;
    const int64_t begin = static_cast<int64_t>(blockIdx.x - share.firstBlock) * share.rows;
    const int64_t end = min(rows, begin + share.rows);
    for (int64_t row = begin + (threadIdx.x >> share.laneBits); row < end; row += THREADS >> share.laneBits) {
        body(row, static_cast<int>(threadIdx.x) & (lanes - 1), lanes);
    }
}

template <typename From, typename To, int WIDTH>
__device__ __forceinline__ void packRows(const FrnnPackJob &job, const Share &share) {
    const int64_t rows = job.gates * job.hidden;
    forRows(share, job.packedRows, [&](int64_t row, int lane, int lanes) {
        const bool filled = row < rows;
        const int64_t gate = row / job.hidden;
        const int64_t target = filled ? packedRow(job.rows, job.gates, job.hidden, gate, row - gate * job.hidden) : row;
        const auto *from = reinterpret_cast<const Pack<From, WIDTH> *>(address<const From>(job.flat) + row * job.columns);
        auto *to = reinterpret_cast<Pack<To, WIDTH> *>(address<To>(job.packed) + target * job.packedStride);
        for (int64_t k = lane; k < job.packedStride / WIDTH; k += lanes) {
            Pack<To, WIDTH> values;
            const bool inside = filled && k < job.columns / WIDTH;
            const Pack<From, WIDTH> read = inside ? from[k] : Pack<From, WIDTH>{};
#pragma unroll
            for (int i = 0; i < WIDTH; ++i) values.at[i] = fromFloat<To>(inside ? toFloat(read.at[i]) : 0.0f);
            to[k] = values;
        }
    });
}

// With what is added, or kept apart.
template <typename From, typename To>
__device__ __forceinline__ void packSums(const FrnnPackJob &job, const Share &share) {
    const From *flat = address<const From>(job.flat), *added = address<const From>(job.added);
    float *apart = address<float>(job.apart);
    To *packed = address<To>(job.packed);
    forRows(share, job.packedRows, [&](int64_t row, int lane, int lanes) {
        const int64_t gate = row / job.hidden;
        const int64_t unit = row - gate * job.hidden;
        const bool filled = gate < job.gates;
        const bool keepsApart = apart != nullptr && gate == job.gates - 1;
        const int64_t target = filled ? packedRow(job.rows, job.gates, job.hidden, gate, unit) : row;
        for (int64_t k = lane; k < job.packedStride; k += lanes) {
            const bool inside = filled && k < job.columns;
            const float value = inside && flat != nullptr ? toFloat(flat[row * job.columns + k]) : 0.0f;
            const float more = inside && added != nullptr ? toFloat(added[row * job.columns + k]) : 0.0f;
            packed[target * job.packedStride + k] = fromFloat<To>(keepsApart ? value : value + more);
            if (inside && keepsApart) apart[unit * job.columns + k] = more;
        }
    });
}

template <typename From, typename To>
__global__ void __launch_bounds__(THREADS) packKernel(const __grid_constant__ FrnnPackParams p, const __grid_constant__ Shares shares) {
    const int at = jobOfBlock(shares, p.count);
    const FrnnPackJob &job = p.jobs[at];
    const Share &share = shares.of[at];
    switch (share.width) {
        case 4: packRows<From, To, 4>(job, share); break;
        case 2: packRows<From, To, 2>(job, share); break;
        case 1: packRows<From, To, 1>(job, share); break;
        default: packSums<From, To>(job, share); break;
    }
}

template <typename From, typename To, int WIDTH>
__device__ __forceinline__ void unpackRows(const FrnnUnpackJob &job, const Share &share, To *flat, bool accumulate) {
    forRows(share, job.gates * job.hidden, [&](int64_t row, int lane, int lanes) {
        const int64_t gate = row / job.hidden;
        const int64_t source = packedRow(job.rows, job.gates, job.hidden, gate, row - gate * job.hidden);
        const auto *from = reinterpret_cast<const Pack<From, WIDTH> *>(address<const From>(job.packed) + source * job.packedStride);
        auto *to = reinterpret_cast<Pack<To, WIDTH> *>(flat + row * job.columns);
        for (int64_t k = lane; k < job.columns / WIDTH; k += lanes) {
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
    });
}

template <typename From, typename To>
__global__ void __launch_bounds__(THREADS) unpackKernel(const __grid_constant__ FrnnUnpackParams p, const __grid_constant__ Shares shares) {
    const int at = jobOfBlock(shares, p.count);
    const FrnnUnpackJob &job = p.jobs[at];
    const Share &share = shares.of[at];
    for (int target = 0; target < 2; ++target) {
        const uint64_t flat = target == 0 ? job.flat : job.second;
        if (flat == 0) continue;
        switch (share.width) {
            case 4: unpackRows<From, To, 4>(job, share, address<To>(flat), p.accumulate != 0); break;
            case 2: unpackRows<From, To, 2>(job, share, address<To>(flat), p.accumulate != 0); break;
            default: unpackRows<From, To, 1>(job, share, address<To>(flat), p.accumulate != 0); break;
        }
    }
}

// Deals blocks out to the matrices of a launch.
class Dealer {
public:
    // A matrix of `rows` rows that are accessed up to `stride` elements each; width 0: element by element.
    void add(int64_t rows, int64_t stride, int width) {
        const int64_t accesses = width > 1 ? stride / width : stride;
        const int64_t perBlock = std::max<int64_t>({1, BLOCK_ELEMENTS / stride, ceilDiv(rows, MOST_BLOCKS)});
        int laneBits = 0;
        while ((1 << laneBits) < THREADS && (1 << laneBits) < accesses) ++laneBits;
        const int32_t inBlock = static_cast<int32_t>(std::min<int64_t>(perBlock, INT32_MAX));
        shares_.of[count_++] = {blocks_, inBlock, laneBits, width};
        blocks_ += static_cast<int32_t>(ceilDiv(rows, inBlock));
    }

    const Shares &shares() const { return shares_; }
    unsigned blocks() const { return static_cast<unsigned>(blocks_); }

private:
    Shares shares_ = {};
    int count_ = 0;
    int32_t blocks_ = 0;
};

// The widest access that rows on both sides allow.
int accessWidth(int64_t columns, int64_t stride, std::initializer_list<std::pair<int32_t, uint64_t>> tensors) {
    for (int width : {4, 2}) {
        bool fits = columns % width == 0 && stride % width == 0;
        for (const auto &[type, address] : tensors) fits = fits && address % static_cast<uint64_t>(width * typeBytes(type)) == 0;
        if (fits) return width;
    }
    return 1;
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

// What matrices to pack and to unpack have in common.
template <typename Job>
void checkMatrix(Check &check, const Job &job, int32_t packedType) {
    check.range("rows", job.rows, 0, FRNN_ROWS_RESET_BEFORE).range("gates", job.gates, 1, 8);
    check.positive("hidden", job.hidden).positive("columns", job.columns);
    check.require(job.rows == FRNN_ROWS_INTERLEAVED || job.gates == 3, "rows of the reset-before GRU have 3 gates");
    check.require(job.packedStride >= job.columns, "packedStride must be at least columns");
    check.elements("packed", job.gates, job.hidden, job.packedStride).pointer("packed", job.packed, typeBytes(packedType));
}

void checkJob(Check &check, const FrnnPackJob &job, const FrnnPackParams &p) {
    checkMatrix(check, job, p.packedType);
    if (check.ok()) check.require(job.packedRows >= job.gates * job.hidden, "packedRows must be at least gates times hidden");
    check.elements("packed", job.packedRows, job.packedStride);
    check.optional("flat", job.flat, typeBytes(p.flatType)).optional("added", job.added, typeBytes(p.flatType)).optional("apart", job.apart, 4);
}

void checkJob(Check &check, const FrnnUnpackJob &job, const FrnnUnpackParams &p) {
    checkMatrix(check, job, p.packedType);
    check.pointer("flat", job.flat, typeBytes(p.flatType)).optional("second", job.second, typeBytes(p.flatType));
}

template <typename Params>
void checkJobs(Check &check, const Params &p) {
    check.floating("flatType", p.flatType).floating("packedType", p.packedType).range("count", p.count, 1, FRNN_MOST_JOBS);
    for (int i = 0; check.ok() && i < p.count; ++i) checkJob(check, p.jobs[i], p);
}

}  // namespace
}  // namespace frnn

using namespace frnn;

extern "C" {

int32_t frnn_pack(const FrnnPackParams *params, FrnnMessage *message) {
    Check check("frnn_pack", message);
    if (!check.params(params)) return check.status();
    const FrnnPackParams &p = *params;
    checkJobs(check, p);
    if (!check.ok()) return check.status();
    Dealer dealer;
    for (int i = 0; i < p.count; ++i) {
        const FrnnPackJob &job = p.jobs[i];
        const bool sums = job.flat == 0 || job.added != 0 || job.apart != 0;
        const int width = accessWidth(job.columns, job.packedStride, {{p.flatType, job.flat}, {p.packedType, job.packed}});
        dealer.add(job.packedRows, job.packedStride, sums ? 0 : width);
    }
    withType(p.flatType, [&](auto flat) {
        withType(p.packedType, [&](auto packed) {
            using From = typename decltype(flat)::type;
            using To = typename decltype(packed)::type;
            launchKernel(packKernel<From, To>, dealer.blocks(), THREADS, 0, streamOf(p.stream), p, dealer.shares());
        });
    });
    return check.cuda(cudaGetLastError());
}

int32_t frnn_unpack(const FrnnUnpackParams *params, FrnnMessage *message) {
    Check check("frnn_unpack", message);
    if (!check.params(params)) return check.status();
    const FrnnUnpackParams &p = *params;
    check.range("accumulate", p.accumulate, 0, 1);
    checkJobs(check, p);
    if (!check.ok()) return check.status();
    Dealer dealer;
    for (int i = 0; i < p.count; ++i) {
        const FrnnUnpackJob &job = p.jobs[i];
        dealer.add(job.gates * job.hidden, job.columns,
                   accessWidth(job.columns, job.packedStride, {{p.packedType, job.packed}, {p.flatType, job.flat}, {p.flatType, job.second}}));
    }
    withType(p.packedType, [&](auto packed) {
        withType(p.flatType, [&](auto flat) {
            using From = typename decltype(packed)::type;
            using To = typename decltype(flat)::type;
            launchKernel(unpackKernel<From, To>, dealer.blocks(), THREADS, 0, streamOf(p.stream), p, dealer.shares());
        });
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

}  // extern "C"
