// Host reference of one recurrent layer in double precision, for single samples: every equation is visible.
#pragma once

#include <math.h>
#include <stdint.h>
#include <string.h>

#include <functional>
#include <vector>

#include "fusedrnn_recurrence.h"

namespace bench {

// Values of a storage type. round() is what storing a value does to it.
struct Storage {
    int dtype; // FRNN_F32, FRNN_BF16 or FRNN_F16
    bool tf32 = false; // factors of products keep 10 bits behind the first

    size_t bytes() const { return dtype == FRNN_F32 ? 4 : 2; }

    // Round to nearest even on a grid of the type's precision and smallest exponent.
    double round(double x) const {
        if (x == 0 || !isfinite(x)) return x;
        const int digits = dtype == FRNN_F32 ? 24 : dtype == FRNN_BF16 ? 8 : 11;
        const int smallest = dtype == FRNN_F32 ? -149 : dtype == FRNN_BF16 ? -133 : -24;
        int exponent;
        frexp(x, &exponent);
        const int step = exponent - digits > smallest ? exponent - digits : smallest;
        return ldexp(nearbyint(ldexp(x, -step)), step);
    }

    // What becomes of a factor of a product; halves go away from zero.
    double factor(double x) const {
        if (!tf32 || x == 0 || !isfinite(x)) return x;
        int exponent;
        frexp(x, &exponent);
        return ldexp(::round(ldexp(x, 11 - exponent)), exponent - 11);
    }

    // The bytes of values, rounded.
    std::vector<uint8_t> encode(const std::vector<double> &values) const {
        std::vector<uint8_t> out(values.size() * bytes());
        for (size_t i = 0; i < values.size(); i++) {
            if (dtype == FRNN_F32) {
                const float f = float(values[i]);
                memcpy(&out[i * 4], &f, 4);
            } else {
                const uint16_t half = bits(values[i]);
                memcpy(&out[i * 2], &half, 2);
            }
        }
        return out;
    }

    std::vector<double> decode(const std::vector<uint8_t> &raw) const {
        std::vector<double> out(raw.size() / bytes());
        for (size_t i = 0; i < out.size(); i++) {
            if (dtype == FRNN_F32) {
                float f;
                memcpy(&f, &raw[i * 4], 4);
                out[i] = f;
            } else {
                uint16_t half;
                memcpy(&half, &raw[i * 2], 2);
                out[i] = value(half);
            }
        }
        return out;
    }

    // Of a 16-bit type.
    double value(uint16_t bits) const {
        if (dtype == FRNN_BF16) {
            const uint32_t wide = uint32_t(bits) << 16;
            float f;
            memcpy(&f, &wide, 4);
            return f;
        }
        const int sign = bits >> 15, exponent = bits >> 10 & 31, fraction = bits & 1023;
        double magnitude;
        if (exponent == 31) magnitude = fraction ? NAN : INFINITY;
        else if (exponent == 0) magnitude = ldexp(fraction, -24);
        else magnitude = ldexp(1024 + fraction, exponent - 25);
        return sign ? -magnitude : magnitude;
    }

    // In a 16-bit type, rounded.
    uint16_t bits(double x) const {
        if (isnan(x)) return 0x7fff;
        if (dtype == FRNN_BF16) {
            const float f = float(round(x));
            uint32_t wide;
            memcpy(&wide, &f, 4);
            return uint16_t(wide >> 16);
        }
        const double r = fabs(round(x));
        const uint16_t sign = signbit(x) ? 0x8000 : 0;
        if (r == 0) return sign;
        if (r > 65504) return uint16_t(sign | 0x7c00);
        int exponent;
        frexp(r, &exponent);
        if (exponent < -13) return uint16_t(sign | int(ldexp(r, 24)));
        return uint16_t(sign | (exponent + 14) << 10 | (int(ldexp(r, 11 - exponent)) & 1023));
    }
};

struct Layer {
    int cell, gates, hidden, steps, directions;
    float clip;
};

// One sample and direction: inputs [T][H][G] and so on in processing order of forward (step 0 is processed first).
struct Trace {
    int length;
    std::vector<double> gateInputs; // [length][H][G]
    std::vector<double> weights;    // [H][G][H]
    std::vector<double> biasN;      // [H]
    std::vector<double> hx, cx;     // [H]
    std::vector<double> dy;         // [length][H]
    std::vector<double> dhy, dcy;   // [H]
    std::vector<bool> keepH, keepC; // [length][H] or empty: where zoneout keeps the value of the step before

    std::vector<double> h, c;     // [length][H]
    std::vector<double> computed; // [length][H], c before zoneout
    std::vector<double> saved;    // [length][H][4]
    std::vector<double> dGates;   // [length][H][G]
    std::vector<double> dGatesH;  // [length][H][G]
    std::vector<double> dhx, dcx; // [H]
};

// Runs forward and backward. With `storage`, values are rounded where the engine stores them, else nowhere.
inline void run(const Layer &layer, Trace &t, const Storage *storage) {
    const int H = layer.hidden, G = layer.gates;
    auto stored = [&](double x) { return storage != nullptr ? storage->round(x) : x; };
    auto factor = [&](double x) { return storage != nullptr ? storage->factor(x) : x; };
    const auto rounded = [&](std::vector<double> values) {
        for (double &x : values) x = factor(x);
        return values;
    };
    const std::vector<double> weights = rounded(t.weights);
    auto sigmoid = [](double x) { return 1 / (1 + exp(-x)); };
    t.h.assign(size_t(t.length) * H, 0);
    t.c.assign(size_t(t.length) * H, 0);
    t.computed.assign(size_t(t.length) * H, 0);
    t.saved.assign(size_t(t.length) * H * 4, 0);
    t.dGates.assign(size_t(t.length) * H * G, 0);
    t.dGatesH.assign(size_t(t.length) * H * G, 0);
    auto stateBefore = [&](int s, int u) { return s > 0 ? t.h[size_t(s - 1) * H + u] : t.hx[u]; };
    auto cellBefore = [&](int s, int u) { return s > 0 ? t.c[size_t(s - 1) * H + u] : t.cx[u]; };

    auto kept = [&](const std::vector<bool> &keep, int s, int u) { return !keep.empty() && keep[size_t(s) * H + u]; };

    // Where c is read it counts within the limit; fmin and fmax would turn NaN into a number.
    auto atLimit = [&](double c) { return layer.clip > 0 && fabs(c) >= layer.clip; };
    auto limited = [&](double c) { return atLimit(c) ? copysign(double(layer.clip), c) : c; };

    std::vector<double> before(H), update(H);
    for (int s = 0; s < t.length; s++) {
        for (int u = 0; u < H; u++) before[u] = stateBefore(s, u);
        if (layer.cell == FRNN_GRU_RESET_BEFORE) {
            auto sumOf = [&](int u, int g, auto state) {
                double sum = t.gateInputs[(size_t(s) * H + u) * G + g];
                for (int k = 0; k < H; k++) sum += t.weights[(size_t(u) * G + g) * H + k] * state(k);
                return sum;
            };
            double *const saved = &t.saved[size_t(s) * H * 4];
            for (int u = 0; u < H; u++) {
                const double r = sigmoid(sumOf(u, 0, [&](int k) { return before[k]; }));
                update[u] = sigmoid(sumOf(u, 1, [&](int k) { return before[k]; }));
                saved[u * 4] = stored(r), saved[u * 4 + 1] = stored(update[u]), saved[u * 4 + 3] = stored(r * before[u]);
            }
            for (int u = 0; u < H; u++) {
                const double n = tanh(sumOf(u, 2, [&](int k) { return saved[k * 4 + 3]; }));
                saved[u * 4 + 2] = stored(n);
                t.h[size_t(s) * H + u] = stored((1 - update[u]) * n + update[u] * before[u]);
            }
            continue;
        }
        const std::vector<double> multiplied = rounded(before);
        for (int u = 0; u < H; u++) {
            double sum[4] = {};
            for (int g = 0; g < G; g++) {
                const double *row = &weights[(size_t(u) * G + g) * H];
                for (int k = 0; k < H; k++) sum[g] += row[k] * multiplied[k];
            }
            const double *x = &t.gateInputs[(size_t(s) * H + u) * G];
            double *saved = &t.saved[(size_t(s) * H + u) * 4];
            double &h = t.h[size_t(s) * H + u];
            if (layer.cell == FRNN_LSTM) {
                const double i = sigmoid(x[0] + sum[0]), f = sigmoid(x[1] + sum[1]), g = tanh(x[2] + sum[2]), o = sigmoid(x[3] + sum[3]);
                const double c = f * limited(cellBefore(s, u)) + i * g;
                t.computed[size_t(s) * H + u] = c;
                t.c[size_t(s) * H + u] = kept(t.keepC, s, u) ? cellBefore(s, u) : c;
                h = stored(o * tanh(limited(c)));
                saved[0] = stored(i), saved[1] = stored(f), saved[2] = stored(g), saved[3] = stored(o);
            } else if (layer.cell == FRNN_GRU_RESET_AFTER) {
                const double q = sum[2] + t.biasN[u], r = sigmoid(x[0] + sum[0]), z = sigmoid(x[1] + sum[1]), n = tanh(x[2] + r * q);
                h = stored((1 - z) * n + z * before[u]);
                saved[0] = stored(r), saved[1] = stored(z), saved[2] = stored(n), saved[3] = stored(q);
            } else {
                h = stored(layer.cell == FRNN_RNN_RELU ? fmax(0.0, x[0] + sum[0]) : tanh(x[0] + sum[0]));
            }
            if (kept(t.keepH, s, u)) h = before[u];
        }
    }

    std::vector<double> dh(t.dhy), dc(t.dcy), bypass(H);
    for (int s = t.length - 1; s >= 0; s--) {
        std::vector<double> through(H, 0.0);
        if (layer.cell == FRNN_GRU_RESET_BEFORE) {
            std::vector<double> dResetH(H, 0.0);
            auto carryOn = [&](int u, int g, std::vector<double> &to) {
                for (int k = 0; k < H; k++) to[k] += t.dGatesH[(size_t(s) * H + u) * G + g] * t.weights[(size_t(u) * G + g) * H + k];
            };
            auto set = [&](int u, int g, double gradient) {
                t.dGates[(size_t(s) * H + u) * G + g] = t.dGatesH[(size_t(s) * H + u) * G + g] = stored(gradient);
            };
            for (int u = 0; u < H; u++) {
                const double *saved = &t.saved[(size_t(s) * H + u) * 4], z = saved[1], n = saved[2], gradient = dh[u] + t.dy[size_t(s) * H + u];
                set(u, 1, gradient * (stateBefore(s, u) - n) * z * (1 - z));
                set(u, 2, gradient * (1 - z) * (1 - n * n));
                bypass[u] = gradient * z;
                carryOn(u, 2, dResetH);
            }
            for (int u = 0; u < H; u++) {
                const double r = t.saved[(size_t(s) * H + u) * 4];
                set(u, 0, dResetH[u] * stateBefore(s, u) * r * (1 - r));
                bypass[u] += dResetH[u] * r;
                for (int g = 0; g < 2; g++) carryOn(u, g, through);
            }
            for (int u = 0; u < H; u++) dh[u] = through[u] + bypass[u];
            continue;
        }
        for (int u = 0; u < H; u++) {
            const double *saved = &t.saved[(size_t(s) * H + u) * 4];
            double *d = &t.dGates[(size_t(s) * H + u) * G], *dH = &t.dGatesH[(size_t(s) * H + u) * G];
            const double whole = dh[u] + t.dy[size_t(s) * H + u], gradient = kept(t.keepH, s, u) ? 0 : whole;
            bypass[u] = kept(t.keepH, s, u) ? whole : 0;
            if (layer.cell == FRNN_LSTM) {
                const double i = saved[0], f = saved[1], g = saved[2], o = saved[3], c = t.computed[size_t(s) * H + u], tc = tanh(limited(c));
                const double passed = kept(t.keepC, s, u) ? dc[u] : 0, dCell = dc[u] - passed + (atLimit(c) ? 0 : gradient * o * (1 - tc * tc));
                d[0] = stored(dCell * g * i * (1 - i));
                d[1] = stored(dCell * limited(cellBefore(s, u)) * f * (1 - f));
                d[2] = stored(dCell * i * (1 - g * g));
                d[3] = stored(gradient * tc * o * (1 - o));
                dc[u] = passed + (atLimit(cellBefore(s, u)) ? 0 : dCell * f);
            } else if (layer.cell == FRNN_GRU_RESET_AFTER) {
                const double r = saved[0], z = saved[1], n = saved[2], q = saved[3], dn = gradient * (1 - z) * (1 - n * n);
                d[0] = stored(dn * q * r * (1 - r));
                d[1] = stored(gradient * (stateBefore(s, u) - n) * z * (1 - z));
                d[2] = stored(dn);
                bypass[u] += gradient * z;
                dH[2] = stored(dn * r);
            } else {
                const double y = t.h[size_t(s) * H + u];
                d[0] = stored(gradient * (layer.cell == FRNN_RNN_RELU ? (y > 0 ? 1.0 : 0.0) : 1 - y * y));
            }
            for (int g = 0; g < G; g++) {
                if (layer.cell != FRNN_GRU_RESET_AFTER || g < 2) dH[g] = d[g];
                const double *row = &weights[(size_t(u) * G + g) * H];
                for (int k = 0; k < H; k++) through[k] += factor(dH[g]) * row[k];
            }
        }
        for (int u = 0; u < H; u++) dh[u] = through[u] + bypass[u];
    }
    t.dhx = dh;
    t.dcx = dc;
}

} // namespace bench
