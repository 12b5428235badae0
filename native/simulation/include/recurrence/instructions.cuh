// The instructions of recurrence/instructions.cuh on the simulated device.
#pragma once

#include <stdint.h>

#include <type_traits>

#include "simulation/intrinsics.h"

#define FRNN_HOPPER 1
#define FRNN_DYNAMIC_SHARED(name) char *const name = ::simulation::dynamicShared()

namespace frnn {

inline float tanhApproximate(float x) { return simulation::tanhApproximate(x); }

inline void multiplyAddBf16(float (&c)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1) {
    simulation::multiplyAdd(c, a, b0, b1, simulation::Factor::BF16);
}
inline void multiplyAddF16(float (&c)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1) {
    simulation::multiplyAdd(c, a, b0, b1, simulation::Factor::F16);
}
inline void multiplyAddTf32(float (&c)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1) {
    simulation::multiplyAdd(c, a, b0, b1, simulation::Factor::TF32);
}
inline uint32_t roundTf32(float x) { return simulation::roundTf32(x); }

inline void copyAsync16(uint32_t to, const void *from, int valid) { simulation::copyAsync(to, from, 16, uint32_t(valid)); }
inline void copyAsync8(uint32_t to, const void *from, int valid) { simulation::copyAsync(to, from, 8, uint32_t(valid)); }
inline void copyAsync4(uint32_t to, const void *from, int valid) { simulation::copyAsync(to, from, 4, uint32_t(valid)); }
inline void copyCommit() { simulation::copyCommit(); }
template <int kPending>
inline void copyWait() {
    simulation::copyWait(kPending);
}

template <class T>
inline void storeIf(bool condition, void *p, T v) {
    if (!condition) return;
    simulation::checkAligned(p, sizeof v);
    *static_cast<T *>(p) = v;
}

template <class T>
inline void hold(T &) {}

inline uint32_t cycles() { return uint32_t(simulation::clock()); }

inline uint16_t readHalfword(const void *p) { return __ldg(static_cast<const uint16_t *>(p)); }
inline uint32_t readWord(const void *p) { return __ldg(static_cast<const uint32_t *>(p)); }
inline uint2 readTwoWords(const void *p) { return __ldg(static_cast<const uint2 *>(p)); }
// What is asked for has to be there.
inline void bringIntoL2(const void *p) { static_cast<void>(*static_cast<const volatile char *>(p)); }

inline uint32_t sharedAddress(const void *p) { return simulation::sharedAddress(p); }
inline uint32_t peerAddress(uint32_t address, int rank) { return simulation::peerAddress(address, uint32_t(rank)); }
inline uint32_t clusterRank() { return simulation::clusterRank(); }
inline void clusterSync() {
    simulation::clusterArrive(true);
    simulation::clusterWait();
}
inline void storePeer(uint32_t address, uint4 v, uint32_t barrier) { simulation::storePeer(address, &v, 16, barrier); }
inline void barrierInit(uint32_t barrier) { simulation::barrierInit(barrier, 1); }
inline void barrierInit(uint32_t barrier, int arrivals) { simulation::barrierInit(barrier, uint32_t(arrivals)); }
inline void barrierArrive(uint32_t barrier) { simulation::barrierArrive(barrier, 0); }
template <int kRegisters>
inline void takeRegisters() {}
template <int kRegisters>
inline void leaveRegisters() {}
inline void barrierInitVisible() {}
inline void barrierExpect(uint32_t barrier, uint32_t bytes) { simulation::barrierArrive(barrier, bytes); }
inline bool barrierTry(uint32_t barrier, uint32_t parity) { return simulation::barrierTry(barrier, parity); }
inline void namedBarrier(int id, int threads) { simulation::blockBarrier(uint32_t(id), uint32_t(threads), false); }

inline uint32_t loadWord(const void *p) {
    uint32_t v;
    simulation::loadRelaxed(&v, p, 4);
    return v;
}
inline uint2 loadTwoWords(const void *p) {
    uint2 v;
    simulation::loadRelaxed(&v, p, 8);
    return v;
}
inline uint4 loadWords(const void *p) {
    uint4 v;
    simulation::loadRelaxed(&v, p, 16);
    return v;
}
inline void storeWords(void *p, uint4 v) { simulation::storeRelaxed(p, &v, 16, false); }
inline uint4 loadPacket(const void *p) { return loadWords(p); }
inline void storePacket(void *p, uint4 v) { simulation::storeRelaxed(p, &v, 16, true); }

} // namespace frnn
