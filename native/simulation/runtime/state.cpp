#include "state.h"

#include <cstdlib>
#include <utility>

namespace simulation {
namespace {

// Small, so that tests which fill the device stay quick.
constexpr size_t DEVICE_BYTES = size_t(2) << 30;

thread_local cudaError_t lastError = cudaSuccess;

size_t deviceBytes() {
    const char *text = std::getenv("FUSEDRNN_SIMULATION_MEMORY");
    return text == nullptr ? DEVICE_BYTES : std::strtoull(text, nullptr, 10);
}

}  // namespace

State::State() : memory(deviceBytes()), pinned(size_t(1) << 40), legacy(new CUstream_st{false}) {}

// Never destroyed: threads may still call when the process ends.
State &state() {
    static State *const all = new State;
    return *all;
}

cudaError_t answer(cudaError_t error) {
    if (error != cudaSuccess) lastError = error;
    return error;
}

cudaStream_t streamAt(State &all, cudaStream_t handle) {
    if (handle == nullptr || handle == cudaStreamLegacy) return all.legacy;
    return all.streams.count(handle) == 0 ? nullptr : handle;
}

cudaError_t refuseWhileCapturing(State &all) {
    for (cudaStream_t stream : all.streams) {
        const auto &capture = stream->captured.capture;
        if (capture == nullptr || capture->mode == cudaStreamCaptureModeRelaxed) continue;
        if (capture->mode == cudaStreamCaptureModeThreadLocal && capture->thread != std::this_thread::get_id()) continue;
        capture->broken = true;
        return cudaErrorStreamCaptureUnsupported;
    }
    return cudaSuccess;
}

cudaError_t refuseWaiting(State &all) {
    cudaError_t result = cudaSuccess;
    for (cudaStream_t stream : all.streams) {
        if (stream->captured.capture == nullptr) continue;
        stream->captured.capture->broken = true;
        result = cudaErrorStreamCaptureUnsupported;
    }
    return result;
}

static cudaError_t record(Captured &captured, Kind kind, const char *name, Body body) {
    Capture &capture = *captured.capture;
    if (capture.broken) return cudaErrorStreamCaptureInvalidated;
    const size_t number = capture.nodes.size();
    capture.nodes.push_back({kind, name, std::move(body), {captured.tail.begin(), captured.tail.end()}});
    captured.tail = {number};
    return cudaSuccess;
}

// What the next work of a stream waits for.
static std::vector<Mark> tails(State &all, cudaStream_t stream) {
    std::vector<Mark> needs = {stream->tail};
    if (stream->blocking) needs.push_back(all.legacy->tail);
    if (stream != all.legacy) return needs;
    for (cudaStream_t other : all.streams) {
        if (other->blocking) needs.push_back(other->tail);
    }
    return needs;
}

static bool blockingCapture(State &all) {
    for (cudaStream_t stream : all.streams) {
        if (stream->blocking && stream->captured.capture != nullptr) return true;
    }
    return false;
}

cudaError_t queue(State &all, cudaStream_t stream, Kind kind, const char *name, std::function<void()> work) {
    Body body = std::make_shared<const std::function<void()>>(std::move(work));
    if (stream->captured.capture != nullptr) return record(stream->captured, kind, name, std::move(body));
    if (stream == all.legacy && blockingCapture(all)) return cudaErrorStreamCaptureImplicit;
    stream->tail = all.schedule.add(name, std::move(body), tails(all, stream));
    return cudaSuccess;
}

static void recordGraph(Captured &captured, const std::vector<Node> &nodes) {
    const std::set<size_t> before = captured.tail;
    const size_t first = captured.capture->nodes.size();
    for (const Node &node : nodes) {
        Node copy = node;
        for (size_t &need : copy.needs) need += first;
        if (copy.needs.empty()) copy.needs.assign(before.begin(), before.end());
        for (size_t need : copy.needs) captured.tail.erase(need);
        captured.tail.insert(captured.capture->nodes.size());
        captured.capture->nodes.push_back(std::move(copy));
    }
}

cudaError_t queueGraph(State &all, cudaStream_t stream, cudaGraphExec_t executable) {
    if (stream->captured.capture != nullptr) {
        if (stream->captured.capture->broken) return cudaErrorStreamCaptureInvalidated;
        recordGraph(stream->captured, executable->nodes);
        return cudaSuccess;
    }
    std::vector<Mark> before = tails(all, stream);
    before.push_back(executable->lastLaunch);
    const Mark begin = all.schedule.add("beginning of a graph", nullptr, before);
    std::vector<Mark> marks;
    for (const Node &node : executable->nodes) {
        std::vector<Mark> needs = {begin};
        for (size_t need : node.needs) needs.push_back(marks[need]);
        marks.push_back(all.schedule.add(node.name, node.body, needs));
    }
    marks.push_back(begin);
    executable->lastLaunch = all.schedule.add("end of a graph", nullptr, marks);
    stream->tail = executable->lastLaunch;
    return cudaSuccess;
}

cudaError_t enqueueWork(cudaStream_t handle, const char *name, std::function<void()> work) {
    return call([&](State &all) {
        const cudaStream_t stream = streamAt(all, handle);
        return stream == nullptr ? cudaErrorInvalidResourceHandle : queue(all, stream, Kind::KERNEL, name, std::move(work));
    });
}

}  // namespace simulation

using simulation::call;
using simulation::lastError;
using simulation::State;

extern "C" {

cudaError_t cudaGetLastError(void) {
    State &all = simulation::state();
    std::lock_guard<std::recursive_mutex> hold(all.mutex);
    return all.schedule.lost() != cudaSuccess ? all.schedule.lost() : std::exchange(lastError, cudaSuccess);
}

cudaError_t cudaPeekAtLastError(void) {
    State &all = simulation::state();
    std::lock_guard<std::recursive_mutex> hold(all.mutex);
    return all.schedule.lost() != cudaSuccess ? all.schedule.lost() : lastError;
}

}  // extern "C"
