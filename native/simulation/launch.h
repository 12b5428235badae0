// From a kernel and its arguments to work of a stream.
#pragma once

#include <tuple>
#include <utility>

#include "device.h"
#include "runtime.h"

namespace simulation {

// The arguments are copied, as a launch does.
template <class... Parameters, class... Arguments>
cudaError_t enqueueKernel(cudaStream_t stream, Launch launch, void (*kernel)(Parameters...), Arguments &&...arguments) {
    std::tuple<std::remove_cv_t<Parameters>...> values(std::forward<Arguments>(arguments)...);
    launch.body = [kernel, values] { std::apply(kernel, values); };
    launch.function = reinterpret_cast<const void *>(kernel);
    return enqueue(stream, launch);
}

}  // namespace simulation
