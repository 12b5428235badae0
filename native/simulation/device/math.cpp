// The device's approximate functions: as exact as they have to be, and no more.
#include <cmath>

#include "simulation/intrinsics.h"
#include "simulation/storage.h"

namespace simulation {

// Its error may reach 2^-11 of the value: the result keeps 11 bits.
float tanhApproximate(float x) {
    const float exact = std::tanh(x);
    if (!(std::fabs(exact) < 1.0f)) return exact;
    return bitsToFloat((floatToBits(exact) + 0x1000u) & ~0x1fffu);
}

// cvt.rna.tf32: halves away from zero, beyond the largest value infinite.
uint32_t roundTf32(float x) {
    const uint32_t bits = floatToBits(x), magnitude = bits & 0x7fffffffu;
    if (magnitude > 0x7f800000u) return 0x7fffffffu;
    return (bits + 0x1000u) & ~0x1fffu;
}

// ex2.approx of a product that is rounded first; results below the normal numbers become 0.
float expApproximate(float x) {
    const float y = static_cast<float>(std::exp2(static_cast<double>(x * 1.44269504f)));
    return y < 0x1p-126f ? 0.0f : y;
}

float divideApproximate(float x, float y) {
    const float magnitude = std::fabs(y);
    if (magnitude > 0x1p126f && magnitude <= 0x1.fffffep127f) return std::isinf(x) ? NAN : 0.0f * x * y;
    return x / y;
}

}  // namespace simulation
