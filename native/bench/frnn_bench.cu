// Checks the persistent recurrence kernels against a host reference and times them.
//
//   frnn_bench [--check-only] [--repeat R] [--no-check] [--plans cluster|chip|wide] [--tiles F B] [--samples S] [--scale X] [--state X]
//              [--list FILE] [CELL DTYPE N T H D LENGTHS CLIP]...
//
// A case is eight words: cell lstm|gru|before|tanh|relu (before: the GRU that resets before its product), dtype f32|tf32|bf16|f16, N, T, H, D, LENGTHS 0|1 (random lengths), CLIP (0 = none).
// CELL-zone, as in lstm-zone, is the cell with zoneout: 0.3 of h and 0.4 of an LSTM's c.
// A list holds one case per line, with three more words F B S where plans are to be as with --tiles F B --samples S; lines that
// begin with # are skipped. The check takes the first min(T, 24) steps, compares
// all units and steps of some samples and looks for poison in all outputs. --repeat wants equal bits from R runs. --tiles
// and --samples override the plan: indices into the tables of cluster_tiles.h, cluster_reset_tiles.h, f32_tiles.h, tf32_tiles.h, chip_tiles.h or wide_tiles.h for
// forward and backward, samples per cluster. --plans considers kernels of that kind alone, whichever is faster. Timed runs repeat
// a block of random values.
// --scale: gate inputs are uniform in +-X (1.5); 1e20 saturates every gate. --state: hx is uniform in +-X (0.9). Exit code 1
// on any failure.
#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>

#include "common/launch.cuh"
#include "compare.h"

namespace {

using namespace bench;

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

constexpr const char *kKinds[] = {"none", "cluster", "chip", "wide"};

int kindOf(const std::string &name) {
    const auto found = std::find(std::begin(kKinds), std::end(kKinds), name);
    return found == std::end(kKinds) ? FRNN_PLAN_NONE : int(found - std::begin(kKinds));
}

std::string planText(const FrnnRecurrencePlan &p, const Override &change) {
    char text[120];
    snprintf(text, sizeof text, "%s tile %d %dx%d/%d", kKinds[p.kind], p.tile, p.clusters, change.tiles[0] < 0 ? p.clusterSize : 0,
             p.samplesPerCluster);
    return text;
}

bool runCase(const Case &c, const FrnnDeviceLimits &limits, const Override &change, bool checking, bool timing, int repeats) {
    char head[120];
    snprintf(head, sizeof head, "%-4s %-4s N %-4lld T %-5lld H %-4lld D %lld%s%s", c.cellName.c_str(), c.typeName.c_str(), (long long)c.N,
             (long long)c.T, (long long)c.H, (long long)c.D, c.lengths ? " lengths" : "", c.clip > 0 ? " clip" : "");
    bool good = true;
    std::string line;
    if (checking || repeats > 0) {
        Case small = c;
        small.T = std::min<int64_t>(c.T, c.H > 512 ? 12 : 24);
        Runner runner(small, limits, change);
        if (!runner.planned()) {
            printf("%s  no plan: %s\n", head, runner.whyNot());
            return true;
        }
        Tensors t(small, {runner.forwardPlan.hiddenPadded, runner.backwardPlan.hiddenPadded});
        const unsigned seed = unsigned(c.N * 7919 + c.T * 104729 + c.H * 31 + c.D);
        t.fill(seed, change.scale, change.state);
        if (checking) {
            runner.forward(t, true, small.T);
            runner.backward(t, small.T);
            CUDA(cudaDeviceSynchronize());
            good = compare(small, t, seed, line);
            if (good) {
                // Inference writes the same y as training.
                const auto y = t.get(t.y);
                t.y.poison();
                runner.forward(t, false, small.T);
                CUDA(cudaDeviceSynchronize());
                if (t.get(t.y) != y) {
                    good = false;
                    line += " INFERENCE-DIFFERS";
                }
                if (!nanStaysWithItsSample(small, runner, t, y)) {
                    good = false;
                    line += " NAN-LOST-OR-SPREAD";
                }
                if (!infinityStaysWithItsSample(small, runner, t, y)) {
                    good = false;
                    line += " WRONG-AFTER-INFINITE-STATE";
                }
                if (!runner.workspaceIntact()) {
                    good = false;
                    line += " WROTE-BEHIND-WORKSPACE";
                }
            }
        }
        if (repeats > 0) good = repeat(runner, t, small.T, repeats, line) && good;
        if (!timing) line += " | plans " + planText(runner.forwardPlan, change) + " " + planText(runner.backwardPlan, change);
    }
    if (timing) {
        Runner runner(c, limits, change);
        if (!runner.planned()) {
            printf("%s  no plan: %s\n", head, runner.whyNot());
            return good;
        }
        Tensors t(c, {runner.forwardPlan.hiddenPadded, runner.backwardPlan.hiddenPadded});
        t.fillBlocks(change.scale, change.state);
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
                 training, backward, planText(runner.forwardPlan, change).c_str(), planText(runner.backwardPlan, change).c_str(), clock);
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
    Override change;
    std::vector<Case> cases;
    std::ostringstream rest;
    for (int i = 1; i < count; i++) {
        const std::string word = words[i];
        if (word == "--check-only") timing = false;
        else if (word == "--no-check") checking = false;
        else if (word == "--tiles" && i + 2 < count) {
            change.tiles[FRNN_PASS_FORWARD] = atoi(words[++i]);
            change.tiles[FRNN_PASS_BACKWARD] = atoi(words[++i]);
        }
        else if (word == "--plans" && i + 1 < count) {
            const int kind = kindOf(words[++i]);
            change.plans |= 1u << kind;
            if (kind == FRNN_PLAN_NONE) {
                printf("FAIL --plans has to be cluster, chip or wide, found %s\n", words[i]);
                return 1;
            }
        }
        else if (word == "--scale" && i + 1 < count) change.scale = atof(words[++i]);
        else if (word == "--samples" && i + 1 < count) change.samples = atoi(words[++i]);
        else if (word == "--state" && i + 1 < count) change.state = atof(words[++i]);
        else if (word == "--repeat" && i + 1 < count) repeats = atoi(words[++i]);
        else if (word == "--list" && i + 1 < count) {
            std::ifstream list(words[++i]);
            if (!list) {
                printf("FAIL cannot read %s\n", words[i]);
                return 1;
            }
            std::string textLine;
            while (std::getline(list, textLine)) {
                Case c;
                if (parseLine(textLine, c)) cases.push_back(c);
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
    for (const Case &c : cases) failures += !runCase(c, limits, change, checking, timing, repeats);
    printf("%zu cases, %d failed\n", cases.size(), failures);
    return failures > 0;
}
