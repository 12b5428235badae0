// Streams and events.
#include <chrono>

#include "state.h"

using namespace simulation;

namespace {

double now() {
    using namespace std::chrono;
    return duration<double, std::milli>(steady_clock::now().time_since_epoch()).count();
}

cudaError_t createStream(cudaStream_t *stream, bool blocking) {
    return call([&](State &all) {
        *stream = new CUstream_st{blocking};
        all.streams.insert(*stream);
        return cudaSuccess;
    });
}

cudaError_t createEvent(cudaEvent_t *event, bool timed) {
    return call([&](State &all) {
        *event = new CUevent_st{timed};
        all.events.insert(*event);
        return cudaSuccess;
    });
}

cudaError_t recordEvent(State &all, cudaEvent_t event, cudaStream_t stream) {
    const auto &capture = stream->captured.capture;
    if (capture != nullptr && capture->broken) return cudaErrorStreamCaptureInvalidated;
    event->captured = stream->captured;
    event->mark.reset();
    event->milliseconds.reset();
    if (capture != nullptr) return cudaSuccess;
    const auto time = std::make_shared<double>(0);
    const cudaError_t status = queue(all, stream, Kind::SET, "event", [time] { *time = now(); });
    if (status != cudaSuccess) return status;
    event->mark = stream->tail;
    event->milliseconds = time;
    return cudaSuccess;
}

// The event was recorded in a capture: the waiting stream joins it.
cudaError_t join(cudaStream_t stream, const Captured &captured) {
    if (captured.capture->ended) return cudaErrorCapturedEvent;
    Captured &own = stream->captured;
    if (own.capture != nullptr && own.capture != captured.capture) {
        own.capture->broken = captured.capture->broken = true;
        return cudaErrorStreamCaptureMerge;
    }
    own.capture = captured.capture;
    own.tail.insert(captured.tail.begin(), captured.tail.end());
    return cudaSuccess;
}

cudaError_t waitFor(State &all, cudaStream_t stream, cudaEvent_t event) {
    if (event->captured.capture != nullptr) {
        return stream == all.legacy ? cudaErrorStreamCaptureImplicit : join(stream, event->captured);
    }
    if (event->mark == nullptr) return cudaSuccess;
    if (stream->captured.capture != nullptr) {
        stream->captured.capture->broken = true;
        return cudaErrorStreamCaptureIsolation;
    }
    stream->tail = all.schedule.add("wait", nullptr, {stream->tail, event->mark});
    return cudaSuccess;
}

// Both an event that belongs to a capture and a captured stream cannot be asked how far they are.
cudaError_t refuse(const Captured &captured, cudaError_t error) {
    if (captured.capture == nullptr) return cudaSuccess;
    captured.capture->broken = true;
    return error;
}

}  // namespace

extern "C" {

cudaError_t cudaStreamCreateWithFlags(cudaStream_t *stream, unsigned int flags) {
    return createStream(stream, (flags & cudaStreamNonBlocking) == 0);
}

// Priorities have no meaning here.
cudaError_t cudaStreamCreateWithPriority(cudaStream_t *stream, unsigned int flags, int) {
    return cudaStreamCreateWithFlags(stream, flags);
}

cudaError_t cudaStreamDestroy(cudaStream_t stream) {
    return call([&](State &all) {
        if (all.streams.count(stream) == 0) return cudaErrorInvalidResourceHandle;
        const cudaError_t captured = refuse(stream->captured, cudaErrorStreamCaptureUnsupported);
        if (captured != cudaSuccess) return captured;
        all.streams.erase(stream);
        delete stream;
        return cudaSuccess;
    });
}

cudaError_t cudaStreamSynchronize(cudaStream_t handle) {
    return call([&](State &all) {
        const cudaStream_t stream = streamAt(all, handle);
        if (stream == nullptr) return cudaErrorInvalidResourceHandle;
        const cudaError_t captured = refuse(stream->captured, cudaErrorStreamCaptureUnsupported);
        if (captured == cudaSuccess) all.schedule.finish(stream->tail);
        return captured;
    });
}

cudaError_t cudaStreamWaitEvent(cudaStream_t handle, cudaEvent_t event, unsigned int) {
    return call([&](State &all) {
        const cudaStream_t stream = streamAt(all, handle);
        if (stream == nullptr || all.events.count(event) == 0) return cudaErrorInvalidResourceHandle;
        return waitFor(all, stream, event);
    });
}

cudaError_t cudaDeviceSynchronize(void) {
    return call([](State &all) {
        const cudaError_t captured = refuseWaiting(all);
        if (captured == cudaSuccess) all.schedule.finishAll();
        return captured;
    });
}

cudaError_t cudaEventCreate(cudaEvent_t *event) { return createEvent(event, true); }

cudaError_t cudaEventDestroy(cudaEvent_t event) {
    return call([&](State &all) {
        if (all.events.erase(event) == 0) return cudaErrorInvalidResourceHandle;
        delete event;
        return cudaSuccess;
    });
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t handle) {
    return call([&](State &all) {
        const cudaStream_t stream = streamAt(all, handle);
        if (stream == nullptr || all.events.count(event) == 0) return cudaErrorInvalidResourceHandle;
        return recordEvent(all, event, stream);
    });
}

cudaError_t cudaEventSynchronize(cudaEvent_t event) {
    return call([&](State &all) {
        if (all.events.count(event) == 0) return cudaErrorInvalidResourceHandle;
        const cudaError_t captured = refuse(event->captured, cudaErrorCapturedEvent);
        if (captured == cudaSuccess) all.schedule.finish(event->mark);
        return captured;
    });
}

cudaError_t cudaEventElapsedTime(float *milliseconds, cudaEvent_t start, cudaEvent_t end) {
    return call([&](State &all) {
        for (cudaEvent_t event : {start, end}) {
            if (all.events.count(event) == 0 || !event->timed || event->mark == nullptr) return cudaErrorInvalidResourceHandle;
            if (!event->mark->done) return cudaErrorNotReady;
        }
        *milliseconds = static_cast<float>(*end->milliseconds - *start->milliseconds);
        return cudaSuccess;
    });
}

}  // extern "C"
