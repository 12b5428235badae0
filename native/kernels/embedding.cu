#include "fusedrnn/embedding.h"

#include "common/check.h"
#include "common/grid.cuh"
#include "common/launch.cuh"
#include "common/types.cuh"
#include "stable_sort.cuh"

namespace frnn {
namespace {

template <typename From, typename To>
__global__ void __launch_bounds__(THREADS) gatherKernel(const __grid_constant__ FrnnGatherParams p) {
    for (int64_t m = blockIdx.x; m < p.M; m += gridDim.x) {
        const int64_t id = address<const int32_t>(p.ids)[m];
        const bool bad = id < 0 || id >= p.V;
        const From *from = address<const From>(p.table) + (bad ? 0 : id * p.E);
        To *to = address<To>(p.rows) + m * p.E;
        for (int64_t e = threadIdx.x; e < p.E; e += blockDim.x) to[e] = fromFloat<To>(bad ? 0.0f : toFloat(from[e]));
        if (bad && threadIdx.x == 0) optionalWrite<uint32_t>(p.error, 0, FRNN_WORD_INDEX);
    }
}

// Sorted positions one block adds up. A frequent id's run is cut into pieces of this length, whose sums are added afterwards.
constexpr int PIECE = 32;
// Rows read before the first is added, to have that many loads under way.
constexpr int AHEAD = 8;

constexpr int SUM_THREADS = 128;

struct Runs {
    const SortItem *items;
    int64_t count;
    uint32_t V;
    float *heads; // [pieces, E]: sum of the part of a run that began in an earlier piece
    float *tails; // [pieces, E]: sum of the part of a run that goes on in the next piece and began in this one

    __device__ __forceinline__ bool continues(int64_t at) const { return at > 0 && at < count && items[at - 1].key == items[at].key; }
};

template <typename T>
__device__ __forceinline__ void addToTable(const FrnnScatterAddParams &p, uint32_t key, int64_t e, float sum) {
    T *to = address<T>(p.table) + static_cast<int64_t>(key) * p.E + e;
    *to = fromFloat<T>(p.accumulate != 0 ? toFloat(*to) + sum : sum);
}

template <typename R, typename T>
__device__ __forceinline__ void sumPiece(const FrnnScatterAddParams &p, const Runs &runs, int64_t piece, int64_t e) {
    const R *rows = address<const R>(p.rows);
    const int64_t begin = piece * PIECE;
    const int64_t end = min(runs.count, begin + PIECE);
    bool fromBefore = runs.continues(begin);
    float sum = 0.0f;
    for (int64_t batch = begin; batch < end; batch += AHEAD) {
        float values[AHEAD];
        uint32_t keys[AHEAD];
#pragma unroll
        for (int k = 0; k < AHEAD; ++k) {
            const SortItem item = runs.items[min(batch + k, end - 1)];
            keys[k] = item.key;
            values[k] = toFloat(rows[static_cast<int64_t>(item.position) * p.E + e]);
        }
#pragma unroll
        for (int k = 0; k < AHEAD; ++k) {
            const int64_t at = batch + k;
            if (at >= end || keys[k] >= runs.V) break;
            sum += values[k];
            const bool goesOn = runs.continues(at + 1);
            if (goesOn && at + 1 < end) continue;
            if (fromBefore) {
                runs.heads[piece * p.E + e] = sum;
            } else if (goesOn) {
                runs.tails[piece * p.E + e] = sum;
            } else {
                addToTable<T>(p, keys[k], e, sum);
            }
            fromBefore = false;
            sum = 0.0f;
        }
    }
}

template <typename R, typename T>
__global__ void __launch_bounds__(SUM_THREADS) sumPiecesKernel(const __grid_constant__ FrnnScatterAddParams p, Runs runs, int64_t pieces) {
    for (int64_t piece = blockIdx.x; piece < pieces; piece += gridDim.x) {
        for (int64_t e = threadIdx.x; e < p.E; e += blockDim.x) sumPiece<R, T>(p, runs, piece, e);
    }
}

// Adds the pieces of runs longer than one piece, at the piece where the run began, in order.
template <typename T>
__global__ void __launch_bounds__(SUM_THREADS) joinPiecesKernel(const __grid_constant__ FrnnScatterAddParams p, Runs runs, int64_t pieces) {
    for (int64_t piece = blockIdx.x; piece < pieces; piece += gridDim.x) {
        const int64_t next = (piece + 1) * PIECE;
        if (!runs.continues(next)) continue;
        const uint32_t key = runs.items[next].key;
        const bool beganBefore = runs.items[piece * PIECE].key == key && runs.continues(piece * PIECE);
        if (beganBefore || key >= runs.V) continue;
        for (int64_t e = threadIdx.x; e < p.E; e += blockDim.x) {
            float sum = runs.tails[piece * p.E + e];
            int64_t at = piece + 1;
            do {
                sum += runs.heads[at * p.E + e];
                ++at;
            } while (at < pieces && runs.items[at * PIECE].key == key);
            addToTable<T>(p, key, e, sum);
        }
    }
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

unsigned sumThreads(int64_t E) { return E >= SUM_THREADS ? SUM_THREADS : static_cast<unsigned>(ceilDiv(E, 32) * 32); }

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
            launchKernel(gatherKernel<From, To>, blocksFor(p.M, 1), sumThreads(p.E), 0, streamOf(p.stream), p);
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
    const unsigned blocks = blocksFor(pieces, 1);
    withType(p.rowsType, [&](auto rows) {
        withType(p.tableType, [&](auto table) {
            using R = typename decltype(rows)::type;
            using T = typename decltype(table)::type;
            launchKernel(sumPiecesKernel<R, T>, blocks, sumThreads(p.E), 0, stream, p, runs, pieces);
        });
    });
    if (check.cuda(cudaGetLastError()) != FRNN_OK) return check.status();
    withType(p.tableType, [&](auto table) {
        using T = typename decltype(table)::type;
        launchKernel(joinPiecesKernel<T>, blocks, sumThreads(p.E), 0, stream, p, runs, pieces);
    });
    return check.cuda(cudaGetLastError());
}

}  // extern "C"
