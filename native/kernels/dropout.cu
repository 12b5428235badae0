#include "fusedrnn/dropout.h"

#include "common/check.h"
#include "common/grid.cuh"
#include "common/launch.cuh"
#include "common/philox.h"
#include "common/types.cuh"

namespace frnn {
namespace {

// Elements per thread: as many as one Philox block has words, so that whole blocks are drawn once where e is aligned.
constexpr int GROUP = 4;

template <typename S>
__global__ void __launch_bounds__(THREADS) dropoutKernel(const __grid_constant__ FrnnDropoutParams p) {
    const uint32_t *random = address<const uint32_t>(p.random);
    const uint32_t seedLow = random[0];
    const uint32_t seedHigh = random[1];
    const uint32_t draw = random[2];
    const S *in = address<const S>(p.in);
    S *out = address<S>(p.out);
    const float scale = 1.0f / (1.0f - p.p);
    for (int64_t start = gridThread() * GROUP; start < p.count; start += gridThreads() * GROUP) {
        int64_t drawn = -1;
        PhiloxBlock block{};
        const int64_t end = start + GROUP < p.count ? start + GROUP : p.count;
        for (int64_t i = start; i < end; ++i) {
            const int64_t element = p.firstElement + (p.period == 0 ? i : i % p.period);
            const int64_t index = element >> 2;
            if (index != drawn) {
                block = philox(static_cast<uint32_t>(index), static_cast<uint32_t>(index >> 32), static_cast<uint32_t>(p.streamId), draw,
                               seedLow, seedHigh);
                drawn = index;
            }
            out[i] = fromFloat<S>(dropoutKeeps(wordOf(block, element), p.p) ? toFloat(in[i]) * scale : 0.0f);
        }
    }
}

// A block per row, so that the id is drawn for once.
template <typename S>
__global__ void __launch_bounds__(THREADS) dropoutRowsKernel(const __grid_constant__ FrnnDropoutRowsParams p) {
    const uint32_t *random = address<const uint32_t>(p.random);
    const float scale = 1.0f / (1.0f - p.p);
    for (int64_t m = blockIdx.x; m < p.M; m += gridDim.x) {
        // As the launcher of a gather leaves ids to the caller, a negative one is only taken for some row.
        const int64_t id = static_cast<uint32_t>(address<const int32_t>(p.ids)[m]);
        const PhiloxBlock block = philox(static_cast<uint32_t>(id >> 2), 0, static_cast<uint32_t>(p.streamId), random[2], random[0], random[1]);
        const bool keeps = dropoutKeeps(wordOf(block, id), p.p);
        const S *in = address<const S>(p.in) + m * p.E;
        S *out = address<S>(p.out) + m * p.E;
        for (int64_t e = threadIdx.x; e < p.E; e += blockDim.x) out[e] = fromFloat<S>(keeps ? toFloat(in[e]) * scale : 0.0f);
    }
}

}  // namespace
}  // namespace frnn

using namespace frnn;

extern "C" {

int32_t frnn_dropout(const FrnnDropoutParams *params, FrnnMessage *message) {
    Check check("frnn_dropout", message);
    if (!check.params(params)) return check.status();
    const FrnnDropoutParams &p = *params;
    check.floating("type", p.type).notNegative("count", p.count).notNegative("firstElement", p.firstElement).notNegative("period", p.period);
    check.require(p.p >= 0.0f && p.p < 1.0f, "p must be at least 0 and less than 1").elements("in", p.count);
    if (!check.ok() || p.count == 0) return check.status();
    check.pointer("random", p.random, 4).pointer("in", p.in, typeBytes(p.type)).pointer("out", p.out, typeBytes(p.type));
    if (!check.ok()) return check.status();
    withType(p.type, [&](auto tag) {
        using S = typename decltype(tag)::type;
        launchKernel(dropoutKernel<S>, blocksFor(ceilDiv(p.count, GROUP)), THREADS, 0, streamOf(p.stream), p);
    });
    return check.cuda(cudaGetLastError());
}

int32_t frnn_dropout_rows(const FrnnDropoutRowsParams *params, FrnnMessage *message) {
    Check check("frnn_dropout_rows", message);
    if (!check.params(params)) return check.status();
    const FrnnDropoutRowsParams &p = *params;
    check.floating("type", p.type).notNegative("M", p.M).positive("E", p.E);
    check.require(p.p >= 0.0f && p.p < 1.0f, "p must be at least 0 and less than 1").elements("in", p.M, p.E);
    if (!check.ok() || p.M == 0) return check.status();
    check.pointer("ids", p.ids, 4).pointer("random", p.random, 4);
    check.pointer("in", p.in, typeBytes(p.type)).pointer("out", p.out, typeBytes(p.type));
    if (!check.ok()) return check.status();
    const unsigned threads = p.E >= THREADS ? THREADS : static_cast<unsigned>(ceilDiv(p.E, 32) * 32);
    withType(p.type, [&](auto tag) {
        using S = typename decltype(tag)::type;
        launchKernel(dropoutRowsKernel<S>, blocksFor(p.M, 1), threads, 0, streamOf(p.stream), p);
    });
    return check.cuda(cudaGetLastError());
}

}  // extern "C"
