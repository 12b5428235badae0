#include "cell_reference.h"

#include <algorithm>
#include <cmath>

#include "common/philox.h"

namespace frnn::test {

static double sigma(double x) { return 1 / (1 + std::exp(-x)); }

static double dot(const double *row, const Values &h) {
    double sum = 0;
    for (size_t k = 0; k < h.size(); ++k) sum += row[k] * h[k];
    return sum;
}

// One unit's new value; c is updated for the LSTM.
static double unit(const Layer &l, int64_t d, int64_t u, const double *x, const Values &h, const Values &resetH, double &c) {
    const int64_t R = l.outputs(), G = l.gates();
    const double *w = l.wHh.data() + d * l.H * G * R;
    if (l.cell == FRNN_RNN_TANH) return std::tanh(x[0] + dot(w + u * R, h));
    if (l.cell == FRNN_RNN_RELU) return std::max(0.0, x[0] + dot(w + u * R, h));
    if (l.cell == FRNN_LSTM) {
        double a[4];
        for (int g = 0; g < 4; ++g) a[g] = x[g] + dot(w + (u * 4 + g) * R, h);
        const auto limited = [&](double value) { return l.clip > 0 ? std::min(l.clip, std::max(-l.clip, value)) : value; };
        c = sigma(a[1]) * limited(c) + sigma(a[0]) * std::tanh(a[2]);
        return sigma(a[3]) * std::tanh(limited(c));
    }
    const int64_t stride = l.cell == FRNN_GRU_RESET_AFTER ? 3 : 2;
    const double r = sigma(x[0] + dot(w + u * stride * R, h));
    const double z = sigma(x[1] + dot(w + (u * stride + 1) * R, h));
    const double n = l.cell == FRNN_GRU_RESET_AFTER ? std::tanh(x[2] + r * (dot(w + (u * 3 + 2) * R, h) + l.bHn[d * l.H + u]))
                                                    : std::tanh(x[2] + dot(w + (2 * l.H + u) * R, resetH));
    return (1 - z) * n + z * h[u];
}

// What a state becomes that was `before` and that the cell made `computed`.
static double zonedOut(const Layer &l, bool cell, int64_t d, int64_t row, int64_t units, int64_t u, double before, double computed) {
    const double p = cell ? l.cellZoneout : l.zoneout;
    if (p == 0) return computed;
    if (l.random.empty()) return p * before + (1 - p) * computed;
    const uint64_t element = static_cast<uint64_t>(row * units + u);
    const auto word = [&](int i) { return static_cast<uint32_t>(static_cast<int64_t>(l.random[i])); };
    const uint32_t stream = static_cast<uint32_t>(l.zoneoutStream + 2 * d + (cell ? 1 : 0));
    const PhiloxBlock block =
        philox(static_cast<uint32_t>(element >> 2), static_cast<uint32_t>(element >> 34), stream, word(2), word(0), word(1));
    return dropoutKeeps(block.word[element & 3], static_cast<float>(p)) ? computed : before;
}

static Values resetState(const Layer &l, int64_t d, const double *x, const Values &h) {
    Values out(h.size());
    const double *w = l.wHh.data() + d * l.H * 3 * l.H;
    for (int64_t u = 0; u < l.H; ++u) out[u] = sigma(x[u * 3] + dot(w + u * 2 * l.H, h)) * h[u];
    return out;
}

LayerResult forward(const Layer &l) {
    const int64_t R = l.outputs(), G = l.gates();
    LayerResult out{Values(static_cast<size_t>(l.T * l.N * l.D * R), 0), l.hx, l.cx};
    for (int64_t d = 0; d < l.D; ++d) {
        for (int64_t n = 0; n < l.N; ++n) {
            Values h(l.hx.begin() + (d * l.N + n) * R, l.hx.begin() + (d * l.N + n + 1) * R);
            double *c = out.cy.data() + (d * l.N + n) * l.H;
            for (int64_t step = 0; step < l.length(n); ++step) {
                const int64_t t = d == 0 ? step : l.length(n) - 1 - step;
                const double *x = l.gateInputs.data() + ((t * l.N + n) * l.D + d) * l.H * G;
                const Values resetH = l.cell == FRNN_GRU_RESET_BEFORE ? resetState(l, d, x, h) : Values();
                Values next(static_cast<size_t>(l.H));
                double unused = 0;
                const int64_t row = t * l.N + n;
                for (int64_t u = 0; u < l.H; ++u) {
                    const double before = c[u];
                    next[u] = unit(l, d, u, x + u * G, h, resetH, l.cell == FRNN_LSTM ? c[u] : unused);
                    c[u] = zonedOut(l, true, d, row, l.H, u, before, c[u]);
                }
                if (l.P != 0) {
                    Values projected;
                    for (int64_t p = 0; p < l.P; ++p) projected.push_back(dot(l.wHr.data() + (d * l.P + p) * l.H, next));
                    next = projected;
                }
                for (int64_t r = 0; r < R; ++r) h[r] = zonedOut(l, false, d, row, R, r, h[r], next[r]);
                std::copy(h.begin(), h.end(), out.y.begin() + (t * l.N + n) * l.D * R + d * R);
            }
            std::copy(h.begin(), h.end(), out.hy.begin() + (d * l.N + n) * R);
        }
    }
    return out;
}

static double weighted(const Values &values, const Values &weights) {
    double sum = 0;
    for (size_t i = 0; i < values.size(); ++i) sum += values[i] * weights[i];
    return sum;
}

double loss(const Layer &layer, const Values &wy, const Values &why, const Values &wcy) {
    const LayerResult result = forward(layer);
    return weighted(result.y, wy) + weighted(result.hy, why) + (layer.cell == FRNN_LSTM ? weighted(result.cy, wcy) : 0);
}

}  // namespace frnn::test
