#include "fusedrnn/probe.h"

#include <cuda_runtime_api.h>

#include <cstdio>
#include <cstring>

#include "architectures.h"
#include "build_id.h"
#include "common/check.h"
#include "reasons.h"

using frnn::Check;

extern "C" {

int32_t frnn_abi_version(void) { return FRNN_ABI_VERSION; }

const char *frnn_build_id(void) { return FRNN_BUILD_ID; }

const char *frnn_architectures(void) { return FRNN_ARCHITECTURES; }

int32_t frnn_runs_on(int32_t major, int32_t minor) {
    return frnn::architecturesRunOn(FRNN_ARCHITECTURES, major, minor) ? 1 : 0;
}

int32_t frnn_probe(FrnnProbe *probe, FrnnMessage *message) {
    Check check("frnn_probe", message);
    if (!check.params(probe)) return check.status();
    std::memset(probe, 0, sizeof(*probe));
    probe->structSize = sizeof(*probe);
    // Without a driver both versions can be read; the driver's is then 0.
    static_cast<void>(cudaDriverGetVersion(&probe->driverVersion));
    static_cast<void>(cudaRuntimeGetVersion(&probe->runtimeVersion));
    int count = 0;
    cudaError_t error = cudaGetDeviceCount(&count);
    static_cast<void>(cudaGetLastError());
    probe->cudaError = static_cast<int32_t>(error);
    probe->deviceCount = error == cudaSuccess ? count : 0;
    if (probe->deviceCount == 0) {
        const std::string reason =
            frnn::whyNoDevice(probe->driverVersion, probe->runtimeVersion, probe->cudaError, cudaGetErrorString(error));
        std::snprintf(probe->reason, sizeof(probe->reason), "%s", reason.c_str());
    }
    return FRNN_OK;
}

static cudaError_t attribute(int *value, cudaDeviceAttr which, int device) {
    return cudaDeviceGetAttribute(value, which, device);
}

int32_t frnn_device(int32_t index, FrnnDevice *device, FrnnMessage *message) {
    Check check("frnn_device", message);
    if (!check.params(device)) return check.status();
    std::memset(device, 0, sizeof(*device));
    device->structSize = sizeof(*device);
    cudaDeviceProp properties;
    cudaError_t error = cudaGetDeviceProperties(&properties, index);
    int cluster = 0;
    int clock = 0;
    if (error == cudaSuccess) error = attribute(&cluster, cudaDevAttrClusterLaunch, index);
    if (error == cudaSuccess) error = attribute(&clock, cudaDevAttrClockRate, index);
    if (error != cudaSuccess) {
        static_cast<void>(cudaGetLastError());
        return check.cuda(error);
    }
    device->major = properties.major;
    device->minor = properties.minor;
    device->multiprocessors = properties.multiProcessorCount;
    device->cooperativeLaunch = properties.cooperativeLaunch;
    device->clusterLaunch = cluster;
    device->eccEnabled = properties.ECCEnabled;
    device->runsHere = frnn_runs_on(properties.major, properties.minor);
    device->sharedBytesPerBlockOptIn = static_cast<int64_t>(properties.sharedMemPerBlockOptin);
    device->sharedBytesPerMultiprocessor = static_cast<int64_t>(properties.sharedMemPerMultiprocessor);
    device->registersPerMultiprocessor = properties.regsPerMultiprocessor;
    device->threadsPerMultiprocessor = properties.maxThreadsPerMultiProcessor;
    device->memoryBytes = static_cast<int64_t>(properties.totalGlobalMem);
    device->l2Bytes = properties.l2CacheSize;
    device->clockKilohertz = clock;
    std::snprintf(device->name, sizeof(device->name), "%s", properties.name);
    return check.cuda(cudaDeviceGetPCIBusId(device->pciBusId, sizeof(device->pciBusId), index));
}

int32_t frnn_select_device(int32_t index, FrnnMessage *message) {
    return Check("frnn_select_device", message).cuda(cudaSetDevice(index));
}

}  // extern "C"
