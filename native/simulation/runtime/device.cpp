// What the simulated device says of itself: the figures of an H100 (SXM5), as far as the kernels of this project ask for them.
#include <cstdio>
#include <cstring>

#include "state.h"

using namespace simulation;

namespace {

constexpr const char *NAME = "simulated H100 (host)";
constexpr int VERSION = 13000;
constexpr int L2_BYTES = 50 << 20;
constexpr int KILOHERTZ = 1980000;

cudaDeviceProp properties(const State &all) {
    cudaDeviceProp p = {};
    std::snprintf(p.name, sizeof(p.name), "%s", NAME);
    p.totalGlobalMem = all.memory.capacity();
    p.sharedMemPerBlock = 48 << 10;
    p.regsPerBlock = p.regsPerMultiprocessor = 65536;
    p.warpSize = 32;
    p.maxThreadsPerBlock = MOST_THREADS;
    p.maxThreadsDim[0] = p.maxThreadsDim[1] = MOST_THREADS;
    p.maxThreadsDim[2] = 64;
    p.maxGridSize[0] = 0x7fffffff;
    p.maxGridSize[1] = p.maxGridSize[2] = 65535;
    p.major = 9;
    p.minor = 0;
    p.multiProcessorCount = MULTIPROCESSORS;
    p.concurrentKernels = 1;
    p.unifiedAddressing = 1;
    p.l2CacheSize = L2_BYTES;
    p.maxThreadsPerMultiProcessor = 2048;
    p.sharedMemPerMultiprocessor = SHARED_BYTES + RESERVED_SHARED_BYTES;
    p.sharedMemPerBlockOptin = SHARED_BYTES;
    p.reservedSharedMemPerBlock = RESERVED_SHARED_BYTES;
    p.cooperativeLaunch = 1;
    p.clusterLaunch = 1;
    return p;
}

// The attributes that have a value here; -1 for others.
int attribute(const cudaDeviceProp &p, cudaDeviceAttr which) {
    switch (which) {
        case cudaDevAttrMaxThreadsPerBlock: return p.maxThreadsPerBlock;
        case cudaDevAttrMaxSharedMemoryPerBlock: return static_cast<int>(p.sharedMemPerBlock);
        case cudaDevAttrMaxSharedMemoryPerBlockOptin: return static_cast<int>(p.sharedMemPerBlockOptin);
        case cudaDevAttrClockRate: return KILOHERTZ;
        case cudaDevAttrMultiProcessorCount: return p.multiProcessorCount;
        case cudaDevAttrComputeCapabilityMajor: return p.major;
        case cudaDevAttrComputeCapabilityMinor: return p.minor;
        case cudaDevAttrCooperativeLaunch: return p.cooperativeLaunch;
        case cudaDevAttrClusterLaunch: return p.clusterLaunch;
        default: return -1;
    }
}

}  // namespace

extern "C" {

cudaError_t cudaDriverGetVersion(int *version) {
    *version = VERSION;
    return cudaSuccess;
}

cudaError_t cudaRuntimeGetVersion(int *version) {
    *version = VERSION;
    return cudaSuccess;
}

cudaError_t cudaGetDeviceCount(int *count) {
    *count = 1;
    return cudaSuccess;
}

cudaError_t cudaGetDevice(int *device) {
    *device = 0;
    return cudaSuccess;
}

cudaError_t cudaSetDevice(int device) {
    return call([&](State &) { return device == 0 ? cudaSuccess : cudaErrorInvalidDevice; });
}

cudaError_t cudaGetDeviceProperties(cudaDeviceProp *to, int device) {
    return call([&](State &all) {
        if (device != 0) return cudaErrorInvalidDevice;
        *to = properties(all);
        return cudaSuccess;
    });
}

cudaError_t cudaDeviceGetAttribute(int *value, cudaDeviceAttr which, int device) {
    return call([&](State &all) {
        if (device != 0) return cudaErrorInvalidDevice;
        const int found = attribute(properties(all), which);
        if (found >= 0) *value = found;
        return found >= 0 ? cudaSuccess : cudaErrorInvalidValue;
    });
}

cudaError_t cudaDeviceGetPCIBusId(char *id, int length, int device) {
    return call([&](State &) {
        if (device != 0) return cudaErrorInvalidDevice;
        std::snprintf(id, static_cast<size_t>(length), "0000:00:00.0");
        return cudaSuccess;
    });
}

}  // extern "C"
