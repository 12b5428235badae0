// Stream capture and graphs.
#include <utility>

#include "state.h"

using namespace simulation;

namespace {

constexpr int TOPOLOGY_CHANGED = 2;  // cudaGraphExecUpdateErrorTopologyChanged

cudaError_t begin(cudaStream_t stream, cudaStreamCaptureMode mode) {
    if (stream->captured.capture != nullptr) return ILLEGAL_STATE;
    auto capture = std::make_shared<Capture>(Capture{mode, std::this_thread::get_id(), stream});
    stream->captured = {std::move(capture)};
    return cudaSuccess;
}

// Everything the nodes of `tail` wait for, and they themselves.
std::vector<bool> reached(const Capture &capture, const std::set<size_t> &tail) {
    std::vector<bool> found(capture.nodes.size(), false);
    for (size_t node : tail) found[node] = true;
    for (size_t node = capture.nodes.size(); node-- > 0;) {
        if (!found[node]) continue;
        for (size_t need : capture.nodes[node].needs) found[need] = true;
    }
    return found;
}

// Whether what was recorded on other streams comes back to the origin.
bool joined(State &all, const Capture &capture) {
    const std::vector<bool> found = reached(capture, capture.origin->captured.tail);
    for (cudaStream_t stream : all.streams) {
        if (stream->captured.capture.get() != &capture) continue;
        for (size_t node : stream->captured.tail) {
            if (!found[node]) return false;
        }
    }
    return true;
}

cudaError_t end(State &all, cudaStream_t stream, cudaGraph_t *graph) {
    *graph = nullptr;
    const std::shared_ptr<Capture> capture = stream->captured.capture;
    if (capture == nullptr) return ILLEGAL_STATE;
    if (capture->origin != stream) {
        capture->broken = true;
        return cudaErrorStreamCaptureUnmatched;
    }
    if (capture->mode != cudaStreamCaptureModeRelaxed && capture->thread != std::this_thread::get_id()) return cudaErrorStreamCaptureWrongThread;
    const bool complete = joined(all, *capture);
    capture->ended = true;
    for (cudaStream_t other : all.streams) {
        if (other->captured.capture == capture) other->captured = {};
    }
    if (capture->broken) return cudaErrorStreamCaptureInvalidated;
    if (!complete) return cudaErrorStreamCaptureUnjoined;
    *graph = new CUgraph_st{std::move(capture->nodes)};
    all.graphs.insert(*graph);
    return cudaSuccess;
}

bool sameShape(const std::vector<Node> &a, const std::vector<Node> &b) {
    if (a.size() != b.size()) return false;
    for (size_t i = 0; i < a.size(); ++i) {
        if (a[i].kind != b[i].kind || a[i].needs != b[i].needs) return false;
    }
    return true;
}

cudaError_t instantiate(cudaGraphExec_t *executable, cudaGraph_t graph) {
    return call([&](State &all) {
        if (all.graphs.count(graph) == 0) return cudaErrorInvalidValue;
        *executable = new CUgraphExec_st{graph->nodes};
        all.executables.insert(*executable);
        return cudaSuccess;
    });
}

}  // namespace

extern "C" {

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode mode) {
    return call([&](State &all) {
        if (stream == nullptr || stream == cudaStreamLegacy) return cudaErrorStreamCaptureUnsupported;
        return all.streams.count(stream) == 0 ? cudaErrorInvalidResourceHandle : begin(stream, mode);
    });
}

cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t *graph) {
    return call([&](State &all) {
        return all.streams.count(stream) == 0 ? cudaErrorInvalidResourceHandle : end(all, stream, graph);
    });
}

// Counts the nodes; their handles are not given.
cudaError_t cudaGraphGetNodes(cudaGraph_t graph, cudaGraphNode_t *nodes, size_t *count) {
    return call([&](State &all) {
        if (all.graphs.count(graph) == 0 || nodes != nullptr) return cudaErrorInvalidValue;
        *count = graph->nodes.size();
        return cudaSuccess;
    });
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
    return call([&](State &all) {
        if (all.graphs.erase(graph) == 0) return cudaErrorInvalidValue;
        delete graph;
        return cudaSuccess;
    });
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t *executable, cudaGraph_t graph, unsigned long long) {
    return instantiate(executable, graph);
}

cudaError_t cudaGraphExecUpdate(cudaGraphExec_t executable, cudaGraph_t graph, cudaGraphExecUpdateResultInfo *info) {
    return call([&](State &all) {
        if (all.executables.count(executable) == 0 || all.graphs.count(graph) == 0) return cudaErrorInvalidValue;
        const bool same = sameShape(executable->nodes, graph->nodes);
        *info = {};
        info->result = same ? 0 : TOPOLOGY_CHANGED;
        if (same) executable->nodes = graph->nodes;
        return same ? cudaSuccess : GRAPH_UPDATE_FAILURE;
    });
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t executable, cudaStream_t handle) {
    return call([&](State &all) {
        const cudaStream_t stream = streamAt(all, handle);
        if (stream == nullptr) return cudaErrorInvalidResourceHandle;
        return all.executables.count(executable) == 0 ? cudaErrorInvalidValue : queueGraph(all, stream, executable);
    });
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t executable) {
    return call([&](State &all) {
        if (all.executables.erase(executable) == 0) return cudaErrorInvalidValue;
        delete executable;
        return cudaSuccess;
    });
}

}  // extern "C"
