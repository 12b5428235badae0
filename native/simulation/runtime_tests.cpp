// Tests of the stand-ins: order of work, what capture refuses, what breaks the device, matrix products.
#include <sys/wait.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "blas/product.h"
#include "runtime.h"
#include "runtime/java_functions.h"

namespace {

int failures = 0;

void require(bool condition, const char *what, int line) {
    if (condition) return;
    std::printf("FAIL line %d: %s\n", line, what);
    ++failures;
}

#define REQUIRE(condition) require(condition, #condition, __LINE__)
#define STATUS(call, expected) require((call) == (expected), #call " gives " #expected, __LINE__)
#define OK(call) STATUS(call, cudaSuccess)

cudaStream_t newStream() {
    cudaStream_t stream = nullptr;
    OK(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
    return stream;
}

cudaEvent_t newEvent() {
    cudaEvent_t event = nullptr;
    OK(cudaEventCreate(&event));
    return event;
}

void work(cudaStream_t stream, std::function<void()> body) { OK(simulation::enqueueWork(stream, "test", std::move(body))); }

void oneStreamKeepsItsOrder() {
    const cudaStream_t stream = newStream();
    std::vector<int> seen;
    for (int i = 0; i < 2000; ++i) work(stream, [&seen, i] { seen.push_back(i); });
    REQUIRE(seen.size() < 2000);
    OK(cudaStreamSynchronize(stream));
    REQUIRE(seen.size() == 2000);
    for (int i = 0; i < 2000; ++i) REQUIRE(seen[size_t(i)] == i);
    OK(cudaStreamDestroy(stream));
}

// How often of 100 times the reader on a second stream comes before the writer on the first.
int earlyReads(bool ordered) {
    const cudaStream_t writer = newStream(), reader = newStream();
    const cudaEvent_t written = newEvent();
    int early = 0;
    for (int i = 0; i < 100; ++i) {
        bool there = false;
        work(writer, [&there] { there = true; });
        OK(cudaEventRecord(written, writer));
        if (ordered) OK(cudaStreamWaitEvent(reader, written, 0));
        work(reader, [&there, &early] { early += there ? 0 : 1; });
        OK(cudaDeviceSynchronize());
    }
    OK(cudaEventDestroy(written));
    OK(cudaStreamDestroy(writer));
    OK(cudaStreamDestroy(reader));
    return early;
}

void aForgottenEventIsFound() {
    REQUIRE(earlyReads(true) == 0);
    REQUIRE(earlyReads(false) > 10);
}

struct Fork {
    cudaStream_t main = newStream(), side = newStream();
    cudaEvent_t forked = newEvent(), joined = newEvent();

    ~Fork() {
        OK(cudaStreamDestroy(main));
        OK(cudaStreamDestroy(side));
        OK(cudaEventDestroy(forked));
        OK(cudaEventDestroy(joined));
    }
};

// Records a write on the main stream, a copy of it on the side, and what comes of both on the main stream again.
cudaGraph_t recordFork(Fork &fork, int *values, bool ordered) {
    cudaGraph_t graph = nullptr;
    OK(cudaStreamBeginCapture(fork.main, cudaStreamCaptureModeRelaxed));
    if (!ordered) OK(cudaEventRecord(fork.forked, fork.main));
    work(fork.main, [values] { ++values[0]; });
    if (ordered) OK(cudaEventRecord(fork.forked, fork.main));
    OK(cudaStreamWaitEvent(fork.side, fork.forked, 0));
    work(fork.side, [values] { values[1] = values[0]; });
    OK(cudaEventRecord(fork.joined, fork.side));
    OK(cudaStreamWaitEvent(fork.main, fork.joined, 0));
    work(fork.main, [values] { values[2] = values[1]; });
    OK(cudaStreamEndCapture(fork.main, &graph));
    return graph;
}

int wrongReplays(bool ordered) {
    Fork fork;
    int values[3] = {};
    const cudaGraph_t graph = recordFork(fork, values, ordered);
    REQUIRE(values[0] == 0);
    size_t nodes = 0;
    OK(cudaGraphGetNodes(graph, nullptr, &nodes));
    REQUIRE(nodes == 3);
    cudaGraphExec_t executable = nullptr;
    OK(cudaGraphInstantiate(&executable, graph, 0));
    OK(cudaGraphDestroy(graph));
    int wrong = 0;
    for (int i = 1; i <= 100; ++i) {
        OK(cudaGraphLaunch(executable, fork.main));
        OK(cudaStreamSynchronize(fork.main));
        REQUIRE(values[0] == i);
        wrong += values[2] == i ? 0 : 1;
    }
    OK(cudaGraphExecDestroy(executable));
    return wrong;
}

void graphsRunInAnyOrderTheirEdgesAllow() {
    REQUIRE(wrongReplays(true) == 0);
    REQUIRE(wrongReplays(false) > 10);
}

void aGraphIsReplacedOnlyByOneOfItsShape() {
    const cudaStream_t stream = newStream();
    cudaGraph_t graphs[3] = {};
    int value = 0;
    for (int i = 0; i < 3; ++i) {
        OK(cudaStreamBeginCapture(stream, cudaStreamCaptureModeRelaxed));
        work(stream, [&value, i] { value = i; });
        if (i == 2) work(stream, [] {});
        OK(cudaStreamEndCapture(stream, &graphs[i]));
    }
    cudaGraphExec_t executable = nullptr;
    cudaGraphExecUpdateResultInfo info;
    OK(cudaGraphInstantiate(&executable, graphs[0], 0));
    OK(cudaGraphExecUpdate(executable, graphs[1], &info));
    STATUS(cudaGraphExecUpdate(executable, graphs[2], &info), cudaError_t(910));
    OK(cudaGraphLaunch(executable, stream));
    OK(cudaStreamSynchronize(stream));
    REQUIRE(value == 1);
    OK(cudaGraphExecDestroy(executable));
    for (cudaGraph_t graph : graphs) OK(cudaGraphDestroy(graph));
    OK(cudaStreamDestroy(stream));
}

void endBroken(cudaStream_t stream, cudaError_t expected) {
    cudaGraph_t graph = nullptr;
    STATUS(cudaStreamEndCapture(stream, &graph), expected);
    REQUIRE(graph == nullptr);
}

void captureRefusesWhatCudaRefuses() {
    Fork fork;
    OK(cudaEventRecord(fork.joined, fork.side));
    OK(cudaStreamBeginCapture(fork.main, cudaStreamCaptureModeRelaxed));
    STATUS(cudaStreamSynchronize(fork.main), cudaErrorStreamCaptureUnsupported);
    endBroken(fork.main, cudaErrorStreamCaptureInvalidated);

    OK(cudaStreamBeginCapture(fork.main, cudaStreamCaptureModeRelaxed));
    STATUS(cudaStreamWaitEvent(fork.main, fork.joined, 0), cudaErrorStreamCaptureIsolation);
    endBroken(fork.main, cudaErrorStreamCaptureInvalidated);

    OK(cudaStreamBeginCapture(fork.main, cudaStreamCaptureModeRelaxed));
    OK(cudaEventRecord(fork.forked, fork.main));
    OK(cudaStreamWaitEvent(fork.side, fork.forked, 0));
    work(fork.side, [] {});
    endBroken(fork.main, cudaErrorStreamCaptureUnjoined);
    STATUS(cudaEventSynchronize(fork.forked), cudaErrorCapturedEvent);

    OK(cudaStreamBeginCapture(fork.main, cudaStreamCaptureModeRelaxed));
    OK(cudaEventRecord(fork.forked, fork.main));
    OK(cudaStreamWaitEvent(fork.side, fork.forked, 0));
    endBroken(fork.side, cudaErrorStreamCaptureUnmatched);
    endBroken(fork.main, cudaErrorStreamCaptureInvalidated);

    void *memory = nullptr;
    OK(cudaStreamBeginCapture(fork.main, cudaStreamCaptureModeThreadLocal));
    STATUS(cudaMalloc(&memory, 16), cudaErrorStreamCaptureUnsupported);
    endBroken(fork.main, cudaErrorStreamCaptureInvalidated);
    OK(cudaStreamBeginCapture(fork.main, cudaStreamCaptureModeRelaxed));
    OK(cudaMalloc(&memory, 16));
    cudaGraph_t graph = nullptr;
    OK(cudaStreamEndCapture(fork.main, &graph));
    OK(cudaGraphDestroy(graph));
    OK(cudaFree(memory));
    static_cast<void>(cudaGetLastError());
}

void memoryIsPoisonedCountedAndKnown() {
    size_t before = 0, after = 0, total = 0;
    OK(cudaMemGetInfo(&before, &total));
    unsigned char *memory = nullptr;
    OK(cudaMalloc(reinterpret_cast<void **>(&memory), 1000));
    REQUIRE(reinterpret_cast<uintptr_t>(memory) % 256 == 0);
    for (int i = 0; i < 1000; ++i) REQUIRE(memory[i] == 0xFF);
    OK(cudaMemGetInfo(&after, &total));
    REQUIRE(before - after == 1024);
    STATUS(cudaFree(memory + 1), cudaErrorInvalidValue);
    STATUS(cudaMemset(memory + 1, 0, 1000), cudaErrorInvalidValue);
    STATUS(cudaMemcpy(memory, memory + 500, 501, cudaMemcpyDeviceToDevice), cudaErrorInvalidValue);
    STATUS(cudaMemcpy(&before, &after, sizeof(before), cudaMemcpyDeviceToHost), cudaErrorInvalidValue);
    OK(cudaMemset(memory, 7, 1000));
    unsigned char read[1000] = {};
    OK(cudaMemcpy(read, memory, 1000, cudaMemcpyDeviceToHost));
    REQUIRE(read[999] == 7);
    OK(cudaFree(memory));
    STATUS(cudaFree(memory), cudaErrorInvalidValue);
    void *tooMuch = nullptr;
    STATUS(cudaMalloc(&tooMuch, total + 1), cudaErrorMemoryAllocation);
    STATUS(cudaGetLastError(), cudaErrorMemoryAllocation);
    OK(cudaGetLastError());
}

// Page-locked memory is read when the copy is made, pageable memory when it is queued.
void aCopyReadsPinnedMemoryLate() {
    int *device = nullptr, *pinned = nullptr, pageable = 1, found = 0;
    const cudaStream_t stream = newStream();
    OK(cudaMalloc(reinterpret_cast<void **>(&device), sizeof(int)));
    OK(cudaMallocHost(reinterpret_cast<void **>(&pinned), sizeof(int)));
    *pinned = 1;
    OK(cudaMemcpyAsync(device, pinned, sizeof(int), cudaMemcpyHostToDevice, stream));
    *pinned = 2;
    OK(cudaMemcpyAsync(&found, device, sizeof(int), cudaMemcpyDeviceToHost, stream));
    REQUIRE(found == 2);
    OK(cudaMemcpyAsync(device, &pageable, sizeof(int), cudaMemcpyHostToDevice, stream));
    pageable = 2;
    OK(cudaMemcpyAsync(&found, device, sizeof(int), cudaMemcpyDeviceToHost, stream));
    REQUIRE(found == 1);
    OK(cudaFree(device));
    OK(cudaFreeHost(pinned));
    OK(cudaStreamDestroy(stream));
}

void handlesAreChecked() {
    const cudaStream_t stream = newStream();
    const cudaEvent_t event = newEvent();
    OK(cudaStreamDestroy(stream));
    STATUS(cudaStreamSynchronize(stream), cudaErrorInvalidResourceHandle);
    STATUS(cudaStreamDestroy(stream), cudaErrorInvalidResourceHandle);
    STATUS(cudaEventRecord(event, stream), cudaErrorInvalidResourceHandle);
    float milliseconds = 0;
    STATUS(cudaEventElapsedTime(&milliseconds, event, event), cudaErrorInvalidResourceHandle);
    OK(cudaEventDestroy(event));
    STATUS(cudaSetDevice(1), cudaErrorInvalidDevice);
    static_cast<void>(cudaGetLastError());
}

// Runs `body` in a process of its own and requires that the device is lost with `expected`.
void requireLost(const std::function<void()> &body, cudaError_t expected, int line) {
    std::fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        const cudaStream_t stream = newStream();
        bool ran = false;
        work(stream, body);
        work(stream, [&ran] { ran = true; });
        const cudaError_t first = cudaStreamSynchronize(stream);
        void *memory = nullptr;
        _exit(first == expected && cudaMalloc(&memory, 16) == expected && cudaGetLastError() == expected && !ran ? 0 : 1);
    }
    int status = 1;
    waitpid(child, &status, 0);
    require(status == 0, "the device is lost, and stays so", line);
}

void badWorkLosesTheDevice() {
    static volatile uintptr_t nowhere = 64;
    requireLost([] { *reinterpret_cast<volatile int *>(nowhere) = 1; }, cudaErrorIllegalAddress, __LINE__);
    requireLost([] { throw simulation::Fault{cudaErrorLaunchTimeout, "on purpose"}; }, cudaErrorLaunchTimeout, __LINE__);
    requireLost(
        [] {
            char *memory = nullptr;
            cudaMalloc(reinterpret_cast<void **>(&memory), 1 << 20);
            const_cast<volatile char *>(memory)[1 << 20] = 1;
        },
        cudaErrorIllegalAddress, __LINE__);
}

// A matrix of small integers, exact in every type.
std::vector<float> drawn(int64_t count) {
    std::vector<float> values(static_cast<size_t>(count));
    for (float &value : values) value = static_cast<float>(std::rand() % 9 - 4);
    return values;
}

uint16_t narrowed(int type, float value) {
    uint16_t bits = 0;
    const float one = 1;
    const simulation::Matrix single = {simulation::F32, 1, 1, 1}, result = {type, 1, 1, 1};
    simulation::multiply({single, single, result, result, false, false, false, 1, 0, &value, &one, &bits, &bits, nullptr, 0});
    return bits;
}

void sixteenBitsAreRoundedToNearestEven() {
    using namespace simulation;
    REQUIRE(narrowed(BF16, 1) == 0x3f80 && narrowed(BF16, 1.00390625f) == 0x3f80 && narrowed(BF16, 1.01171875f) == 0x3f82);
    REQUIRE(narrowed(F16, 1) == 0x3c00 && narrowed(F16, 1 + 0x1p-11f) == 0x3c00 && narrowed(F16, 1 + 3 * 0x1p-11f) == 0x3c02);
    REQUIRE(narrowed(F16, 65519) == 0x7bff && narrowed(F16, 65520) == 0x7c00 && narrowed(F16, -INFINITY) == 0xfc00);
    REQUIRE(narrowed(F16, 0x1p-24f) == 1 && narrowed(F16, 0x1p-25f) == 0 && narrowed(F16, -0x1.8p-24f) == 0x8002);
    REQUIRE(narrowed(F16, 0x1.ff8p-15f) == 0x3ff && narrowed(F16, 0x1.fffp-15f) == 0x400 && narrowed(F16, 2047.5f) == 0x6800);
}

void productsAreSums(bool transposeA, bool transposeB) {
    const int64_t m = 131, n = 6, k = 19, pad = 3;
    const simulation::Matrix a = {simulation::F32, transposeA ? k : m, transposeA ? m : k, (transposeA ? k : m) + pad};
    const simulation::Matrix b = {simulation::F32, transposeB ? n : k, transposeB ? k : n, (transposeB ? n : k) + pad};
    const simulation::Matrix d = {simulation::F32, m, n, m + pad};
    const std::vector<float> aAt = drawn(a.stride * a.columns), bAt = drawn(b.stride * b.columns), bias = drawn(m);
    std::vector<float> dAt = drawn(d.stride * n);
    const std::vector<float> before = dAt;
    simulation::multiply({a, b, d, d, transposeA, transposeB, false, 2, 3, aAt.data(), bAt.data(), dAt.data(), dAt.data(), bias.data(), simulation::F32});
    for (int64_t column = 0; column < n; ++column) {
        for (int64_t row = 0; row < m + pad; ++row) {
            const size_t at = static_cast<size_t>(column * d.stride + row);
            float sum = 0;
            for (int64_t p = 0; p < k && row < m; ++p) {
                sum += aAt[size_t(transposeA ? row * a.stride + p : p * a.stride + row)] * bAt[size_t(transposeB ? p * b.stride + column : column * b.stride + p)];
            }
            REQUIRE(dAt[at] == (row < m ? 2 * sum + 3 * before[at] + bias[size_t(row)] : before[at]));
        }
    }
}

}  // namespace

int main() {
    badWorkLosesTheDevice();
    oneStreamKeepsItsOrder();
    aForgottenEventIsFound();
    graphsRunInAnyOrderTheirEdgesAllow();
    aGraphIsReplacedOnlyByOneOfItsShape();
    captureRefusesWhatCudaRefuses();
    memoryIsPoisonedCountedAndKnown();
    aCopyReadsPinnedMemoryLate();
    handlesAreChecked();
    sixteenBitsAreRoundedToNearestEven();
    for (int bits = 0; bits < 4; ++bits) productsAreSums((bits & 1) != 0, (bits & 2) != 0);
    std::printf(failures == 0 ? "PASS\n" : "%d failures\n", failures);
    return failures == 0 ? 0 : 1;
}
