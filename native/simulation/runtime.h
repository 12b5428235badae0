// What kernels compiled for the host need of the stand-in for the CUDA runtime: their launches become work of a stream.
#pragma once

#include <cuda_runtime_api.h>

#include <functional>
#include <string>

#include "device.h"

namespace simulation {

// Thrown by work that a GPU would have broken off. The device is lost from then on, for the whole process.
struct Fault {
    cudaError_t error;
    std::string text;
};

// Queues work behind what the stream already has, or records it if the stream is being captured. It runs later, on whichever
// thread waits for it, in any order that streams, events and graphs allow. `name` has to live as long as the process.
cudaError_t enqueueWork(cudaStream_t stream, const char *name, std::function<void()> work);

// Queues a kernel, if its sizes are those that CUDA would launch. Linked with the kernels, not with the runtime.
cudaError_t enqueue(cudaStream_t stream, const Launch &launch);

}  // namespace simulation
