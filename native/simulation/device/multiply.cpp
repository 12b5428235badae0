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

WIDE void multiply(const float (&a)[16][16], const Row (&b)[16], Row (&c)[16], int depth) {
    for (int r = 0; r < 16; ++r) {
        Row sum = c[r];
        for (int k = 0; k < depth; ++k) sum += b[k] * a[r][k];
        c[r] = sum;
    }
}

// Values of k in a word of a fragment.
constexpr int inWord(Factor factor) { return factor == Factor::TF32 ? 1 : 2; }

template <Factor kFactor>
void unpack(uint32_t word, float (&values)[inWord(kFactor)]) {
    if constexpr (kFactor == Factor::F16) {
        values[0] = halfToFloat(static_cast<uint16_t>(word));
        values[1] = halfToFloat(static_cast<uint16_t>(word >> 16));
    } else if constexpr (kFactor == Factor::BF16) {
        values[0] = bitsToFloat(word << 16);
        values[1] = bitsToFloat(word & 0xffff0000u);
    } else {
        values[0] = bitsToFloat(word & ~0x1fffu);
    }
}

template <Factor kFactor>
void multiplyAll(const Operand (&operands)[32], uint64_t (&results)[32][2]) {
    constexpr int kDepth = 8 * inWord(kFactor);
    float a[16][16], values[inWord(kFactor)];
    Row b[16], c[16];
    for (int lane = 0; lane < 32; ++lane) {
        const Operand &own = operands[lane];
        const int group = lane / 4, k = lane % 4 * inWord(kFactor), pair = lane % 4 * 2;
        for (int i = 0; i < 4; ++i) {
            unpack<kFactor>(own.a[i], values);
            for (int v = 0; v < inWord(kFactor); ++v) a[group + i % 2 * 8][k + i / 2 * (kDepth / 2) + v] = values[v];
        }
        for (int i = 0; i < 2; ++i) {
            unpack<kFactor>(own.b[i], values);
            for (int v = 0; v < inWord(kFactor); ++v) b[k + i * (kDepth / 2) + v][group] = values[v];
        }
        for (int i = 0; i < 4; ++i) c[group + i / 2 * 8][pair + i % 2] = own.c[i];
    }
    multiply(a, b, c, kDepth);
    for (int lane = 0; lane < 32; ++lane) {
        const int group = lane / 4, pair = lane % 4 * 2;
        float out[4];
        for (int i = 0; i < 4; ++i) out[i] = c[group + i / 2 * 8][pair + i % 2];
        std::memcpy(results[lane], out, sizeof out);
    }
}

}  // namespace

void multiplyFragments(const Operand (&operands)[32], uint64_t (&results)[32][2], Factor factor) {
    switch (factor) {
        case Factor::BF16: return multiplyAll<Factor::BF16>(operands, results);
        case Factor::F16: return multiplyAll<Factor::F16>(operands, results);
        case Factor::TF32: return multiplyAll<Factor::TF32>(operands, results);
    }
}

}  // namespace simulation
