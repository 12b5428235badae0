// Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011) and the dropout rule on it.
#pragma once

#include <cstdint>

#if defined(__CUDACC__)
#define FRNN_PHILOX_INLINE __host__ __device__ __forceinline__
#else
#define FRNN_PHILOX_INLINE inline
#endif

namespace frnn {

struct PhiloxBlock {
    uint32_t word[4];
};

FRNN_PHILOX_INLINE PhiloxBlock philox(uint32_t c0, uint32_t c1, uint32_t c2, uint32_t c3, uint32_t k0, uint32_t k1) {
    for (int round = 0; round < 10; ++round) {
        const uint64_t product0 = static_cast<uint64_t>(0xD2511F53u) * c0;
        const uint64_t product1 = static_cast<uint64_t>(0xCD9E8D57u) * c2;
        c0 = static_cast<uint32_t>(product1 >> 32) ^ c1 ^ k0;
        c1 = static_cast<uint32_t>(product1);
        c2 = static_cast<uint32_t>(product0 >> 32) ^ c3 ^ k1;
        c3 = static_cast<uint32_t>(product0);
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    return {{c0, c1, c2, c3}};
}

// The word that decides over an element; an index would put the block into memory.
FRNN_PHILOX_INLINE uint32_t wordOf(const PhiloxBlock &block, int64_t element) {
    const int lane = static_cast<int>(element & 3);
    return lane < 2 ? (lane == 0 ? block.word[0] : block.word[1]) : (lane == 2 ? block.word[2] : block.word[3]);
}

FRNN_PHILOX_INLINE bool dropoutKeeps(uint32_t word, float p) { return static_cast<float>(word >> 8) * 0x1p-24f >= p; }

}  // namespace frnn
