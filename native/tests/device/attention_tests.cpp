#include <algorithm>
#include <cmath>

#include "harness.h"

namespace frnn::test {

namespace {

struct Sizes {
    int64_t S, N, A, F;
};

// The formulas in double on the host, which gradients() differentiates by hand.
struct Attention {
    Sizes z;
    std::vector<double> query, keys, weight, values, lengths;
    std::vector<double> shares, context;

    double activation(int64_t s, int64_t n, int64_t a) const { return std::tanh(query[n * z.A + a] + keys[(s * z.N + n) * z.A + a]); }

    int64_t length(int64_t n) const { return std::clamp<int64_t>(static_cast<int64_t>(lengths[n]), 0, z.S); }

    void run() {
        shares.assign(z.S * z.N, 0);
        context.assign(z.N * z.F, 0);
        for (int64_t n = 0; n < z.N; ++n) {
            double sum = 0;
            for (int64_t s = 0; s < length(n); ++s) {
                double score = 0;
                for (int64_t a = 0; a < z.A; ++a) score += weight[a] * activation(s, n, a);
                sum += shares[s * z.N + n] = std::exp(score);
            }
            for (int64_t s = 0; s < length(n); ++s) {
                shares[s * z.N + n] /= sum;
                for (int64_t f = 0; f < z.F; ++f) context[n * z.F + f] += shares[s * z.N + n] * values[(s * z.N + n) * z.F + f];
            }
        }
    }
};

}  // namespace

static Attention drawn(Case &c, const Sizes &z) {
    std::vector<double> lengths = c.integers(z.N, 1, z.S);
    if (z.N > 2) lengths[1] = 0;
    if (z.N > 3) lengths[2] = static_cast<double>(z.S + 5);
    return {z, c.uniform(z.N * z.A), c.uniform(z.S * z.N * z.A), c.uniform(z.A), c.uniform(z.S * z.N * z.F), lengths, {}, {}};
}

template <typename P>
static P inputs(Case &c, int32_t type, Attention &attention) {
    auto put = [&](std::vector<double> &values) {
        Buffer &buffer = c.input(type, values);
        values = buffer.host();
        return buffer.address();
    };
    P p{};
    p.type = type;
    p.S = attention.z.S;
    p.N = attention.z.N;
    p.A = attention.z.A;
    p.F = attention.z.F;
    p.query = put(attention.query);
    p.keys = put(attention.keys);
    p.weight = put(attention.weight);
    p.values = put(attention.values);
    p.lengths = c.input(FRNN_I32, attention.lengths).address();
    return p;
}

static void forwardCase(Case &c, int32_t type, const Sizes &z) {
    Attention attention = drawn(c, z);
    auto p = inputs<FrnnAttentionParams>(c, type, attention);
    Buffer &shares = c.output(FRNN_F32, z.S * z.N);
    Buffer &context = c.output(type, z.N * z.F);
    p.shares = shares.address();
    p.context = context.address();
    c.call(frnn_attention, p);
    attention.run();
    c.close("shares", shares, attention.shares, 4e-6);
    c.close("context", context, attention.context, 4e-6);
}

static void backwardCase(Case &c, int32_t type, const Sizes &z) {
    Attention attention = drawn(c, z);
    auto p = inputs<FrnnAttentionBackwardParams>(c, type, attention);
    attention.run();
    Buffer &shares = c.input(FRNN_F32, attention.shares);
    Buffer &dContext = c.input(type, c.uniform(z.N * z.F));
    Buffer &dKeys = c.input(FRNN_F32, c.uniform(z.S * z.N * z.A));
    Buffer &dWeight = c.input(FRNN_F32, c.uniform(z.N * z.A));
    Buffer &dValues = c.input(FRNN_F32, c.uniform(z.S * z.N * z.F));
    Buffer &dScores = c.input(FRNN_F32, std::vector<double>(z.S * z.N, 0));
    Buffer &dQuery = c.output(type, z.N * z.A);
    p.shares = shares.address();
    p.dContext = dContext.address();
    p.dScores = dScores.address();
    p.dQuery = dQuery.address();
    p.dKeys = dKeys.address();
    p.dWeight = dWeight.address();
    p.dValues = dValues.address();
    c.call(frnn_attention_backward, p);
    std::vector<double> query(z.N * z.A), keys = dKeys.host(), weight = dWeight.host(), values = dValues.host(), scores(z.S * z.N);
    for (int64_t n = 0; n < z.N; ++n) {
        double mean = 0;
        for (int64_t s = 0; s < attention.length(n); ++s) {
            const int64_t at = s * z.N + n;
            for (int64_t f = 0; f < z.F; ++f) {
                scores[at] += dContext.host()[n * z.F + f] * attention.values[at * z.F + f];
                values[at * z.F + f] += attention.shares[at] * dContext.host()[n * z.F + f];
            }
            mean += attention.shares[at] * scores[at];
        }
        for (int64_t s = 0; s < attention.length(n); ++s) {
            const int64_t at = s * z.N + n;
            scores[at] = attention.shares[at] * (scores[at] - mean);
            for (int64_t a = 0; a < z.A; ++a) {
                const double t = attention.activation(s, n, a);
                const double gradient = scores[at] * attention.weight[a] * (1 - t * t);
                keys[at * z.A + a] += gradient;
                query[n * z.A + a] += gradient;
                weight[n * z.A + a] += scores[at] * t;
            }
        }
    }
    c.close("dScores", dScores, scores, 1e-5);
    c.close("dQuery", dQuery, query, 1e-5);
    c.close("dKeys", dKeys, keys, 1e-5);
    c.close("dWeight", dWeight, weight, 1e-5);
    c.close("dValues", dValues, values, 1e-5);
}

void addAttentionTests() {
    const Sizes shapes[] = {{1, 1, 1, 1}, {7, 5, 13, 11}, {37, 3, 67, 301}, {300, 2, 3, 5}};
    for (int32_t type : FLOATING) {
        for (const Sizes &z : shapes) {
            const std::string name = std::string(typeName(type)) + " S" + std::to_string(z.S) + " N" + std::to_string(z.N);
            add("attention " + name, [=](Case &c) { forwardCase(c, type, z); });
            add("attention backward " + name, [=](Case &c) { backwardCase(c, type, z); });
        }
    }
}

}  // namespace frnn::test
