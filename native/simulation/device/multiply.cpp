#include "multiply.h"

#include <cstring>

#include "simulation/storage.h"

namespace simulation {
namespace {

typedef float Row __attribute__((vector_size(32)));

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_UNDEFINED__)
#define WIDE
#else
// Products and sums are rounded one by one in both, so that results do not depend on the machine.
#define WIDE __attribute__((target_clones("avx2", "default")))
#endif

WIDE void multiply(const float (&a)[16][16], const Row (&b)[16], Row (&c)[16]) {
    for (int r = 0; r < 16; ++r) {
        Row sum = c[r];
        for (int k = 0; k < 16; ++k) sum += b[k] * a[r][k];
        c[r] = sum;
    }
}

template <bool half>
void unpack(uint32_t pair, float &low, float &high) {
    if (half) {
        low = halfToFloat(static_cast<uint16_t>(pair));
        high = halfToFloat(static_cast<uint16_t>(pair >> 16));
    } else {
        low = bitsToFloat(pair << 16);
        high = bitsToFloat(pair & 0xffff0000u);
    }
}

template <bool half>
void multiplyAll(const Operand (&operands)[32], uint64_t (&results)[32][2]) {
    float a[16][16];
    Row b[16], c[16];
    for (int lane = 0; lane < 32; ++lane) {
        const Operand &own = operands[lane];
        const int group = lane / 4, pair = lane % 4 * 2;
        for (int i = 0; i < 4; ++i) {
            float *const to = &a[group + i % 2 * 8][pair + i / 2 * 8];
            unpack<half>(own.a[i], to[0], to[1]);
        }
        for (int i = 0; i < 2; ++i) {
            float low, high;
            unpack<half>(own.b[i], low, high);
            b[pair + i * 8][group] = low;
            b[pair + i * 8 + 1][group] = high;
        }
        for (int i = 0; i < 4; ++i) c[group + i / 2 * 8][pair + i % 2] = own.c[i];
    }
    multiply(a, b, c);
    for (int lane = 0; lane < 32; ++lane) {
        const int group = lane / 4, pair = lane % 4 * 2;
        float out[4];
        for (int i = 0; i < 4; ++i) out[i] = c[group + i / 2 * 8][pair + i % 2];
        std::memcpy(results[lane], out, sizeof out);
    }
}

}  // namespace

void multiplyFragments(const Operand (&operands)[32], uint64_t (&results)[32][2], bool half) {
    if (half) multiplyAll<true>(operands, results);
    else multiplyAll<false>(operands, results);
}

}  // namespace simulation
