// The state behind the stand-in's functions: one device, its memory, its work, its streams and what is being captured.
#pragma once

#include <cuda_runtime_api.h>

#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "java_functions.h"
#include "launches.h"
#include "memory.h"
#include "schedule.h"

namespace simulation {

constexpr cudaError_t ILLEGAL_STATE = cudaError_t(401);
constexpr cudaError_t GRAPH_UPDATE_FAILURE = cudaError_t(910);

enum class Kind { KERNEL, COPY, SET };

// One operation of a graph; `needs` are the numbers of the nodes it waits for, all smaller than its own.
struct Node {
    Kind kind;
    const char *name;
    Body body;
    std::vector<size_t> needs;
};

struct Capture {
    cudaStreamCaptureMode mode;
    std::thread::id thread;
    cudaStream_t origin;
    std::vector<Node> nodes = {};
    bool broken = false;
    bool ended = false;
};

// The nodes after which the next one of a captured stream comes.
struct Captured {
    std::shared_ptr<Capture> capture;
    std::set<size_t> tail = {};
};

struct State {
    std::recursive_mutex mutex;
    Memory memory;
    Memory pinned;
    Schedule schedule;
    std::set<cudaStream_t> streams;
    std::set<cudaEvent_t> events;
    std::set<cudaGraph_t> graphs;
    std::set<cudaGraphExec_t> executables;
    cudaStream_t legacy;  // the stream with handle 0

    State();
};

State &state();

// Remembers an error for cudaGetLastError.
cudaError_t answer(cudaError_t error);

// Every function of the runtime: one at a time, and refused once the device is lost.
template <typename Body>
cudaError_t call(Body &&body) {
    State &all = state();
    std::lock_guard<std::recursive_mutex> hold(all.mutex);
    if (all.schedule.lost() != cudaSuccess) return all.schedule.lost();
    const cudaError_t result = body(all);
    return all.schedule.lost() != cudaSuccess ? all.schedule.lost() : answer(result);
}

// The stream behind a handle; null if there is none.
cudaStream_t streamAt(State &all, cudaStream_t handle);

// Queues work on a stream, or records it.
cudaError_t queue(State &all, cudaStream_t stream, Kind kind, const char *name, std::function<void()> work);

// Queues a whole graph on a stream.
cudaError_t queueGraph(State &all, cudaStream_t stream, cudaGraphExec_t executable);

// A capture that forbids this thread calls such as an allocation is broken by one; success if there is none.
cudaError_t refuseWhileCapturing(State &all);

// Waiting for the device is not possible while any stream is being captured.
cudaError_t refuseWaiting(State &all);

}  // namespace simulation

struct CUstream_st {
    bool blocking;  // ordered with stream 0
    simulation::Mark tail = {};
    simulation::Captured captured = {};
};

struct CUevent_st {
    bool timed;
    simulation::Mark mark = {};
    simulation::Captured captured = {};
    std::shared_ptr<double> milliseconds = {};
};

struct CUgraph_st {
    std::vector<simulation::Node> nodes;
};

struct CUgraphExec_st {
    std::vector<simulation::Node> nodes;
    simulation::Mark lastLaunch = {};
};
