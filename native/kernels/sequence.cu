#include "fusedrnn/sequence.h"

#include "common/check.h"
#include "common/grid.cuh"
#include "common/launch.cuh"
#include "common/types.cuh"

namespace frnn {
namespace {

// One block takes a row [t,n,:] at a time; threads run along K.
unsigned rowThreads(int64_t K) { return K >= THREADS ? THREADS : static_cast<unsigned>(ceilDiv(K, 32) * 32); }

__device__ __forceinline__ int64_t lengthOf(uint64_t lengths, int64_t n, int64_t T) {
    return lengths == 0 ? T : address<const int32_t>(lengths)[n];
}

template <typename S>
__global__ void __launch_bounds__(THREADS) maskKernel(const __grid_constant__ FrnnMaskParams p, S value) {
    for (int64_t row = blockIdx.x; row < p.T * p.N; row += gridDim.x) {
        const int64_t t = row / p.N;
        if (t < lengthOf(p.lengths, row - t * p.N, p.T)) continue;
        for (int64_t k = threadIdx.x; k < p.K; k += blockDim.x) address<S>(p.x)[row * p.K + k] = value;
    }
}

template <typename S>
__global__ void __launch_bounds__(THREADS) gatherLastKernel(const __grid_constant__ FrnnGatherLastParams p) {
    for (int64_t n = blockIdx.x; n < p.N; n += gridDim.x) {
        const int64_t row = (lengthOf(p.lengths, n, p.T) - 1) * p.N + n;
        const S *from = address<const S>(p.x) + row * p.K + p.column;
        for (int64_t k = threadIdx.x; k < p.width; k += blockDim.x) address<S>(p.last)[n * p.width + k] = from[k];
    }
}

template <typename S>
__global__ void __launch_bounds__(THREADS) scatterLastKernel(const __grid_constant__ FrnnScatterLastParams p) {
    for (int64_t n = blockIdx.x; n < p.N; n += gridDim.x) {
        const int64_t row = (lengthOf(p.lengths, n, p.T) - 1) * p.N + n;
        S *to = address<S>(p.dx) + row * p.K + p.column;
        const S *from = address<const S>(p.dlast) + n * p.width;
        for (int64_t k = threadIdx.x; k < p.width; k += blockDim.x) to[k] = fromFloat<S>(toFloat(to[k]) + toFloat(from[k]));
    }
}

template <typename Bits>
__global__ void __launch_bounds__(THREADS) swapKernel(const Bits *__restrict__ in, Bits *__restrict__ out, int64_t A, int64_t B, int64_t K) {
    for (int64_t row = blockIdx.x; row < A * B; row += gridDim.x) {
        const int64_t b = row / A;
        const int64_t a = row - b * A;
        for (int64_t k = threadIdx.x; k < K; k += blockDim.x) out[row * K + k] = in[(a * B + b) * K + k];
    }
}

template <typename Params>
void checkLast(Check &check, const Params &p) {
    check.floating("type", p.type).positive("T", p.T).positive("N", p.N).positive("K", p.K).notNegative("column", p.column);
    check.positive("width", p.width).require(p.width <= p.K - p.column, "column and width reach beyond K").elements("x", p.T, p.N, p.K);
    check.optional("lengths", p.lengths, 4);
}

}  // namespace
}  // namespace frnn

using namespace frnn;

extern "C" {

int32_t frnn_mask(const FrnnMaskParams *params, FrnnMessage *message) {
    Check check("frnn_mask", message);
    if (!check.params(params)) return check.status();
    const FrnnMaskParams &p = *params;
    check.anyType("type", p.type).positive("T", p.T).positive("N", p.N).positive("K", p.K).elements("x", p.T, p.N, p.K);
    check.pointer("lengths", p.lengths, 4).pointer("x", p.x, typeBytes(p.type));
    if (p.type == FRNN_I32) {
        check.real("value", p.value, -2147483648.0, 2147483647.0);
        check.require(p.value == static_cast<double>(static_cast<int64_t>(p.value)), "value is not an integer");
    }
    if (!check.ok()) return check.status();
    const unsigned blocks = blocksFor(p.T * p.N, 1);
    if (p.type == FRNN_I32) {
        launchKernel(maskKernel<int32_t>, blocks, rowThreads(p.K), 0, streamOf(p.stream), p, static_cast<int32_t>(p.value));
    } else {
        withType(p.type, [&](auto tag) {
            using S = typename decltype(tag)::type;
            launchKernel(maskKernel<S>, blocks, rowThreads(p.K), 0, streamOf(p.stream), p, fromFloat<S>(static_cast<float>(p.value)));
        });
    }
    return check.cuda(cudaGetLastError());
}

int32_t frnn_gather_last(const FrnnGatherLastParams *params, FrnnMessage *message) {
    Check check("frnn_gather_last", message);
    if (!check.params(params)) return check.status();
    const FrnnGatherLastParams &p = *params;
    checkLast(check, p);
    check.pointer("x", p.x, typeBytes(p.type)).pointer("last", p.last, typeBytes(p.type));
    if (!check.ok()) return check.status();
    withType(p.type, [&](auto tag) {
        using S = typename decltype(tag)::type;
        launchKernel(gatherLastKernel<S>, blocksFor(p.N, 1), rowThreads(p.width), 0, streamOf(p.stream), p);
    });
    return check.cuda(cudaGetLastError());
}

int32_t frnn_scatter_last(const FrnnScatterLastParams *params, FrnnMessage *message) {
    Check check("frnn_scatter_last", message);
    if (!check.params(params)) return check.status();
    const FrnnScatterLastParams &p = *params;
    checkLast(check, p);
    check.pointer("dlast", p.dlast, typeBytes(p.type)).pointer("dx", p.dx, typeBytes(p.type));
    if (!check.ok()) return check.status();
    withType(p.type, [&](auto tag) {
        using S = typename decltype(tag)::type;
        launchKernel(scatterLastKernel<S>, blocksFor(p.N, 1), rowThreads(p.width), 0, streamOf(p.stream), p);
    });
    return check.cuda(cudaGetLastError());
}

int32_t frnn_swap_leading(const FrnnSwapLeadingParams *params, FrnnMessage *message) {
    Check check("frnn_swap_leading", message);
    if (!check.params(params)) return check.status();
    const FrnnSwapLeadingParams &p = *params;
    check.anyType("type", p.type).positive("A", p.A).positive("B", p.B).positive("K", p.K).elements("in", p.A, p.B, p.K);
    check.pointer("in", p.in, typeBytes(p.type)).pointer("out", p.out, typeBytes(p.type)).require(p.in != p.out, "out may not be in");
    if (!check.ok()) return check.status();
    const unsigned blocks = blocksFor(p.A * p.B, 1);
    if (typeBytes(p.type) == 2) {
        launchKernel(swapKernel<uint16_t>, blocks, rowThreads(p.K), 0, streamOf(p.stream), address<const uint16_t>(p.in), address<uint16_t>(p.out),
                     p.A, p.B, p.K);
    } else {
        launchKernel(swapKernel<uint32_t>, blocks, rowThreads(p.K), 0, streamOf(p.stream), address<const uint32_t>(p.in), address<uint32_t>(p.out),
                     p.A, p.B, p.K);
    }
    return check.cuda(cudaGetLastError());
}

}  // extern "C"
