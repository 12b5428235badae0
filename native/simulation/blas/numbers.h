// Numbers of the types that NVIDIA's libraries compute with.
#pragma once

#include <cstdint>

namespace simulation {

// cudaDataType
enum Type : int { F32 = 0, F16 = 2, BF16 = 14 };

int64_t typeBytes(int type);

// Element `index` of an array.
float load(int type, const void *from, int64_t index);

// Rounds to nearest, ties to even; NaN becomes 0x7fff in 16 bits.
void store(int type, void *to, int64_t index, float value);

// To 10 explicit bits, ties away from zero.
float roundTf32(float value);

}  // namespace simulation
