// What the kernels computed against the host reference.
#pragma once

#include <algorithm>
#include <cmath>
#include <sstream>
#include <string>
#include <thread>

#include "common/philox.h"
#include "tensors.h"

namespace bench {

// Error of the kernel against that of a reference that rounds like the storage type, both measured from exact arithmetic.
struct Comparison {
    const char *name;
    double resolution; // of the kernel's arithmetic where that is coarser than a rounding of the stored value
    bool sameRounding = false; // whether the kernel rounds where and as the reference does, but for values near a half
    size_t count = 0;
    double kernel = 0, rounded = 0, apart = 0, size = 0, worst = 0, worstRounded = 0;
    bool finite = true;

    void add(double found, double roundedValue, double exact) {
        if (!std::isfinite(found)) finite = false;
        const double e = fabs(found - exact), r = fabs(roundedValue - exact);
        kernel += e * e;
        rounded += r * r;
        apart += (found - roundedValue) * (found - roundedValue);
        size += exact * exact;
        worst = std::max(worst, e);
        worstRounded = std::max(worstRounded, r);
        count++;
    }
    double relative() const { return sqrt(kernel / std::max(size, 1e-30)); }
    // Twice the rounding reference's error, and what the arithmetic adds to that. Where the kernel rounds alike, it has not only as large
    // an error but nearly the same: one that cuts off bits where it should round would have up to twice the error.
    bool good() const {
        if (count == 0) return true;
        const double rms = sqrt(size / double(count)), slack = rms * resolution;
        const bool mean = sqrt(kernel / double(count)) <= 2 * sqrt(rounded / double(count)) + slack;
        const bool near = !sameRounding || sqrt(apart / double(count)) <= 0.75 * sqrt(rounded / double(count)) + slack;
        return finite && mean && near && worst <= 3 * worstRounded + 8 * slack;
    }
};

inline size_t timeOf(size_t direction, size_t step, size_t length) { return direction == 0 ? step : length - 1 - step; }

inline Trace weightsOf(const Case &c, const Tensors &t, size_t d) {
    const size_t H = size_t(c.H), count = H * size_t(c.gates) * H;
    Trace trace;
    trace.weights.assign(t.host.weights.begin() + long(d * count), t.host.weights.begin() + long((d + 1) * count));
    trace.biasN.assign(t.host.biasN.begin() + long(d * H), t.host.biasN.begin() + long((d + 1) * H));
    return trace;
}

// The tensors of one sample and direction; `base` has the weights.
inline Trace traceOf(const Case &c, const Tensors &t, const Trace &base, size_t d, size_t n) {
    const size_t H = size_t(c.H), G = size_t(c.gates), N = size_t(c.N), D = size_t(c.D);
    Trace trace = base;
    trace.length = t.host.lengths[n];
    const size_t length = size_t(trace.length);
    for (size_t s = 0; s < length; s++) {
        for (size_t u = 0; u < H; u++) {
            const size_t cell = ((timeOf(d, s, length) * N + n) * D + d) * H + u;
            for (size_t g = 0; g < G; g++) trace.gateInputs.push_back(t.host.gateInputs[cell * G + g]);
            trace.dy.push_back(t.host.dy[cell]);
            if (c.zoneout == 0) continue;
            const uint64_t element = (timeOf(d, s, length) * N + n) * H + u;
            auto kept = [&](float probability, uint32_t stream) {
                const auto block = frnn::philox(uint32_t(element / 4), uint32_t(element / 4 >> 32), stream, t.kRandom[2], t.kRandom[0], t.kRandom[1]);
                return !frnn::dropoutKeeps(block.word[element % 4], probability);
            };
            trace.keepH.push_back(kept(c.zoneout, uint32_t(t.kZoneoutStream + 2 * d)));
            trace.keepC.push_back(kept(c.cellZoneout, uint32_t(t.kZoneoutStream + 2 * d + 1)));
        }
    }
    for (size_t u = 0; u < H; u++) {
        const size_t state = (d * N + n) * H + u;
        trace.hx.push_back(t.host.hx[state]);
        trace.cx.push_back(t.host.cx[state]);
        trace.dhy.push_back(t.host.dhy[state]);
        trace.dcy.push_back(t.host.dcy[state]);
    }
    return trace;
}

// The resolution of the kernels' arithmetic: 16-bit kernels squash with tanh.approx (2^-11); F32 sums of hundreds of products
// are off by some roundings.
inline double resolutionOf(const Case &c) { return ldexp(1, c.dtype == FRNN_F32 ? -20 : -11); }

// Whether the kernel and exact arithmetic agree which cells of a sample are beyond the limit. Where they do not, because one is
// within an error's width of it, a gradient passes in one of them and not in the other.
inline bool sameCellsLimited(const Case &c, const Trace &exact, size_t d, size_t n, const std::vector<float> &savedCells) {
    if (c.clip <= 0) return true;
    const size_t H = size_t(c.H), N = size_t(c.N), D = size_t(c.D), length = size_t(exact.length);
    for (size_t s = 0; s < length; s++) {
        for (size_t u = 0; u < H; u++) {
            const float found = savedCells[((timeOf(d, s, length) * N + n) * D + d) * H + u];
            if ((fabs(found) >= c.clip) != (fabs(exact.c[s * H + u]) >= c.clip)) return false;
        }
    }
    return true;
}

inline bool compare(const Case &c, Tensors &t, unsigned seed, std::string &line) {
    const Storage storage = t.storage;
    const Layer layer{c.cell, c.gates, int(c.H), int(c.T), int(c.D), c.clip};
    const size_t H = size_t(c.H), G = size_t(c.gates), N = size_t(c.N), D = size_t(c.D), T = size_t(c.T);
    const auto y = t.get(t.y), hy = t.get(t.hy), cy = t.get(t.cy), saved = t.get(t.savedGates);
    const auto savedCells = t.savedCells.get<float>();
    const auto dGates = t.get(t.dGates), dGatesH = t.get(t.dGatesH), first = t.get(t.dGatesFirst);
    const auto dhx = t.get(t.dhx), dcx = t.get(t.dcx);
    const auto reset = t.get(t.savedReset);
    const bool lstm = c.cell == FRNN_LSTM, gru = c.gru();

    std::vector<size_t> samples = {0, N - 1, N / 2};
    std::mt19937 random(seed);
    samples.push_back(random() % N);
    std::sort(samples.begin(), samples.end());
    samples.erase(std::unique(samples.begin(), samples.end()), samples.end());

    const double resolution = resolutionOf(c);
    const auto comparison = [&](const char *name) { return Comparison{name, resolution, c.tf32}; };
    Comparison yC = comparison("y"), hyC = comparison("hy"), cyC = comparison("cy"), gatesC = comparison("saved"), cellsC = comparison("cells"), resetC = comparison("reset");
    Comparison dC = comparison("dGates"), dHC = comparison("dGatesH"), firstC = comparison("first"), dhxC = comparison("dhx"), dcxC = comparison("dcx");
    struct Job {
        size_t d, n;
        Trace exact, rounded;
    };
    std::vector<Job> jobs;
    auto cellOf = [&](size_t time, size_t n, size_t d, size_t u) { return ((time * N + n) * D + d) * H + u; };
    // Gate g of a unit in a row of the recurrent side that begins with unit 0.
    auto recurrentOf = [&](size_t row, size_t u, size_t g) { return row * G + size_t(c.recurrentRow(int64_t(u), int64_t(g))); };
    for (size_t d = 0; d < D; d++) {
        const Trace base = weightsOf(c, t, d);
        for (size_t n : samples) {
            const Trace trace = traceOf(c, t, base, d, n);
            jobs.push_back({d, n, trace, trace});
        }
    }
    std::vector<std::thread> threads;
    for (Job &job : jobs) {
        threads.emplace_back([&layer, &job] { bench::run(layer, job.exact, nullptr); });
        threads.emplace_back([&layer, &job, &storage] { bench::run(layer, job.rounded, &storage); });
    }
    for (std::thread &thread : threads) thread.join();

    bool zerosBehind = true;
    for (const Job &job : jobs) {
        const size_t d = job.d, n = job.n, length = size_t(job.exact.length);
        const Trace &exact = job.exact, &rounded = job.rounded;
        const bool gradients = sameCellsLimited(c, exact, d, n, savedCells) && sameCellsLimited(c, rounded, d, n, savedCells);
        for (size_t s = 0; s < T; s++) {
            const bool valid = s < length;
            for (size_t u = 0; u < H; u++) {
                const size_t cell = cellOf(valid ? timeOf(d, s, length) : s, n, d, u), local = s * H + u;
                if (!valid) {
                    if (y[cell] != 0 || (c.resetsBefore() && reset[cell] != 0)) zerosBehind = false;
                    for (size_t g = 0; g < G; g++) {
                        if (dGates[cell * G + g] != 0 || (gru && dGatesH[recurrentOf(cell - u, u, g)] != 0)) zerosBehind = false;
                    }
                    continue;
                }
                yC.add(y[cell], rounded.h[local], exact.h[local]);
                for (size_t g = 0; g < size_t(c.savedGates); g++) {
                    gatesC.add(saved[cell * 4 + g], rounded.saved[local * 4 + g], exact.saved[local * 4 + g]);
                }
                if (c.resetsBefore()) resetC.add(reset[cell], rounded.saved[local * 4 + 3], exact.saved[local * 4 + 3]);
                if (lstm) cellsC.add(savedCells[cell], rounded.c[local], exact.c[local]);
                for (size_t g = 0; g < G && gradients; g++) {
                    dC.add(dGates[cell * G + g], rounded.dGates[local * G + g], exact.dGates[local * G + g]);
                    if (gru) dHC.add(dGatesH[recurrentOf(cell - u, u, g)], rounded.dGatesH[local * G + g], exact.dGatesH[local * G + g]);
                }
            }
        }
        for (size_t u = 0; u < H; u++) {
            const size_t state = (d * N + n) * H + u, last = (length - 1) * H + u;
            hyC.add(hy[state], rounded.h[last], exact.h[last]);
            if (gradients) dhxC.add(dhx[state], storage.round(rounded.dhx[u]), exact.dhx[u]);
            for (size_t g = 0; g < G && gradients; g++) {
                firstC.add(first[recurrentOf(state - u, u, g)], rounded.dGatesH[u * G + g], exact.dGatesH[u * G + g]);
            }
            if (!lstm) continue;
            cyC.add(cy[state], storage.round(rounded.c[last]), exact.c[last]);
            if (gradients) dcxC.add(dcx[state], storage.round(rounded.dcx[u]), exact.dcx[u]);
        }
    }

    bool good = zerosBehind;
    std::ostringstream out;
    if (!zerosBehind) out << " NOT-ZERO-BEHIND-LENGTH";
    if (dC.count == 0) {
        good = false;
        out << " NO-GRADIENTS-COMPARED";
    }
    size_t values = 0;
    for (const Comparison &k : {yC, hyC, cyC, gatesC, cellsC, resetC, dC, dHC, firstC, dhxC, dcxC}) {
        values += k.count;
        if (k.good()) continue;
        good = false;
        char text[200];
        snprintf(text, sizeof text, " WRONG-%s(rel %.2e, rounding %.2e, apart %.2e, worst %.2e/%.2e%s)", k.name, k.relative(),
                 sqrt(k.rounded / std::max(k.size, 1e-30)), sqrt(k.apart / std::max(k.size, 1e-30)), k.worst, k.worstRounded, k.finite ? "" : ", not finite");
        out << text;
    }
    // Poison is NaN in every type: what is left of it was never written.
    const struct {
        const char *name;
        const std::vector<double> *values;
        bool written;
    } all[] = {{"y", &y, true}, {"hy", &hy, true}, {"cy", &cy, lstm}, {"dGates", &dGates, true}, {"dGatesH", &dGatesH, gru},
               {"first", &first, true}, {"dhx", &dhx, true}, {"dcx", &dcx, lstm}, {"reset", &reset, c.resetsBefore()}, {"saved", &saved, c.savedGates > 0 && !c.lengths}};
    for (const auto &v : all) {
        const size_t left = size_t(std::count_if(v.values->begin(), v.values->end(), [](double x) { return std::isnan(x); }));
        if (left > 0 && v.written) {
            good = false;
            out << " UNWRITTEN-" << v.name << "(" << left << ")";
        }
    }
    for (Buffer *b : t.outputs()) {
        if (!b->guardIntact()) {
            good = false;
            out << " WROTE-BEHIND-END";
        }
    }
    if (t.error.get<uint32_t>()[0] != 0) {
        good = false;
        out << " ERROR-WORD " << t.error.get<uint32_t>()[0];
    }
    char text[160];
    snprintf(text, sizeof text, "rel.err y %.1e dGates %.1e dhx %.1e (%zu values)", yC.relative(), dC.relative(), dhxC.relative(), values);
    line = text + out.str();
    return good;
}

// A NaN in one gate input reaches all units of its sample and direction, and nothing else. `y`: without it.
inline bool nanStaysWithItsSample(const Case &c, Runner &runner, Tensors &t, const std::vector<double> &y) {
    if (c.lengths || c.T < 3 || c.zoneout > 0) return true; // a unit that is kept stays a number
    auto inputs = t.host.gateInputs;
    const size_t row = size_t(c.D * c.H), poisoned = size_t(c.N / 2); // direction 0
    inputs[(size_t(c.N) + poisoned) * row * c.gates + size_t(c.H / 2) * c.gates] = NAN;
    t.set(t.gateInputs, inputs);
    runner.forward(t, false, c.T);
    CUDA(cudaDeviceSynchronize());
    t.set(t.gateInputs, t.host.gateInputs);
    const auto found = t.get(t.y);
    for (size_t i = 0; i < y.size(); i++) {
        const size_t time = i / row / size_t(c.N), sample = i / row % size_t(c.N), unit = i % row;
        // Of a reset before the product all units see it in the same step.
        const bool reached = time > 1 || (time == 1 && (c.resetsBefore() || unit == size_t(c.H / 2)));
        const bool hit = sample == poisoned && unit < size_t(c.H) && reached;
        if (hit ? !std::isnan(found[i]) : found[i] != y[i]) return false;
    }
    return true;
}

// An infinite initial state of one unit gives its sample what exact arithmetic gives, and touches no other. `y`: without it.
// Not for ReLU, whose states are not finite from there on.
inline bool infinityStaysWithItsSample(const Case &c, Runner &runner, Tensors &t, const std::vector<double> &y) {
    if (c.cell == FRNN_RNN_RELU) return true;
    const size_t H = size_t(c.H), N = size_t(c.N), D = size_t(c.D), infinite = N / 2; // direction 0
    const auto hx = t.host.hx;
    t.host.hx[infinite * H + H - 1] = INFINITY;
    Trace exact = traceOf(c, t, weightsOf(c, t, 0), 0, infinite), rounded = exact;
    t.set(t.hx, t.host.hx);
    t.host.hx = hx;
    t.y.poison();
    runner.forward(t, false, c.T);
    CUDA(cudaDeviceSynchronize());
    t.set(t.hx, hx);
    const auto found = t.get(t.y);
    const Layer layer{c.cell, c.gates, int(c.H), int(c.T), int(c.D), c.clip};
    bench::run(layer, exact, nullptr);
    bench::run(layer, rounded, &t.storage);
    Comparison values{"y", resolutionOf(c), c.tf32};
    for (size_t i = 0; i < y.size(); i++) {
        const size_t time = i / (N * D * H), n = i / (D * H) % N, d = i / H % D, local = time * H + i % H;
        if (n != infinite || d != 0 || time >= size_t(exact.length)) {
            if (found[i] != y[i]) return false;
        } else if (std::isfinite(exact.h[local]) && std::isfinite(rounded.h[local])) {
            values.add(found[i], rounded.h[local], exact.h[local]);
        } else if (std::isfinite(found[i])) {
            return false;
        }
    }
    return values.good();
}

inline bool repeat(Runner &runner, Tensors &t, int64_t steps, int times, std::string &line) {
    std::vector<std::vector<uint8_t>> first;
    for (int i = 0; i < times; i++) {
        for (Buffer *b : t.outputs()) b->poison();
        runner.forward(t, true, steps);
        runner.backward(t, steps);
        CUDA(cudaDeviceSynchronize());
        size_t index = 0;
        for (Buffer *b : t.outputs()) {
            auto bytes = b->get<uint8_t>();
            if (i == 0) first.push_back(std::move(bytes));
            else if (bytes != first[index]) {
                line += " DIFFERENT-BITS in run " + std::to_string(i) + " output " + std::to_string(index);
                return false;
            }
            index++;
        }
    }
    line += " " + std::to_string(times) + " runs bit-equal";
    return true;
}

} // namespace bench
