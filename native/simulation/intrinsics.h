// What a simulated thread can do beyond plain C++: the header of the shims that stand in for CUDA's and PTX's own.
#pragma once

#include <cstdint>
#include <cstring>

#include "vector_types.h"

namespace simulation {

// Memory of the block ------------------------------------------------------------------------------------------------

char *dynamicShared();
// Static shared memory is one variable for all blocks: only launches whose blocks run one after another may have it.
void useStaticShared();
uint32_t sharedAddress(const void *p);
uint32_t peerAddress(uint32_t address, uint32_t rank);
// The memory behind an address; `bytes` of it have to lie in the block's dynamic shared memory, aligned to `alignment`.
char *sharedMemory(uint32_t address, uint32_t bytes, uint32_t alignment);
uint32_t clusterRank();
uint32_t clusterBlocks();

// Meetings -----------------------------------------------------------------------------------------------------------

enum class Pick : uint32_t { INDEX, UP, DOWN, XOR };

void syncWarp(uint32_t mask);
uint64_t shuffle(uint32_t mask, uint64_t value, Pick pick, uint32_t operand, uint32_t width);
uint32_t ballot(uint32_t mask, bool predicate);
uint32_t matchAny(uint32_t mask, uint64_t value);
// What the factors of a product are stored as.
enum class Factor : uint32_t { BF16, F16, TF32 };
// c[16x8] += a[16x16] * b[16x8] in the fragments of mma.m16n8k16, or with half of k in those of m16n8k8 for TF32, of which the last 13
// bits of a word do not count.
void multiplyAdd(float (&c)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1, Factor factor);

struct Votes {
    uint32_t any, all, count;
};
// bar.sync; threads 0: all of the block.
Votes blockBarrier(uint32_t id, uint32_t threads, bool predicate);
void clusterArrive(bool release);
void clusterWait();

// Asynchronous copies and barriers that count bytes --------------------------------------------------------------------

void copyAsync(uint32_t to, const void *from, uint32_t bytes, uint32_t valid);
void copyCommit();
void copyWait(uint32_t pending);

void barrierInit(uint32_t barrier, uint32_t arrivals);
void barrierArrive(uint32_t barrier, uint32_t expectedBytes);
bool barrierTry(uint32_t barrier, uint32_t parity);
// Stores `bytes` (a multiple of 4, at most 16) into a peer's shared memory and counts them at its barrier, at some time.
void storePeer(uint32_t address, const void *value, uint32_t bytes, uint32_t barrier);

// Global memory that blocks share while they run -----------------------------------------------------------------------

// Relaxed accesses of `bytes` (4, 8 or 16): as one (`whole`) or word by word.
void loadRelaxed(void *value, const void *from, uint32_t bytes);
void storeRelaxed(void *to, const void *value, uint32_t bytes, bool whole);
// Stores before it are visible to all blocks before stores behind it.
void fence();
// An atomic operation changed the memory: those who look at it look again.
void changed(const void *address);
void checkAligned(const void *address, uint32_t bytes);

long long clock();
void sleep(uint32_t nanoseconds);

float tanhApproximate(float x);
uint32_t roundTf32(float x);
float expApproximate(float x);
float divideApproximate(float x, float y);

}  // namespace simulation
