// Why a machine offers no CUDA device, in words.
#pragma once

#include <string>

namespace frnn {

// `driver` and `runtime` as 13000 for 13.0, driver 0 without one; `error` is what asking for the device count gave.
std::string whyNoDevice(int driver, int runtime, int error, const char *errorText);

}  // namespace frnn
