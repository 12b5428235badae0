// Runs every kernel on the device against references in double on the host.
//   frnn_kernel_tests [--seed S] [part of a case's name]
// One line per case, a summary, exit status 0, 1 on failures, 77 without a usable device.
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "harness.h"

namespace frnn::test {

struct Named {
    std::string name;
    std::function<void(Case &)> body;
};

static std::vector<Named> &cases() {
    static std::vector<Named> all;
    return all;
}

void add(const std::string &name, std::function<void(Case &)> body) { cases().push_back({name, std::move(body)}); }

// In a child process, before this one touches CUDA: after a wild write the device has to be lost, for every later call.
static int wildWriteStatus() {
    std::fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        FrnnMessage message{};
        const int32_t queued = frnn_wild_write(0, &message);
        const cudaError_t first = cudaDeviceSynchronize();
        void *memory = nullptr;
        const cudaError_t later = cudaMalloc(&memory, 1024);
        _exit(queued == FRNN_OK && first == cudaErrorIllegalAddress && later != cudaSuccess ? 0 : 1);
    }
    int status = 1;
    waitpid(child, &status, 0);
    return status;
}

static bool runCase(const Named &test, uint64_t seed) {
    Case context(seed ^ std::hash<std::string>{}(test.name));
    try {
        test.body(context);
        context.checkGuards();
        if (context.compared() == 0) fail("nothing was compared");
        std::printf("PASS %s (%lld values)\n", test.name.c_str(), static_cast<long long>(context.compared()));
        return true;
    } catch (const Failure &failure) {
        std::printf("FAIL %s: %s\n", test.name.c_str(), failure.text.c_str());
        return false;
    }
}

// Asked in a child process too, so that the wild write can still be forked afterwards.
static std::string whyNoDevice() {
    int channel[2];
    if (pipe(channel) != 0) return "no pipe";
    const pid_t child = fork();
    if (child == 0) {
        FrnnProbe probe{};
        FrnnDevice device{};
        FrnnMessage message{};
        probe.structSize = sizeof(probe);
        device.structSize = sizeof(device);
        std::string reason;
        if (frnn_probe(&probe, &message) != FRNN_OK) reason = message.text;
        else if (probe.reason[0] != 0) reason = probe.reason;
        else if (frnn_device(0, &device, &message) != FRNN_OK) reason = message.text;
        else if (device.runsHere == 0) reason = std::string("built for ") + frnn_architectures() + ", not for " + device.name;
        const ssize_t written = write(channel[1], reason.c_str(), reason.size());
        _exit(written < 0 ? 1 : 0);
    }
    close(channel[1]);
    char text[512] = {};
    const ssize_t length = read(channel[0], text, sizeof(text) - 1);
    close(channel[0]);
    waitpid(child, nullptr, 0);
    return length > 0 ? text : "";
}

static int runAll(uint64_t seed, const char *part) {
    addElementwiseTests();
    addReduceTests();
    addEmbeddingTests();
    addLossTests();
    addAttentionTests();
    addDropoutTests();
    addOptimizerTests();
    addSequenceTests();
    addPackTests();
    addCellTests();
    addStepTests();
    addGatesTests();
    int passed = 0;
    int failed = 0;
    const std::string wild = "diagnostic wild write";
    if (wild.find(part) != std::string::npos) {
        const bool ok = wildWriteStatus() == 0;
        std::printf("%s %s\n", ok ? "PASS" : "FAIL", wild.c_str());
        ++(ok ? passed : failed);
    }
    for (const Named &test : cases()) {
        if (test.name.find(part) == std::string::npos) continue;
        ++(runCase(test, seed) ? passed : failed);
    }
    std::printf("%d passed, %d failed (seed %llu, build %s)\n", passed, failed, static_cast<unsigned long long>(seed), frnn_build_id());
    return failed == 0 && passed > 0 ? 0 : 1;
}

}  // namespace frnn::test

int main(int count, char **arguments) {
    // Kernels are loaded before the first capture, which is no place to load them.
    setenv("CUDA_MODULE_LOADING", "EAGER", 0);
    uint64_t seed = std::random_device{}();
    const char *part = "";
    for (int i = 1; i < count; ++i) {
        if (std::strcmp(arguments[i], "--seed") == 0 && i + 1 < count) seed = std::strtoull(arguments[++i], nullptr, 10);
        else part = arguments[i];
    }
    const std::string reason = frnn::test::whyNoDevice();
    if (!reason.empty()) {
        std::printf("skipped: %s\n", reason.c_str());
        return 77;
    }
    return frnn::test::runAll(seed, part);
}
