#include "reasons.h"

#include <cuda_runtime_api.h>

namespace frnn {

static std::string version(int number) { return std::to_string(number / 1000) + "." + std::to_string(number % 1000 / 10); }

std::string whyNoDevice(int driver, int runtime, int error, const char *errorText) {
    const std::string said = "CUDA error " + std::to_string(error) + ": " + errorText;
    if (driver == 0) return "no CUDA driver (" + said + ")";
    if (error == cudaErrorInsufficientDriver) {
        return "the CUDA driver is too old: it offers CUDA " + version(driver) + ", " + version(runtime) + " is needed";
    }
    if (error == cudaErrorNoDevice || error == cudaSuccess) return "a CUDA driver (" + version(driver) + ") but no CUDA device";
    return said;
}

}  // namespace frnn
