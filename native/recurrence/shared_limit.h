// How much dynamic shared memory the persistent kernels may be launched with.
#pragma once

#include <cuda_runtime_api.h>

namespace frnn {

// The most that a block has on Hopper. The limit belongs to a kernel, not to a launch, and is the same at every launch: otherwise a
// launch with less shared memory, of another thread, would take it from one that has just set it.
constexpr int kMostSharedBytes = 227 * 1024;

template <class Kernel>
cudaError_t allowSharedMemory(Kernel kernel) {
    return cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, kMostSharedBytes);
}

} // namespace frnn
