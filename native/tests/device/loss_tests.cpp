#include <algorithm>
#include <cmath>

#include "harness.h"

namespace frnn::test {

struct Expected {
    std::vector<double> losses, gradient, best;
};

static Expected crossEntropy(const std::vector<double> &logits, const std::vector<double> &targets, int64_t V, int64_t stride, double scale) {
    Expected out;
    out.gradient = logits;
    for (size_t m = 0; m < targets.size(); ++m) {
        const double *row = logits.data() + m * stride;
        const int64_t target = static_cast<int64_t>(targets[m]);
        const bool counts = target >= 0 && target < V;
        const double maximum = *std::max_element(row, row + V);
        double sum = 0;
        for (int64_t v = 0; v < V; ++v) sum += std::exp(row[v] - maximum);
        out.losses.push_back(counts ? std::log(sum) + maximum - row[target] : 0);
        out.best.push_back(static_cast<double>(std::max_element(row, row + V) - row));
        for (int64_t v = 0; v < V; ++v) {
            const double softmax = std::exp(row[v] - maximum) / sum;
            out.gradient[m * stride + v] = counts ? (softmax - (v == target ? 1 : 0)) * scale : 0;
        }
    }
    return out;
}

static void lossCase(Case &c, int32_t type, int64_t M, int64_t V, int64_t stride, double spread, bool gradient) {
    Buffer &logits = c.input(type, c.uniform(M * stride, -spread, spread));
    std::vector<double> ids = c.integers(M, 0, V - 1);
    for (int64_t m = 2; m < M; m += 5) ids[m] = -1;
    if (M > 7) ids[7] = static_cast<double>(V);
    Buffer &targets = c.input(FRNN_I32, ids);
    Buffer &losses = c.output(FRNN_F32, M);
    Buffer &best = c.output(FRNN_I32, M);
    Buffer &error = c.input(FRNN_I32, {0});
    Buffer &scale = c.input(FRNN_F32, {0.37});
    FrnnCrossEntropyParams p{};
    p.type = type;
    p.M = M;
    p.V = V;
    p.stride = stride;
    p.logits = logits.address();
    p.targets = targets.address();
    p.losses = losses.address();
    p.best = best.address();
    p.gradientScale = gradient ? scale.address() : 0;
    p.error = error.address();
    const Expected expected = crossEntropy(logits.host(), ids, V, stride, scale.host()[0]);
    c.call(frnn_cross_entropy, p);
    c.close("losses", losses, expected.losses, 4e-6);
    c.equal("best", best.get(), expected.best);
    c.equal("error", error.get(), {M > 7 ? 1.0 * FRNN_WORD_INDEX : 0.0});
    if (gradient) c.close("gradient", logits, expected.gradient, 1e-6);
    else c.equal("logits", logits.get(), logits.host());
}

static void specialCase(Case &c) {
    // Rows: with -inf entries, with a NaN, with +inf, all -inf.
    const double inf = INFINITY;
    Buffer &logits = c.input(FRNN_F32, {0, -inf, 1, NAN, 0, 1, inf, 0, 0, -inf, -inf, -inf});
    Buffer &targets = c.input(FRNN_I32, {2, 1, 1, 0});
    Buffer &losses = c.output(FRNN_F32, 4);
    FrnnCrossEntropyParams p{};
    p.M = 4;
    p.V = p.stride = 3;
    p.logits = logits.address();
    p.targets = targets.address();
    p.losses = losses.address();
    c.call(frnn_cross_entropy, p);
    const std::vector<double> got = losses.get();
    c.close("with -inf", {got[0]}, {std::log(1 + std::exp(-1.0))}, 1e-6, 1e-6);
    c.equal("not a number", {std::isnan(got[1]) ? 1.0 : 0.0, std::isfinite(got[2]) ? 1.0 : 0.0, std::isnan(got[3]) ? 1.0 : 0.0}, {1, 0, 1});
}

static void penaltyCase(Case &c, int32_t type, int64_t T, int64_t K, float activity, float change) {
    Buffer &y = c.input(type, c.uniform(T * K));
    Buffer &dy = c.input(type, c.uniform(T * K));
    const std::vector<double> before = dy.host();
    Buffer &scale = c.input(FRNN_F32, {0.75});
    Buffer &loss = c.input(FRNN_F32, {2.5});
    Buffer &workspace = c.workspace(frnn_activity_penalty_workspace(T, K));
    FrnnActivityPenaltyParams p{};
    p.type = type;
    p.activity = activity;
    p.change = change;
    p.T = T;
    p.K = K;
    p.y = y.address();
    p.gradientScale = scale.address();
    p.dy = dy.address();
    p.loss = loss.address();
    p.workspace = workspace.address();
    Buffer &counters = c.counters();
    p.counters = counters.address();
    c.call(frnn_activity_penalty, p);
    c.equal("counters", counters.get(), counters.host());
    const std::vector<double> &h = y.host();
    double sum = 2.5;
    std::vector<double> expected;
    for (int64_t i = 0; i < T * K; ++i) {
        const double fromBefore = i >= K ? h[i] - h[i - K] : 0;
        const double toNext = i + K < T * K ? h[i + K] - h[i] : 0;
        sum += activity * h[i] * h[i] + change * fromBefore * fromBefore;
        expected.push_back(before[i] + 0.75 * 2 * (activity * h[i] + change * (fromBefore - toNext)));
    }
    c.close("dy", dy, expected, 4e-6);
    c.close("loss", loss, {sum}, 1e-6 * sum);
}

void addLossTests() {
    const int64_t shapes[][3] = {{1, 1, 1}, {19, 7, 7}, {203, 65, 72}, {61, 513, 513}, {33, 10007, 10007}, {5000, 3, 3}};
    for (int32_t type : FLOATING) {
        for (const auto &shape : shapes) {
            const int64_t M = shape[0], V = shape[1], stride = shape[2];
            const std::string name = std::string(typeName(type)) + " " + std::to_string(M) + "x" + std::to_string(V);
            add("cross-entropy " + name, [=](Case &c) { lossCase(c, type, M, V, stride, 8, true); });
            add("cross-entropy of large logits " + name, [=](Case &c) { lossCase(c, type, M, V, stride, 3e4, false); });
        }
    }
    for (int32_t type : FLOATING) {
        const std::string name = typeName(type);
        add("activity penalty " + name, [=](Case &c) { penaltyCase(c, type, 37, 1009, 2, 1); });
        add("activity penalty on outputs " + name, [=](Case &c) { penaltyCase(c, type, 1, 7, 0.5f, 0); });
        add("activity penalty on changes " + name, [=](Case &c) { penaltyCase(c, type, 70, 8009, 0, 0.25f); });
    }
    add("cross-entropy special values", specialCase);
    add("target scale", [](Case &c) {
        Buffer &targets = c.input(FRNN_I32, c.integers(1003, -1, 1));
        Buffer &scale = c.output(FRNN_F32, 1);
        FrnnTargetScaleParams p{};
        p.numerator = 8;
        p.M = 1003;
        p.targets = targets.address();
        p.scale = scale.address();
        c.call(frnn_target_scale, p);
        const auto count = std::count_if(targets.host().begin(), targets.host().end(), [](double t) { return t >= 0; });
        c.close("scale", scale, {8.0 / static_cast<double>(count)});
        p.M = 0;
        c.call(frnn_target_scale, p);
        c.equal("empty", scale.get(), {8});
    });
}

}  // namespace frnn::test
