// Between kernels and the runtime: linked with the kernels, whose library holds what runs them.
#include "../device.h"
#include "../runtime.h"
#include "launches.h"

namespace simulation {

cudaError_t enqueue(cudaStream_t stream, const Launch &launch) {
    const cudaError_t status = checkLaunch(launch);
    return status == cudaSuccess ? enqueueWork(stream, "kernel", [launch] { run(launch); }) : status;
}

}  // namespace simulation
