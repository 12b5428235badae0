// Which devices can run code that was compiled for a list of architectures.
#pragma once

namespace frnn {

// `list` as CMake's CUDA_ARCHITECTURES: "75-real;90a-real;120": without suffix both machine code and PTX. Machine code runs on
// the same major version and any later minor one (an "a" only on its own version); PTX also on everything newer (not with "a").
bool architecturesRunOn(const char *list, int major, int minor);

}  // namespace frnn
