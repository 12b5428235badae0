// Launches on the simulated device.
#pragma once

#include <cuda_runtime.h>

#include <utility>

namespace frnn {

template <typename... Parameters, typename... Arguments>
void launchKernel(void (*kernel)(Parameters...), dim3 grid, dim3 block, size_t sharedBytes, cudaStream_t stream, Arguments &&...arguments) {
    simulation::Launch launch;
    launch.grid = grid;
    launch.block = block;
    launch.sharedBytes = sharedBytes;
    // The stream keeps the error for cudaGetLastError.
    static_cast<void>(simulation::enqueueKernel(stream, launch, kernel, std::forward<Arguments>(arguments)...));
}

}  // namespace frnn
