// Known answers of Philox4x32-10 (the authors' Random123 library, kat_vectors).
#include "common/philox.h"
#include "test.h"

static bool equals(const frnn::PhiloxBlock &block, uint32_t a, uint32_t b, uint32_t c, uint32_t d) {
    return block.word[0] == a && block.word[1] == b && block.word[2] == c && block.word[3] == d;
}

void philoxTests() {
    const uint32_t ones = 0xffffffffu;
    EXPECT(equals(frnn::philox(0, 0, 0, 0, 0, 0), 0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u));
    EXPECT(equals(frnn::philox(ones, ones, ones, ones, ones, ones), 0x408f276du, 0x41c83b0eu, 0xa20bc7c6u, 0x6d5451fdu));
    EXPECT(equals(frnn::philox(0x243f6a88u, 0x85a308d3u, 0x13198a2eu, 0x03707344u, 0xa4093822u, 0x299f31d0u), 0xd16cfe09u, 0x94fdccebu,
                  0x5001e420u, 0x24126ea1u));
    EXPECT(!frnn::dropoutKeeps(0x7fffffffu, 0.5f) && frnn::dropoutKeeps(0x80000000u, 0.5f) && frnn::dropoutKeeps(0, 0.0f));
}
