#include "numbers.h"

#include <array>
#include <cmath>
#include <cstring>

namespace simulation {
namespace {

uint32_t bitsOf(float value) {
    uint32_t bits;
    std::memcpy(&bits, &value, 4);
    return bits;
}

float floatOf(uint32_t bits) {
    float value;
    std::memcpy(&value, &bits, 4);
    return value;
}

float widenHalf(uint16_t half) {
    const int exponent = half >> 10 & 31;
    const float fraction = static_cast<float>(half & 1023);
    float value;
    if (exponent == 31) value = fraction == 0 ? INFINITY : NAN;
    else if (exponent == 0) value = std::ldexp(fraction, -24);
    else value = std::ldexp(fraction + 1024, exponent - 25);
    return half >> 15 != 0 ? -value : value;
}

const std::array<float, 65536> &halves() {
    static const std::array<float, 65536> all = [] {
        std::array<float, 65536> table;
        for (uint32_t bits = 0; bits < 65536; ++bits) table[bits] = widenHalf(static_cast<uint16_t>(bits));
        return table;
    }();
    return all;
}

uint16_t narrowHalf(float value) {
    const uint16_t sign = static_cast<uint16_t>(bitsOf(value) >> 16 & 0x8000);
    const float size = std::fabs(value);
    if (std::isnan(value)) return 0x7fff;
    if (size >= 65520) return sign | 0x7c00;
    // Scaled so that a unit of the result is 1; nearbyint rounds to even.
    const int exponent = size < 0x1p-14f ? -14 : std::ilogb(size);
    const int fraction = static_cast<int>(std::nearbyint(std::ldexp(size, 10 - exponent)));
    const int biased = exponent == -14 && fraction < 1024 ? 0 : exponent + 14;
    return static_cast<uint16_t>(sign | ((biased << 10) + fraction));
}

uint16_t narrowBf16(float value) {
    const uint32_t bits = bitsOf(value);
    if (std::isnan(value)) return 0x7fff;
    return static_cast<uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

}  // namespace

int64_t typeBytes(int type) { return type == F32 ? 4 : 2; }

float roundTf32(float value) { return std::isfinite(value) ? floatOf((bitsOf(value) + 0x1000) & ~0x1fffu) : value; }

float load(int type, const void *from, int64_t index) {
    if (type == F32) return static_cast<const float *>(from)[index];
    const uint16_t bits = static_cast<const uint16_t *>(from)[index];
    return type == F16 ? halves()[bits] : floatOf(static_cast<uint32_t>(bits) << 16);
}

void store(int type, void *to, int64_t index, float value) {
    if (type == F32) static_cast<float *>(to)[index] = value;
    else static_cast<uint16_t *>(to)[index] = type == F16 ? narrowHalf(value) : narrowBf16(value);
}

}  // namespace simulation
