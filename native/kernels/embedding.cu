#include "fusedrnn/embedding.h"

#include "common/check.h"
#include "common/grid.cuh"
#include "common/launch.cuh"
#include "common/types.cuh"
#include "stable_sort.cuh"

namespace frnn {
namespace {

constexpr int ACCESS_BYTES = 16;

// Neighbouring elements of two types that one thread moves at once: none of the two accesses is wider than 16 bytes.
template <typename A, typename B>
constexpr int WIDE = ACCESS_BYTES / static_cast<int>(sizeof(A) > sizeof(B) ? sizeof(A) : sizeof(B));

bool aligned(uint64_t address) { return address % ACCESS_BYTES == 0; }

// Threads side by side for a row of `packs` accesses, a power of two; the rest of a block takes further rows.
unsigned rowThreads(int64_t packs, unsigned most) {
    unsigned threads = 1;
    while (threads < most && threads < packs) threads *= 2;
    return threads;
}

template <typename From, typename To, int COUNT>
__global__ void __launch_bounds__(THREADS) gatherKernel(const __grid_constant__ FrnnGatherParams p) {
    const int64_t packs = p.E / COUNT;
    const int64_t step = static_cast<int64_t>(gridDim.x) * blockDim.y;
    for (int64_t m = static_cast<int64_t>(blockIdx.x) * blockDim.y + threadIdx.y; m < p.M; m += step) {
        const int64_t id = address<const int32_t>(p.ids)[m];
        const bool bad = id < 0 || id >= p.V;
        const auto *from = reinterpret_cast<const Pack<From, COUNT> *>(address<const From>(p.table) + (bad ? 0 : id * p.E));
        auto *to = reinterpret_cast<Pack<To, COUNT> *>(address<To>(p.rows) + m * p.E);
        for (int64_t e = threadIdx.x; e < packs; e += blockDim.x) {
            const Pack<From, COUNT> read = from[e];
            Pack<To, COUNT> written;
#pragma unroll
            for (int k = 0; k < COUNT; ++k) written.at[k] = fromFloat<To>(bad ? 0.0f : toFloat(read.at[k]));
            to[e] = written;
        }
        if (bad && threadIdx.x == 0) optionalWrite<uint32_t>(p.error, 0, FRNN_WORD_INDEX);
    }
}

template <typename From, typename To, int COUNT>
void launchGather(const FrnnGatherParams &p) {
    const unsigned lanes = rowThreads(p.E / COUNT, THREADS);
    const unsigned rows = THREADS / lanes;
    launchKernel(gatherKernel<From, To, COUNT>, blocksFor(p.M, static_cast<int>(rows)), dim3(lanes, rows), 0, streamOf(p.stream), p);
}

// Sorted positions one block adds up. A frequent id's run is cut into pieces of this length, whose sums are added afterwards.
constexpr int PIECE = 32;
// Rows read before the first is added, to have that many loads under way.
constexpr int AHEAD = 8;

constexpr int SUM_THREADS = 64;
// Blocks on a multiprocessor that leave each thread registers for all rows it reads ahead.
constexpr int SUM_BLOCKS = 8;

struct Runs {
    const SortItem *items;
    int64_t count;
    uint32_t V;
    float *heads; // [pieces, E]: sum of the part of a run that began in an earlier piece
    float *tails; // [pieces, E]: sum of the part of a run that goes on in the next piece and began in this one

    __device__ __forceinline__ bool continues(int64_t at) const { return at > 0 && at < count && items[at - 1].key == items[at].key; }
};

// Sums of COUNT neighbouring columns.
template <int COUNT>
struct Sums {
    float at[COUNT] = {};

    template <typename R>
    __device__ __forceinline__ void add(const Pack<R, COUNT> &values) {
#pragma unroll
        for (int k = 0; k < COUNT; ++k) at[k] += toFloat(values.at[k]);
    }

    // Adds them to what is at `to`, or overwrites it.
    template <typename T>
    __device__ __forceinline__ void store(T *to, bool accumulate) const {
        constexpr int PART = COUNT < ACCESS_BYTES / static_cast<int>(sizeof(T)) ? COUNT : ACCESS_BYTES / static_cast<int>(sizeof(T));
        auto *parts = reinterpret_cast<Pack<T, PART> *>(to);
#pragma unroll
        for (int part = 0; part < COUNT / PART; ++part) {
            Pack<T, PART> values;
            if (accumulate) values = parts[part];
#pragma unroll
            for (int k = 0; k < PART; ++k) {
                const float sum = at[part * PART + k];
                values.at[k] = fromFloat<T>(accumulate ? toFloat(values.at[k]) + sum : sum);
            }
            parts[part] = values;
        }
    }
};

template <typename T, int COUNT>
__device__ __forceinline__ void addToTable(const FrnnScatterAddParams &p, uint32_t key, int64_t e, const Sums<COUNT> &sums) {
    sums.store(address<T>(p.table) + static_cast<int64_t>(key) * p.E + e, p.accumulate != 0);
}

// The columns from e on of a piece.
template <typename R, typename T, int COUNT>
__device__ __forceinline__ void sumPiece(const FrnnScatterAddParams &p, const Runs &runs, int64_t piece, int64_t e) {
    const R *rows = address<const R>(p.rows);
    const int64_t begin = piece * PIECE;
    const int64_t end = min(runs.count, begin + PIECE);
    bool fromBefore = runs.continues(begin);
    Sums<COUNT> sums;
    for (int64_t batch = begin; batch < end; batch += AHEAD) {
        Pack<R, COUNT> values[AHEAD];
        uint32_t keys[AHEAD];
#pragma unroll
        for (int k = 0; k < AHEAD; ++k) {
            const SortItem item = runs.items[min(batch + k, end - 1)];
            keys[k] = item.key;
            values[k] = *reinterpret_cast<const Pack<R, COUNT> *>(rows + static_cast<int64_t>(item.position) * p.E + e);
        }
#pragma unroll
        for (int k = 0; k < AHEAD; ++k) {
            const int64_t at = batch + k;
            if (at >= end || keys[k] >= runs.V) break;
            sums.add(values[k]);
            const bool goesOn = runs.continues(at + 1);
            if (goesOn && at + 1 < end) continue;
            if (fromBefore) {
                sums.store(runs.heads + piece * p.E + e, false);
            } else if (goesOn) {
                sums.store(runs.tails + piece * p.E + e, false);
            } else {
                addToTable<T>(p, keys[k], e, sums);
            }
            fromBefore = false;
            sums = {};
        }
    }
}

// Blocks side by side share the columns.
__device__ __forceinline__ int64_t firstColumn(int count) { return (static_cast<int64_t>(blockIdx.y) * blockDim.x + threadIdx.x) * count; }

__device__ __forceinline__ int64_t columnStep(int count) { return static_cast<int64_t>(gridDim.y) * blockDim.x * count; }

template <typename R, typename T, int COUNT>
__global__ void __launch_bounds__(SUM_THREADS, SUM_BLOCKS) sumPiecesKernel(const __grid_constant__ FrnnScatterAddParams p, Runs runs, int64_t pieces) {
    for (int64_t piece = blockIdx.x; piece < pieces; piece += gridDim.x) {
        for (int64_t e = firstColumn(COUNT); e < p.E; e += columnStep(COUNT)) sumPiece<R, T, COUNT>(p, runs, piece, e);
    }
}

// The columns from e on of a run that began in `piece` and goes on behind it.
template <typename T, int COUNT>
__device__ __forceinline__ void joinPieces(const FrnnScatterAddParams &p, const Runs &runs, int64_t pieces, int64_t piece, uint32_t key, int64_t e) {
    Sums<COUNT> sums;
    sums.add(*reinterpret_cast<const Pack<float, COUNT> *>(runs.tails + piece * p.E + e));
    bool goesOn = true;
    for (int64_t batch = piece + 1; goesOn; batch += AHEAD) {
        Pack<float, COUNT> heads[AHEAD];
        bool same[AHEAD];
#pragma unroll
        for (int k = 0; k < AHEAD; ++k) same[k] = batch + k < pieces && runs.items[(batch + k) * PIECE].key == key;
#pragma unroll
        for (int k = 0; k < AHEAD; ++k) {
            if (same[k]) heads[k] = *reinterpret_cast<const Pack<float, COUNT> *>(runs.heads + (batch + k) * p.E + e);
        }
#pragma unroll
        for (int k = 0; k < AHEAD; ++k) {
            if (same[k]) sums.add(heads[k]);
        }
        goesOn = same[AHEAD - 1];
    }
    addToTable<T>(p, key, e, sums);
}

// Adds the pieces of runs longer than one piece, at the piece where the run began, in order.
template <typename T, int COUNT>
__global__ void __launch_bounds__(SUM_THREADS) joinPiecesKernel(const __grid_constant__ FrnnScatterAddParams p, Runs runs, int64_t pieces) {
    for (int64_t piece = blockIdx.x; piece < pieces; piece += gridDim.x) {
        const int64_t next = (piece + 1) * PIECE;
        if (!runs.continues(next)) continue;
        const uint32_t key = runs.items[next].key;
        const bool beganBefore = runs.items[piece * PIECE].key == key && runs.continues(piece * PIECE);
        if (beganBefore || key >= runs.V) continue;
        for (int64_t e = firstColumn(COUNT); e < p.E; e += columnStep(COUNT)) joinPieces<T, COUNT>(p, runs, pieces, piece, key, e);
    }
}

dim3 sumBlocks(int64_t pieces, int64_t packs) { return dim3(blocksFor(pieces, 1), blocksFor(packs, SUM_THREADS)); }

template <typename R, typename T, int COUNT>
void launchSum(const FrnnScatterAddParams &p, const Runs &runs, int64_t pieces) {
    const int64_t packs = p.E / COUNT;
    launchKernel(sumPiecesKernel<R, T, COUNT>, sumBlocks(pieces, packs), rowThreads(packs, SUM_THREADS), 0, streamOf(p.stream), p, runs, pieces);
}

template <typename T, int COUNT>
void launchJoin(const FrnnScatterAddParams &p, const Runs &runs, int64_t pieces) {
    const int64_t packs = p.E / COUNT;
    launchKernel(joinPiecesKernel<T, COUNT>, sumBlocks(pieces, packs), rowThreads(packs, SUM_THREADS), 0, streamOf(p.stream), p, runs, pieces);
}

struct ScatterWorkspace {
    int64_t items;   // bytes of one buffer of sorted items
    int64_t counts;  // bytes of the sort's counts
    int64_t partial; // bytes of heads, and of tails

    int64_t total() const { return 2 * items + counts + 2 * partial; }
};

int64_t rounded(int64_t bytes) { return ceilDiv(bytes, 256) * 256; }

ScatterWorkspace scatterWorkspace(int64_t M, int64_t E) {
    return {rounded(M * static_cast<int64_t>(sizeof(SortItem))), rounded(sortTiles(M) * RADIX * 4), rounded(ceilDiv(M, PIECE) * E * 4)};
}

}  // namespace
}  // namespace frnn

using namespace frnn;

extern "C" {

int32_t frnn_gather(const FrnnGatherParams *params, FrnnMessage *message) {
    Check check("frnn_gather", message);
    if (!check.params(params)) return check.status();
    const FrnnGatherParams &p = *params;
    check.floating("tableType", p.tableType).floating("rowsType", p.rowsType).notNegative("M", p.M).positive("V", p.V).positive("E", p.E);
    check.elements("table", p.V, p.E).elements("rows", p.M, p.E);
    if (!check.ok() || p.M == 0) return check.status();
    check.pointer("ids", p.ids, 4).pointer("table", p.table, typeBytes(p.tableType)).pointer("rows", p.rows, typeBytes(p.rowsType));
    check.optional("error", p.error, 4);
    if (!check.ok()) return check.status();
    withType(p.tableType, [&](auto table) {
        withType(p.rowsType, [&](auto rows) {
            using From = typename decltype(table)::type;
            using To = typename decltype(rows)::type;
            constexpr int COUNT = WIDE<From, To>;
            if (p.E % COUNT == 0 && aligned(p.table) && aligned(p.rows)) {
                launchGather<From, To, COUNT>(p);
            } else {
                launchGather<From, To, 1>(p);
            }
        });
    });
    return check.cuda(cudaGetLastError());
}

int64_t frnn_scatter_add_workspace(int64_t M, int64_t V, int64_t E) {
    return M <= 0 || V <= 0 || E <= 0 ? 0 : scatterWorkspace(M, E).total();
}

int32_t frnn_scatter_add(const FrnnScatterAddParams *params, FrnnMessage *message) {
    Check check("frnn_scatter_add", message);
    if (!check.params(params)) return check.status();
    const FrnnScatterAddParams &p = *params;
    check.floating("rowsType", p.rowsType).floating("tableType", p.tableType).range("accumulate", p.accumulate, 0, 1);
    check.range("M", p.M, 0, INT32_MAX).range("V", p.V, 1, INT32_MAX).positive("E", p.E);
    check.elements("table", p.V, p.E).elements("rows", p.M, p.E).pointer("table", p.table, typeBytes(p.tableType));
    if (p.M > 0) check.pointer("ids", p.ids, 4).pointer("rows", p.rows, typeBytes(p.rowsType)).pointer("workspace", p.workspace, 16);
    if (!check.ok()) return check.status();
    const cudaStream_t stream = streamOf(p.stream);
    if (p.accumulate == 0) {
        // All-zero bits are zero in every type.
        const size_t bytes = static_cast<size_t>(p.V * p.E * typeBytes(p.tableType));
        if (check.cuda(cudaMemsetAsync(address<void>(p.table), 0, bytes, stream)) != FRNN_OK) return check.status();
    }
    if (p.M == 0) return check.status();
    const ScatterWorkspace sizes = scatterWorkspace(p.M, p.E);
    char *workspace = address<char>(p.workspace);
    SortItem *first = reinterpret_cast<SortItem *>(workspace);
    SortItem *second = reinterpret_cast<SortItem *>(workspace + sizes.items);
    uint32_t *counts = reinterpret_cast<uint32_t *>(workspace + 2 * sizes.items);
    float *heads = reinterpret_cast<float *>(workspace + 2 * sizes.items + sizes.counts);
    float *tails = reinterpret_cast<float *>(workspace + 2 * sizes.items + sizes.counts + sizes.partial);
    const SortItem *sorted = queueSort(address<const int32_t>(p.ids), p.M, p.V, first, second, counts, stream);
    if (check.cuda(cudaGetLastError()) != FRNN_OK) return check.status();
    const Runs runs{sorted, p.M, static_cast<uint32_t>(p.V), heads, tails};
    const int64_t pieces = ceilDiv(p.M, PIECE);
    const bool wide = aligned(p.rows) && aligned(p.table);
    withType(p.rowsType, [&](auto rows) {
        withType(p.tableType, [&](auto table) {
            using R = typename decltype(rows)::type;
            using T = typename decltype(table)::type;
            constexpr int COUNT = ACCESS_BYTES / static_cast<int>(sizeof(R));
            if (wide && p.E % COUNT == 0) {
                launchSum<R, T, COUNT>(p, runs, pieces);
            } else {
                launchSum<R, T, 1>(p, runs, pieces);
            }
        });
    });
    if (check.cuda(cudaGetLastError()) != FRNN_OK) return check.status();
    withType(p.tableType, [&](auto table) {
        using T = typename decltype(table)::type;
        constexpr int COUNT = ACCESS_BYTES / static_cast<int>(sizeof(float));
        if (wide && p.E % COUNT == 0) {
            launchJoin<T, COUNT>(p, runs, pieces);
        } else {
            launchJoin<T, 1>(p, runs, pieces);
        }
    });
    return check.cuda(cudaGetLastError());
}

}  // extern "C"
