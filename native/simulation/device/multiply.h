// The product of the tensor cores, on the fragments of all lanes of a warp.
#pragma once

#include <cstdint>

#include "machine.h"
#include "simulation/intrinsics.h"

namespace simulation {

void multiplyFragments(const Operand (&operands)[32], uint64_t (&results)[32][2], Factor factor);

}  // namespace simulation
