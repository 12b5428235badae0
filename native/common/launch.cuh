// Launches: the one place that says how a kernel is started. simulation/include/common/launch.cuh starts it on the simulated device.
#pragma once

#include <cuda_runtime.h>

#include <utility>

namespace frnn {

// The outcome is that of cudaGetLastError.
template <typename... Parameters, typename... Arguments>
void launchKernel(void (*kernel)(Parameters...), dim3 grid, dim3 block, size_t sharedBytes, cudaStream_t stream, Arguments &&...arguments) {
    kernel<<<grid, block, sharedBytes, stream>>>(std::forward<Arguments>(arguments)...);
}

}  // namespace frnn
