// The simulated device: runs one kernel, every CUDA thread as a fiber of the calling thread.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "vector_types.h"

namespace simulation {

struct Launch {
    dim3 grid, block;
    size_t sharedBytes = 0; // dynamic
    unsigned clusterSize = 1;
    bool cooperative = false;   // all blocks run at the same time
    std::function<void()> body; // of one thread
    const void *function = nullptr; // the kernel, to name it
};

struct Options {
    uint64_t seed = 1;       // of the order in which warps, asynchronous copies and stores come
    int vanishingBlock = -1; // of every launch: its threads end at some moment; -1: none
    int vanishAfter = 0;     // times that block has been scheduled before it vanishes
};

// Read from FUSEDRNN_SIMULATION_SEED, FUSEDRNN_SIMULATION_VANISH (block[:moment]); a test may change them.
Options &options();

// Runs the kernel to its end. Throws Fault (runtime.h) where a device would fail, or where what it would do is not defined.
void run(const Launch &launch);

}  // namespace simulation
