// Conversions between float and 16-bit storage as the device rounds: to nearest even, NaN to 0x7fff.
#pragma once

#include <cstdint>
#include <cstring>

namespace simulation {

inline float bitsToFloat(uint32_t bits) {
    float value;
    std::memcpy(&value, &bits, 4);
    return value;
}

inline uint32_t floatToBits(float value) {
    uint32_t bits;
    std::memcpy(&bits, &value, 4);
    return bits;
}

inline uint16_t floatToBfloat(float value) {
    const uint32_t bits = floatToBits(value);
    if ((bits & 0x7fffffffu) > 0x7f800000u) return 0x7fff;
    return static_cast<uint16_t>((bits + 0x7fffu + (bits >> 16 & 1)) >> 16);
}

inline float halfToFloat(uint16_t half) {
    const uint32_t sign = static_cast<uint32_t>(half & 0x8000u) << 16, magnitude = half & 0x7fffu;
    if (magnitude >= 0x7c00u) return bitsToFloat(sign | 0x7f800000u | (magnitude & 0x3ffu) << 13);
    // Below the normal numbers too: the exponent is moved by a product that is exact.
    return bitsToFloat(sign | floatToBits(bitsToFloat(magnitude << 13) * 0x1p112f));
}

inline uint16_t floatToHalf(float value) {
    const uint32_t bits = floatToBits(value), magnitude = bits & 0x7fffffffu;
    const uint32_t sign = bits >> 16 & 0x8000u;
    if (magnitude > 0x7f800000u) return 0x7fff;
    if (magnitude >= 0x477ff000u) return static_cast<uint16_t>(sign | 0x7c00u); // 65520 and above
    if (magnitude < 0x38800000u) {
        // Below 2^-14 the distance of neighbours is 2^-24: the sum with 0.5 rounds there.
        return static_cast<uint16_t>(sign | (floatToBits(bitsToFloat(magnitude) + 0.5f) - 0x3f000000u));
    }
    return static_cast<uint16_t>(sign | (magnitude - 0x38000000u + 0xfffu + (magnitude >> 13 & 1)) >> 13);
}

}  // namespace simulation
