#include "harness.h"

namespace frnn::test {

static const int64_t T = 6, N = 5, K = 37;
static const std::vector<double> LENGTHS = {6, 1, 3, 6, 2};

static void maskCase(Case &c, int32_t type) {
    Buffer &x = c.input(type, c.uniform(T * N * K, -50, 50));
    Buffer &lengths = c.input(FRNN_I32, LENGTHS);
    FrnnMaskParams p{};
    p.type = type;
    p.T = T;
    p.N = N;
    p.K = K;
    p.value = -3;
    p.lengths = lengths.address();
    p.x = x.address();
    c.call(frnn_mask, p);
    std::vector<double> expected = x.host();
    for (int64_t i = 0; i < T * N * K; ++i) {
        if (static_cast<double>(i / (N * K)) >= LENGTHS[i / K % N]) expected[i] = -3;
    }
    c.equal("x", x.get(), expected);
}

static void lastCase(Case &c, int32_t type, bool withLengths) {
    const int64_t column = 5, width = 31;
    Buffer &lengths = c.input(FRNN_I32, LENGTHS);
    Buffer &x = c.input(type, c.uniform(T * N * K));
    Buffer &last = c.output(type, N * width);
    FrnnGatherLastParams gather{};
    gather.type = type;
    gather.T = T;
    gather.N = N;
    gather.K = K;
    gather.column = column;
    gather.width = width;
    gather.lengths = withLengths ? lengths.address() : 0;
    gather.x = x.address();
    gather.last = last.address();
    c.call(frnn_gather_last, gather);
    Buffer &dlast = c.input(type, c.uniform(N * width));
    std::vector<double> expected, scattered = x.host();
    for (int64_t n = 0; n < N; ++n) {
        const int64_t t = withLengths ? static_cast<int64_t>(LENGTHS[n]) - 1 : T - 1;
        for (int64_t k = 0; k < width; ++k) {
            expected.push_back(x.host()[(t * N + n) * K + column + k]);
            scattered[(t * N + n) * K + column + k] += dlast.host()[n * width + k];
        }
    }
    c.equal("last", last.get(), expected);
    FrnnScatterLastParams scatter{};
    scatter.type = type;
    scatter.T = T;
    scatter.N = N;
    scatter.K = K;
    scatter.column = column;
    scatter.width = width;
    scatter.lengths = gather.lengths;
    scatter.dlast = dlast.address();
    scatter.dx = x.address();
    c.call(frnn_scatter_last, scatter);
    c.close("dx", x, scattered, 0);
}

static void swapCase(Case &c, int32_t type) {
    Buffer &in = c.input(type, c.uniform(T * N * K, -50, 50));
    Buffer &out = c.output(type, T * N * K);
    FrnnSwapLeadingParams p{};
    p.type = type;
    p.A = T;
    p.B = N;
    p.K = K;
    p.in = in.address();
    p.out = out.address();
    c.call(frnn_swap_leading, p);
    std::vector<double> expected;
    for (int64_t n = 0; n < N; ++n) {
        for (int64_t t = 0; t < T; ++t) {
            for (int64_t k = 0; k < K; ++k) expected.push_back(in.host()[(t * N + n) * K + k]);
        }
    }
    c.equal("out", out.get(), expected);
}

void addSequenceTests() {
    for (int32_t type : {FRNN_F32, FRNN_BF16, FRNN_F16, FRNN_I32}) {
        const std::string name = typeName(type);
        add("mask " + name, [=](Case &c) { maskCase(c, type); });
        add("swap leading " + name, [=](Case &c) { swapCase(c, type); });
        if (type == FRNN_I32) continue;
        add("last step " + name, [=](Case &c) { lastCase(c, type, true); });
        add("last step without lengths " + name, [=](Case &c) { lastCase(c, type, false); });
    }
}

}  // namespace frnn::test
