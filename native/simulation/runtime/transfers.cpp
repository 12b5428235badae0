// Memory: taking, giving back, copying, setting.
#include <cstring>
#include <utility>

#include "state.h"

using namespace simulation;

namespace {

struct Copy {
    void *to;
    size_t toPitch;
    const void *from;
    size_t fromPitch;
    size_t width;
    size_t rows;

    size_t toBytes() const { return toPitch * (rows - 1) + width; }
    size_t fromBytes() const { return fromPitch * (rows - 1) + width; }
    void run() const {
        for (size_t row = 0; row < rows; ++row) {
            std::memcpy(static_cast<char *>(to) + row * toPitch, static_cast<const char *>(from) + row * fromPitch, width);
        }
    }
};

bool fits(const State &all, const Copy &copy, cudaMemcpyKind kind) {
    const bool toDevice = kind == cudaMemcpyHostToDevice || kind == cudaMemcpyDeviceToDevice;
    const bool fromDevice = kind == cudaMemcpyDeviceToHost || kind == cudaMemcpyDeviceToDevice;
    if (toDevice && !all.memory.holds(copy.to, copy.toBytes())) return false;
    if (fromDevice && !all.memory.holds(copy.from, copy.fromBytes())) return false;
    return copy.width <= copy.toPitch && copy.width <= copy.fromPitch;
}

cudaError_t queueCopy(State &all, cudaStream_t stream, const Copy &copy, cudaMemcpyKind kind) {
    if (copy.width == 0 || copy.rows == 0) return cudaSuccess;
    if (!fits(all, copy, kind)) return cudaErrorInvalidValue;
    const bool captured = stream->captured.capture != nullptr;
    if (kind == cudaMemcpyHostToDevice && !captured && !all.pinned.holds(copy.from, copy.fromBytes())) {
        // Pageable memory is read before the call returns.
        const auto staged = std::make_shared<std::string>(static_cast<const char *>(copy.from), copy.fromBytes());
        return queue(all, stream, Kind::COPY, "copy", [copy, staged] {
            Copy own = copy;
            own.from = staged->data();
            own.run();
        });
    }
    const cudaError_t status = queue(all, stream, Kind::COPY, "copy", [copy] { copy.run(); });
    if (status != cudaSuccess || kind != cudaMemcpyDeviceToHost || captured) return status;
    // Into pageable memory a copy is done when the call returns.
    if (!all.pinned.holds(copy.to, copy.toBytes())) all.schedule.finish(stream->tail);
    return cudaSuccess;
}

cudaError_t copyOn(cudaStream_t handle, const Copy &copy, cudaMemcpyKind kind) {
    return call([&](State &all) {
        const cudaStream_t stream = streamAt(all, handle);
        return stream == nullptr ? cudaErrorInvalidResourceHandle : queueCopy(all, stream, copy, kind);
    });
}

cudaError_t setOn(cudaStream_t handle, void *to, int value, size_t bytes) {
    return call([&](State &all) {
        const cudaStream_t stream = streamAt(all, handle);
        if (stream == nullptr) return cudaErrorInvalidResourceHandle;
        if (bytes == 0) return cudaSuccess;
        if (!all.memory.holds(to, bytes)) return cudaErrorInvalidValue;
        return queue(all, stream, Kind::SET, "set", [=] { std::memset(to, value, bytes); });
    });
}

cudaError_t take(Memory &memory, State &all, void **address, size_t bytes) {
    const cudaError_t captured = refuseWhileCapturing(all);
    if (captured != cudaSuccess) return captured;
    *address = nullptr;
    if (bytes == 0) return cudaSuccess;
    *address = memory.take(bytes);
    return *address == nullptr ? cudaErrorMemoryAllocation : cudaSuccess;
}

cudaError_t give(Memory &memory, State &all, void *address) {
    if (address == nullptr) return cudaSuccess;
    const cudaError_t captured = refuseWhileCapturing(all);
    if (captured != cudaSuccess) return captured;
    all.schedule.finishAll();
    return memory.give(address) ? cudaSuccess : cudaErrorInvalidValue;
}

}  // namespace

extern "C" {

cudaError_t cudaMalloc(void **address, size_t bytes) {
    return call([&](State &all) { return take(all.memory, all, address, bytes); });
}

cudaError_t cudaFree(void *address) {
    return call([&](State &all) { return give(all.memory, all, address); });
}

cudaError_t cudaMallocHost(void **address, size_t bytes) {
    return call([&](State &all) { return take(all.pinned, all, address, bytes); });
}

cudaError_t cudaFreeHost(void *address) {
    return call([&](State &all) { return give(all.pinned, all, address); });
}

cudaError_t cudaMemGetInfo(size_t *free, size_t *total) {
    return call([&](State &all) {
        *free = all.memory.free();
        *total = all.memory.capacity();
        return cudaSuccess;
    });
}

cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t bytes, cudaMemcpyKind kind, cudaStream_t stream) {
    return copyOn(stream, {to, bytes, from, bytes, bytes, 1}, kind);
}

cudaError_t cudaMemcpy2DAsync(void *to, size_t toPitch, const void *from, size_t fromPitch, size_t width, size_t rows,
                              cudaMemcpyKind kind, cudaStream_t stream) {
    return copyOn(stream, {to, toPitch, from, fromPitch, width, rows}, kind);
}

cudaError_t cudaMemcpy(void *to, const void *from, size_t bytes, cudaMemcpyKind kind) {
    const cudaError_t status = cudaMemcpyAsync(to, from, bytes, kind, nullptr);
    return status == cudaSuccess ? cudaStreamSynchronize(nullptr) : status;
}

cudaError_t cudaMemsetAsync(void *to, int value, size_t bytes, cudaStream_t stream) { return setOn(stream, to, value, bytes); }

cudaError_t cudaMemset(void *to, int value, size_t bytes) { return setOn(nullptr, to, value, bytes); }

}  // extern "C"
