/* What this build is and what this machine offers. Safe on a machine without driver or device; never throws, never prints. */
#ifndef FUSEDRNN_PROBE_H
#define FUSEDRNN_PROBE_H

#include "fusedrnn/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* FRNN_ABI_VERSION of the library that was loaded. */
FRNN_EXPORT int32_t frnn_abi_version(void);

/* Hash of the native sources, compiler and architectures; the same text lies beside the library as a resource. Static. */
FRNN_EXPORT const char *frnn_build_id(void);

/* The architectures with kernel code, as CMake was told, for example "90a-real" or "75-real;80-real;120". Static. */
FRNN_EXPORT const char *frnn_architectures(void);

/* Whether the library holds code a device of this compute capability can run: 1 or 0. */
FRNN_EXPORT int32_t frnn_runs_on(int32_t major, int32_t minor);

/*
 * sizeof of a struct by its name without "Frnn" and "Params" ("Fill", "CellForward", "Message"); -1 for an unknown name. The
 * binding compares them with its own.
 */
FRNN_EXPORT int32_t frnn_struct_size(const char *name);

typedef struct FrnnProbe {
    uint32_t structSize;
    /* As cudaDriverGetVersion: 13000 is 13.0; 0 without a driver. */
    int32_t driverVersion;
    /* Of the CUDA runtime inside this library. */
    int32_t runtimeVersion;
    /* cudaError_t of cudaGetDeviceCount; 0 if devices can be asked. */
    int32_t cudaError;
    int32_t deviceCount;
    /* Why there is no usable device; empty if there is one. */
    char reason[256];
} FrnnProbe;

/* Fills *probe (host). FRNN_OK also when there is no device: the reason is part of the answer. */
FRNN_EXPORT int32_t frnn_probe(FrnnProbe *probe, FrnnMessage *message);

typedef struct FrnnDevice {
    uint32_t structSize;
    int32_t major;
    int32_t minor;
    int32_t multiprocessors;
    int32_t cooperativeLaunch;
    int32_t clusterLaunch;
    int32_t eccEnabled;
    int32_t runsHere; /* frnn_runs_on(major, minor) */
    int64_t sharedBytesPerBlockOptIn;
    int64_t sharedBytesPerMultiprocessor;
    int64_t registersPerMultiprocessor;
    int64_t threadsPerMultiprocessor;
    int64_t memoryBytes;
    int64_t l2Bytes;
    int64_t clockKilohertz;
    char name[256];
    char pciBusId[32];
} FrnnDevice;

/* Fills *device (host) with the properties of CUDA device `index`; does not create a context. */
FRNN_EXPORT int32_t frnn_device(int32_t index, FrnnDevice *device, FrnnMessage *message);

/* Makes `index` the calling thread's device for later calls of this library. */
FRNN_EXPORT int32_t frnn_select_device(int32_t index, FrnnMessage *message);

#ifdef __cplusplus
}
#endif

#endif
