// What CUDA checks of a launch.
#pragma once

#include <cuda_runtime_api.h>

#include "../device.h"

namespace simulation {

constexpr int MULTIPROCESSORS = 132;
constexpr int MOST_THREADS = 1024;  // of a block
constexpr size_t SHARED_BYTES = 227 << 10;  // most of one block
constexpr size_t RESERVED_SHARED_BYTES = 1 << 10;

// Whether CUDA would start it.
cudaError_t checkLaunch(const Launch &launch);

}  // namespace simulation
