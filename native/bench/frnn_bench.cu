// Checks the persistent recurrence kernels against a host reference and times them.
//
//   frnn_bench [--check-only] [--repeat R] [--no-check] [--tiles F B] [--samples S] [--scale X] [--state X] [--list FILE] [CELL DTYPE N T H D LENGTHS CLIP]...
//
// A case is eight words: cell lstm|gru|tanh|relu, dtype bf16|f16, N, T, H, D, LENGTHS 0|1 (random lengths), CLIP (0 = none).
// A list holds one case per line; lines that begin with # are skipped. The check takes the first min(T, 24) steps, compares
// all units and steps of some samples and looks for poison in all outputs. --repeat wants equal bits from R runs. --tiles
// and --samples override the plan: indices into the tables of cluster_tiles.h or chip_tiles.h for forward and backward, samples per cluster.
// --scale: gate inputs are uniform in +-X (1.5); 1e20 saturates every gate. --state: hx is uniform in +-X (0.9). Exit code 1
// on any failure.
#include <cuda_runtime.h>
#include <stdio.h>
#include <stdlib.h>

#include <algorithm>
#include <fstream>
#include <random>
#include <sstream>
#include <string>
#include <thread>

#include "common/launch.cuh"
#include "reference.h"

namespace {

using bench::Layer;
using bench::Storage;
using bench::Trace;

void check(cudaError_t status, const char *what, int line) {
    if (status == cudaSuccess) return;
    printf("FAIL cuda: %s at line %d: %s\n", what, line, cudaGetErrorString(status));
    fflush(stdout);
    exit(1);
}
#define CUDA(call) check(call, #call, __LINE__)

void must(int32_t status, const FrnnMessage &message, const char *what) {
    if (status == FRNN_OK) return;
    printf("FAIL %s: status %d: %s\n", what, status, message.text);
    fflush(stdout);
    exit(1);
}

constexpr size_t kGuard = 256;

// Device memory between the end of a tensor and kGuard bytes behind it that nobody may write.
class Buffer {
public:
    explicit Buffer(size_t bytes) : bytes_(bytes) {
        CUDA(cudaMalloc(&data_, bytes + kGuard));
        CUDA(cudaMemset(data_, 0xff, bytes + kGuard));
    }
    Buffer(const Buffer &) = delete;
    ~Buffer() { cudaFree(data_); }
    uint64_t address() const { return uint64_t(uintptr_t(data_)); }
    void poison() { CUDA(cudaMemset(data_, 0xff, bytes_)); }
    template <class T>
    void set(const std::vector<T> &v) {
        CUDA(cudaMemcpy(data_, v.data(), v.size() * sizeof(T), cudaMemcpyHostToDevice));
    }
    template <class T>
    std::vector<T> get() const {
        std::vector<T> v(bytes_ / sizeof(T));
        CUDA(cudaMemcpy(v.data(), data_, v.size() * sizeof(T), cudaMemcpyDeviceToHost));
        return v;
    }
    bool guardIntact() const {
        std::vector<uint8_t> guard(kGuard);
        CUDA(cudaMemcpy(guard.data(), static_cast<char *>(data_) + bytes_, kGuard, cudaMemcpyDeviceToHost));
        return std::all_of(guard.begin(), guard.end(), [](uint8_t b) { return b == 0xff; });
    }

private:
    void *data_ = nullptr;
    size_t bytes_;
};

struct Override {
    int tiles[2] = {-1, -1}, samples = 0;
    double scale = 1.5, state = 0.9;
};
Override override_;

struct Case {
    std::string cellName, typeName;
    int cell, dtype, gates, savedGates;
    int64_t N, T, H, D;
    bool lengths;
    float clip;
};

bool parse(std::istream &in, Case &c) {
    int lengths;
    if (!(in >> c.cellName >> c.typeName >> c.N >> c.T >> c.H >> c.D >> lengths >> c.clip)) return false;
    c.lengths = lengths != 0;
    c.dtype = c.typeName == "f16" ? FRNN_F16 : FRNN_BF16;
    c.cell = c.cellName == "lstm" ? FRNN_LSTM : c.cellName == "gru" ? FRNN_GRU_RESET_AFTER : c.cellName == "relu" ? FRNN_RNN_RELU : FRNN_RNN_TANH;
    c.gates = c.cell == FRNN_LSTM ? 4 : c.cell == FRNN_GRU_RESET_AFTER ? 3 : 1;
    c.savedGates = c.gates > 1 ? 4 : 0;
    return true;
}

FrnnRecurrencePlan planFor(const Case &c, int pass, const FrnnDeviceLimits &limits, FrnnRecurrenceShape &shape) {
    shape = {};
    shape.structSize = sizeof shape;
    shape.cell = c.cell;
    shape.dtype = c.dtype;
    shape.pass = pass;
    shape.directions = int32_t(c.D);
    shape.hidden = int32_t(c.H);
    shape.steps = c.T;
    shape.batch = c.N;
    FrnnRecurrencePlan plan = {};
    plan.structSize = sizeof plan;
    FrnnMessage message = {};
    must(frnn_recurrence_plan(&shape, &limits, &plan, &message), message, "plan");
    if (plan.kind != FRNN_PLAN_NONE && override_.tiles[pass] >= 0) plan.tile = override_.tiles[pass];
    if (plan.kind != FRNN_PLAN_NONE && override_.samples > 0) {
        plan.samplesPerCluster = override_.samples;
        plan.clusters = int32_t((c.N + override_.samples - 1) / override_.samples * c.D);
    }
    return plan;
}

// All tensors of a case on the device.
class Tensors {
public:
    explicit Tensors(const Case &c)
        : c_(c), cells_(size_t(c.T * c.N * c.D * c.H)), states_(size_t(c.D * c.N * c.H)), gateInputs(cells_ * c.gates * 2),
          weights(size_t(c.D * c.H * c.H) * c.gates * 2), biasN(size_t(c.D * c.H) * 4), hx(states_ * 2), cx(states_ * 2),
          lengths(size_t(c.N) * 4), y(cells_ * 2), hy(states_ * 2), cy(states_ * 2), savedGates(cells_ * 8), savedCells(cells_ * 4),
          dy(cells_ * 2), dhy(states_ * 2), dcy(states_ * 2), dGates(cells_ * c.gates * 2), dGatesH(cells_ * c.gates * 2),
          dGatesFirst(states_ * c.gates * 2), dhx(states_ * 2), dcx(states_ * 2), error(4) {}

    void fill(unsigned seed) {
        std::mt19937 random(seed);
        const Storage storage{c_.dtype};
        auto values = [&](size_t count, double scale) {
            std::vector<uint16_t> v(count);
            for (auto &x : v) x = storage.bits((double(random()) / 4294967296.0 * 2 - 1) * scale);
            return v;
        };
        // ReLU has no bound of its own: smaller weights keep it from growing.
        const double scale = (c_.cell == FRNN_RNN_RELU ? 0.8 : 1.7) / sqrt(double(c_.H));
        host.gateInputs = values(cells_ * c_.gates, override_.scale);
        host.weights = values(size_t(c_.D * c_.H * c_.H) * c_.gates, scale);
        host.hx = values(states_, override_.state);
        host.cx = values(states_, 1.2);
        host.dy = values(cells_, 1);
        host.dhy = values(states_, 1);
        host.dcy = values(states_, 1);
        host.biasN.resize(size_t(c_.D * c_.H));
        for (auto &x : host.biasN) x = float(random()) / 4294967296.0f - 0.5f;
        host.lengths.resize(size_t(c_.N));
        for (auto &x : host.lengths) x = c_.lengths ? int(1 + random() % c_.T) : int(c_.T);
        if (c_.lengths && c_.N > 2) host.lengths[size_t(c_.N) / 2] = int(c_.T);
        gateInputs.set(host.gateInputs);
        weights.set(host.weights);
        biasN.set(host.biasN);
        hx.set(host.hx);
        cx.set(host.cx);
        lengths.set(host.lengths);
        dy.set(host.dy);
        dhy.set(host.dhy);
        dcy.set(host.dcy);
        CUDA(cudaMemset(reinterpret_cast<void *>(uintptr_t(error.address())), 0, 4));
    }

    std::vector<Buffer *> outputs() {
        return {&y, &hy, &cy, &savedGates, &savedCells, &dGates, &dGatesH, &dGatesFirst, &dhx, &dcx};
    }

private:
    const Case &c_;
    size_t cells_, states_;

public:
    Buffer gateInputs, weights, biasN, hx, cx, lengths, y, hy, cy, savedGates, savedCells;
    Buffer dy, dhy, dcy, dGates, dGatesH, dGatesFirst, dhx, dcx, error;
    struct {
        std::vector<uint16_t> gateInputs, weights, hx, cx, dy, dhy, dcy;
        std::vector<float> biasN;
        std::vector<int> lengths;
    } host;
};

class Runner {
public:
    Runner(const Case &c, const FrnnDeviceLimits &limits)
        : c_(c), forwardPlan(planFor(c, FRNN_PASS_FORWARD, limits, forwardShape_)),
          backwardPlan(planFor(c, FRNN_PASS_BACKWARD, limits, backwardShape_)),
          workspace_(size_t(std::max(forwardPlan.workspaceBytes, backwardPlan.workspaceBytes))) {}

    bool planned() const { return forwardPlan.kind != FRNN_PLAN_NONE && backwardPlan.kind != FRNN_PLAN_NONE; }

    // Fewer steps than the case has: the same plan on the first part of the tensors. The workspace holds what the last call left.
    void forward(Tensors &t, bool training, int64_t steps) {
        FrnnRecurrenceForwardParams p = {};
        p.structSize = sizeof p;
        p.cellClip = c_.clip;
        p.gateInputs = t.gateInputs.address();
        p.weights = t.weights.address();
        p.recurrentBiasN = t.biasN.address();
        p.hx = t.hx.address();
        p.cx = t.cx.address();
        p.lengths = c_.lengths ? t.lengths.address() : 0;
        p.y = t.y.address();
        p.hy = t.hy.address();
        p.cy = t.cy.address();
        if (training) {
            p.savedGates = t.savedGates.address();
            p.savedCells = t.savedCells.address();
        }
        p.workspace = forwardPlan.workspaceBytes > 0 ? workspace_.address() : 0;
        p.error = t.error.address();
        FrnnRecurrenceShape shape = forwardShape_;
        shape.steps = steps;
        FrnnMessage message = {};
        must(frnn_recurrence_forward(&shape, &forwardPlan, &p, &message), message, "forward");
    }

    void backward(Tensors &t, int64_t steps) {
        FrnnRecurrenceBackwardParams p = {};
        p.structSize = sizeof p;
        p.cellClip = c_.clip;
        p.weights = t.weights.address();
        p.hx = t.hx.address();
        p.cx = t.cx.address();
        p.lengths = c_.lengths ? t.lengths.address() : 0;
        p.y = t.y.address();
        p.savedGates = t.savedGates.address();
        p.savedCells = t.savedCells.address();
        p.dy = t.dy.address();
        p.dhy = t.dhy.address();
        p.dcy = t.dcy.address();
        p.dGates = t.dGates.address();
        p.dGatesH = t.dGatesH.address();
        p.dGatesFirst = t.dGatesFirst.address();
        p.dhx = t.dhx.address();
        p.dcx = t.dcx.address();
        p.workspace = backwardPlan.workspaceBytes > 0 ? workspace_.address() : 0;
        p.error = t.error.address();
        FrnnRecurrenceShape shape = backwardShape_;
        shape.steps = steps;
        FrnnMessage message = {};
        must(frnn_recurrence_backward(&shape, &backwardPlan, &p, &message), message, "backward");
    }

private:
    const Case &c_;
    FrnnRecurrenceShape forwardShape_, backwardShape_;

public:
    FrnnRecurrencePlan forwardPlan, backwardPlan;
    bool workspaceIntact() const { return workspace_.guardIntact(); }

private:
    Buffer workspace_;
};

// Error of the kernel against that of a reference that rounds like the storage type, both measured from exact arithmetic.
struct Comparison {
    const char *name;
    size_t count = 0;
    double kernel = 0, rounded = 0, size = 0, worst = 0, worstRounded = 0;
    bool finite = true;

    void add(double found, double roundedValue, double exact) {
        if (!std::isfinite(found)) finite = false;
        const double e = fabs(found - exact), r = fabs(roundedValue - exact);
        kernel += e * e;
        rounded += r * r;
        size += exact * exact;
        worst = std::max(worst, e);
        worstRounded = std::max(worstRounded, r);
        count++;
    }
    double relative() const { return sqrt(kernel / std::max(size, 1e-30)); }
    // Twice the rounding reference's error; what tanh.approx adds (2^-11) is added to that, as f16 resolves it.
    bool good() const {
        if (count == 0) return true;
        const double rms = sqrt(size / double(count)), slack = rms * ldexp(1, -11);
        const bool mean = sqrt(kernel / double(count)) <= 2 * sqrt(rounded / double(count)) + slack;
        return finite && mean && worst <= 3 * worstRounded + 8 * slack;
    }
};

bool compare(const Case &c, Tensors &t, unsigned seed, std::string &line) {
    const Storage storage{c.dtype};
    const Layer layer{c.cell, c.gates, int(c.H), int(c.T), int(c.D), c.clip};
    const size_t H = size_t(c.H), G = size_t(c.gates), N = size_t(c.N), D = size_t(c.D), T = size_t(c.T);
    const auto y = t.y.get<uint16_t>(), hy = t.hy.get<uint16_t>(), cy = t.cy.get<uint16_t>(), saved = t.savedGates.get<uint16_t>();
    const auto savedCells = t.savedCells.get<float>();
    const auto dGates = t.dGates.get<uint16_t>(), dGatesH = t.dGatesH.get<uint16_t>(), first = t.dGatesFirst.get<uint16_t>();
    const auto dhx = t.dhx.get<uint16_t>(), dcx = t.dcx.get<uint16_t>();
    const bool lstm = c.cell == FRNN_LSTM, gru = c.cell == FRNN_GRU_RESET_AFTER;

    std::vector<size_t> samples = {0, N - 1, N / 2};
    std::mt19937 random(seed);
    samples.push_back(random() % N);
    std::sort(samples.begin(), samples.end());
    samples.erase(std::unique(samples.begin(), samples.end()), samples.end());

    Comparison yC{"y"}, hyC{"hy"}, cyC{"cy"}, gatesC{"saved"}, cellsC{"cells"}, dC{"dGates"}, dHC{"dGatesH"}, firstC{"first"}, dhxC{"dhx"}, dcxC{"dcx"};
    struct Job {
        size_t d, n;
        Trace exact, rounded;
    };
    std::vector<Job> jobs;
    auto timeOf = [&](size_t d, size_t s, size_t length) { return d == 0 ? s : length - 1 - s; };
    auto cellOf = [&](size_t time, size_t n, size_t d, size_t u) { return ((time * N + n) * D + d) * H + u; };
    for (size_t d = 0; d < D; d++) {
        Trace base;
        base.weights.resize(H * G * H);
        for (size_t i = 0; i < H * G * H; i++) base.weights[i] = storage.value(t.host.weights[d * H * G * H + i]);
        base.biasN.assign(t.host.biasN.begin() + long(d * H), t.host.biasN.begin() + long((d + 1) * H));
        for (size_t n : samples) {
            Trace trace = base;
            trace.length = t.host.lengths[n];
            const size_t length = size_t(trace.length);
            for (size_t s = 0; s < length; s++) {
                for (size_t u = 0; u < H; u++) {
                    const size_t cell = cellOf(timeOf(d, s, length), n, d, u);
                    for (size_t g = 0; g < G; g++) trace.gateInputs.push_back(storage.value(t.host.gateInputs[cell * G + g]));
                    trace.dy.push_back(storage.value(t.host.dy[cell]));
                }
            }
            for (size_t u = 0; u < H; u++) {
                const size_t state = (d * N + n) * H + u;
                trace.hx.push_back(storage.value(t.host.hx[state]));
                trace.cx.push_back(storage.value(t.host.cx[state]));
                trace.dhy.push_back(storage.value(t.host.dhy[state]));
                trace.dcy.push_back(storage.value(t.host.dcy[state]));
            }
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
        for (size_t s = 0; s < T; s++) {
            const bool valid = s < length;
            for (size_t u = 0; u < H; u++) {
                const size_t cell = cellOf(valid ? timeOf(d, s, length) : s, n, d, u), local = s * H + u;
                if (!valid) {
                    if (y[cell] & 0x7fff) zerosBehind = false;
                    for (size_t g = 0; g < G; g++) {
                        if (dGates[cell * G + g] & 0x7fff || (gru && dGatesH[cell * G + g] & 0x7fff)) zerosBehind = false;
                    }
                    continue;
                }
                yC.add(storage.value(y[cell]), rounded.h[local], exact.h[local]);
                for (size_t g = 0; g < size_t(c.savedGates); g++) {
                    gatesC.add(storage.value(saved[cell * 4 + g]), rounded.saved[local * 4 + g], exact.saved[local * 4 + g]);
                }
                if (lstm) cellsC.add(savedCells[cell], rounded.c[local], exact.c[local]);
                for (size_t g = 0; g < G; g++) {
                    dC.add(storage.value(dGates[cell * G + g]), rounded.dGates[local * G + g], exact.dGates[local * G + g]);
                    if (gru) dHC.add(storage.value(dGatesH[cell * G + g]), rounded.dGatesH[local * G + g], exact.dGatesH[local * G + g]);
                }
            }
        }
        for (size_t u = 0; u < H; u++) {
            const size_t state = (d * N + n) * H + u, last = (length - 1) * H + u;
            hyC.add(storage.value(hy[state]), rounded.h[last], exact.h[last]);
            dhxC.add(storage.value(dhx[state]), storage.round(rounded.dhx[u]), exact.dhx[u]);
            for (size_t g = 0; g < G; g++) {
                firstC.add(storage.value(first[state * G + g]), rounded.dGatesH[u * G + g], exact.dGatesH[u * G + g]);
            }
            if (!lstm) continue;
            cyC.add(storage.value(cy[state]), storage.round(rounded.c[last]), exact.c[last]);
            dcxC.add(storage.value(dcx[state]), storage.round(rounded.dcx[u]), exact.dcx[u]);
        }
    }

    bool good = zerosBehind;
    std::ostringstream out;
    if (!zerosBehind) out << " NOT-ZERO-BEHIND-LENGTH";
    size_t values = 0;
    for (const Comparison &k : {yC, hyC, cyC, gatesC, cellsC, dC, dHC, firstC, dhxC, dcxC}) {
        values += k.count;
        if (k.good()) continue;
        good = false;
        char text[200];
        snprintf(text, sizeof text, " WRONG-%s(rel %.2e, rounding %.2e, worst %.2e/%.2e%s)", k.name, k.relative(),
                 sqrt(k.rounded / std::max(k.size, 1e-30)), k.worst, k.worstRounded, k.finite ? "" : ", not finite");
        out << text;
    }
    // Poison is NaN in every type: what is left of it was never written.
    const struct {
        const char *name;
        const std::vector<uint16_t> *values;
        bool written;
    } all[] = {{"y", &y, true}, {"hy", &hy, true}, {"cy", &cy, lstm}, {"dGates", &dGates, true}, {"dGatesH", &dGatesH, gru},
               {"first", &first, true}, {"dhx", &dhx, true}, {"dcx", &dcx, lstm}, {"saved", &saved, c.savedGates > 0 && !c.lengths}};
    for (const auto &v : all) {
        const size_t left = size_t(std::count(v.values->begin(), v.values->end(), uint16_t(0xffff)));
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
bool nanStaysWithItsSample(const Case &c, Runner &runner, Tensors &t, const std::vector<uint16_t> &y) {
    if (c.lengths || c.T < 3) return true;
    auto inputs = t.host.gateInputs;
    const size_t row = size_t(c.D * c.H), poisoned = size_t(c.N / 2); // direction 0
    inputs[(size_t(c.N) + poisoned) * row * c.gates + size_t(c.H / 2) * c.gates] = 0x7fff;
    t.gateInputs.set(inputs);
    runner.forward(t, false, c.T);
    CUDA(cudaDeviceSynchronize());
    t.gateInputs.set(t.host.gateInputs);
    const auto found = t.y.get<uint16_t>();
    const int infinity = c.dtype == FRNN_BF16 ? 0x7f80 : 0x7c00;
    for (size_t i = 0; i < y.size(); i++) {
        const size_t time = i / row / size_t(c.N), sample = i / row % size_t(c.N), unit = i % row;
        const bool hit = sample == poisoned && unit < size_t(c.H) && (time > 1 || (time == 1 && unit == size_t(c.H / 2)));
        if (hit ? (found[i] & 0x7fff) <= infinity : found[i] != y[i]) return false;
    }
    return true;
}

bool repeat(Runner &runner, Tensors &t, int64_t steps, int times, std::string &line) {
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

__global__ void spin(long long cycles) {
    const long long start = clock64();
    while (clock64() - start < cycles) {
    }
}

// An idle device needs a while to reach its clock: keeps it busy for a third of a second, then tells the clock in GHz.
double warmUp() {
    cudaEvent_t begin, end;
    CUDA(cudaEventCreate(&begin));
    CUDA(cudaEventCreate(&end));
    double clock = 0;
    for (double spent = 0; spent < 330;) {
        constexpr long long kCycles = 20000000;
        CUDA(cudaEventRecord(begin));
        frnn::launchKernel(spin, 264, 256, 0, nullptr, kCycles);
        CUDA(cudaGetLastError());
        CUDA(cudaEventRecord(end));
        CUDA(cudaEventSynchronize(end));
        float ms;
        CUDA(cudaEventElapsedTime(&ms, begin, end));
        spent += ms;
        clock = kCycles / (ms * 1e6);
    }
    CUDA(cudaEventDestroy(begin));
    CUDA(cudaEventDestroy(end));
    return clock;
}

template <class Run>
double medianMicros(Run run) {
    cudaEvent_t begin, end;
    CUDA(cudaEventCreate(&begin));
    CUDA(cudaEventCreate(&end));
    std::vector<double> times;
    double spent = 0;
    for (int i = 0; i < 40 && (i < 8 || spent < 20e3); i++) {
        CUDA(cudaEventRecord(begin));
        run();
        CUDA(cudaEventRecord(end));
        CUDA(cudaEventSynchronize(end));
        float ms;
        CUDA(cudaEventElapsedTime(&ms, begin, end));
        spent += ms * 1000;
        if (i >= 3) times.push_back(ms * 1000);
    }
    CUDA(cudaEventDestroy(begin));
    CUDA(cudaEventDestroy(end));
    std::sort(times.begin(), times.end());
    return times[times.size() / 2];
}

std::string planText(const FrnnRecurrencePlan &p) {
    char text[120];
    snprintf(text, sizeof text, "tile %d %dx%d/%d", p.tile, p.clusters, override_.tiles[0] < 0 ? p.clusterSize : 0, p.samplesPerCluster);
    return text;
}

bool runCase(const Case &c, const FrnnDeviceLimits &limits, bool checking, bool timing, int repeats) {
    char head[120];
    snprintf(head, sizeof head, "%-4s %-4s N %-4lld T %-5lld H %-4lld D %lld%s%s", c.cellName.c_str(), c.typeName.c_str(), (long long)c.N,
             (long long)c.T, (long long)c.H, (long long)c.D, c.lengths ? " lengths" : "", c.clip > 0 ? " clip" : "");
    bool good = true;
    std::string line;
    if (checking || repeats > 0) {
        Case small = c;
        small.T = std::min<int64_t>(c.T, c.H > 512 ? 12 : 24);
        Runner runner(small, limits);
        if (!runner.planned()) {
            printf("%s  no plan: %s\n", head, runner.forwardPlan.kind == FRNN_PLAN_NONE ? runner.forwardPlan.reason : runner.backwardPlan.reason);
            return true;
        }
        Tensors t(small);
        const unsigned seed = unsigned(c.N * 7919 + c.T * 104729 + c.H * 31 + c.D);
        t.fill(seed);
        if (checking) {
            runner.forward(t, true, small.T);
            runner.backward(t, small.T);
            CUDA(cudaDeviceSynchronize());
            good = compare(small, t, seed, line);
            if (good) {
                // Inference writes the same y as training.
                const auto y = t.y.get<uint16_t>();
                t.y.poison();
                runner.forward(t, false, small.T);
                CUDA(cudaDeviceSynchronize());
                if (t.y.get<uint16_t>() != y) {
                    good = false;
                    line += " INFERENCE-DIFFERS";
                }
                if (!nanStaysWithItsSample(small, runner, t, y)) {
                    good = false;
                    line += " NAN-LOST-OR-SPREAD";
                }
                if (!runner.workspaceIntact()) {
                    good = false;
                    line += " WROTE-BEHIND-WORKSPACE";
                }
            }
        }
        if (repeats > 0) good = repeat(runner, t, small.T, repeats, line) && good;
    }
    if (timing) {
        Runner runner(c, limits);
        if (!runner.planned()) return good;
        Tensors t(c);
        t.fill(1);
        const int64_t half = std::max<int64_t>(1, c.T / 2);
        const double clock = warmUp();
        const double inference = medianMicros([&] { runner.forward(t, false, c.T); });
        const double inferenceHalf = medianMicros([&] { runner.forward(t, false, half); });
        const double training = medianMicros([&] { runner.forward(t, true, c.T); });
        const double trainingHalf = medianMicros([&] { runner.forward(t, true, half); });
        const double backward = medianMicros([&] { runner.backward(t, c.T); });
        const double backwardHalf = medianMicros([&] { runner.backward(t, half); });
        const double steps = double(c.T - half > 0 ? c.T - half : 1);
        char text[320];
        snprintf(text, sizeof text, " | us/step inference %.3f training %.3f backward %.3f | us in all %.0f %.0f %.0f | plans %s %s | %.2f GHz",
                 (inference - inferenceHalf) / steps, (training - trainingHalf) / steps, (backward - backwardHalf) / steps, inference,
                 training, backward, planText(runner.forwardPlan).c_str(), planText(runner.backwardPlan).c_str(), clock);
        line += text;
        if (t.error.get<uint32_t>()[0] != 0) {
            good = false;
            line += " ERROR-WORD";
        }
    }
    printf("%s %s  %s\n", good ? "ok  " : "FAIL", head, line.c_str());
    fflush(stdout);
    return good;
}

} // namespace

int main(int count, char **words) {
    bool checking = true, timing = true;
    int repeats = 0;
    std::vector<Case> cases;
    std::ostringstream rest;
    for (int i = 1; i < count; i++) {
        const std::string word = words[i];
        if (word == "--check-only") timing = false;
        else if (word == "--no-check") checking = false;
        else if (word == "--tiles" && i + 2 < count) {
            override_.tiles[FRNN_PASS_FORWARD] = atoi(words[++i]);
            override_.tiles[FRNN_PASS_BACKWARD] = atoi(words[++i]);
        }
        else if (word == "--scale" && i + 1 < count) override_.scale = atof(words[++i]);
        else if (word == "--samples" && i + 1 < count) override_.samples = atoi(words[++i]);
        else if (word == "--state" && i + 1 < count) override_.state = atof(words[++i]);
        else if (word == "--repeat" && i + 1 < count) repeats = atoi(words[++i]);
        else if (word == "--list" && i + 1 < count) {
            std::ifstream list(words[++i]);
            if (!list) {
                printf("FAIL cannot read %s\n", words[i]);
                return 1;
            }
            std::string textLine;
            while (std::getline(list, textLine)) {
                std::istringstream in(textLine);
                Case c;
                if (!textLine.empty() && textLine[0] != '#' && parse(in, c)) cases.push_back(c);
            }
        } else rest << word << ' ';
    }
    std::istringstream in(rest.str());
    for (Case c; parse(in, c);) cases.push_back(c);
    if (cases.empty()) {
        printf("no cases; see the head of frnn_bench.cu\n");
        return 1;
    }
    FrnnDeviceLimits limits = {};
    limits.structSize = sizeof limits;
    FrnnMessage message = {};
    must(frnn_recurrence_device_limits(0, &limits, &message), message, "device limits");
    printf("device %d.%d, %d multiprocessors, %d bytes shared, clusters of 2/4/8/16: %d %d %d %d\n", limits.computeMajor, limits.computeMinor,
           limits.multiprocessors, limits.sharedBytesPerBlock, limits.clustersOf2, limits.clustersOf4, limits.clustersOf8, limits.clustersOf16);
    int failures = 0;
    for (const Case &c : cases) failures += !runCase(c, limits, checking, timing, repeats);
    printf("%zu cases, %d failed\n", cases.size(), failures);
    return failures > 0;
}
