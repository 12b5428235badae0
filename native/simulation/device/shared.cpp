// Shared memory: addresses, the barriers that count bytes, stores into peers, copies that complete in groups.
#include <algorithm>
#include <cstring>

#include "simulation/intrinsics.h"
#include "machine.h"
#include "simulation/runtime.h"

namespace simulation {

namespace {

// An address is the block's rank in the cluster plus one, 0 for the own block, in the upper byte, and a distance from here.
constexpr uint32_t FIRST_ADDRESS = 1024;
constexpr uint32_t OFFSET = 0xFFFFFF;

const Lane &self() { return *machine.current; }

Block &targetOf(uint32_t address) {
    Block &own = *self().warp->block;
    const uint32_t place = address >> 24;
    if (place == 0) return own;
    if (place > own.clusterSize) failAs(cudaErrorIllegalAddress, "block %u: no block has the shared address %08x", own.number, address);
    const size_t first = own.number - own.rank - machine.blocks[0]->number;
    return *machine.blocks[first + place - 1];
}

char *within(Block &block, uint32_t address, uint32_t bytes, uint32_t alignment) {
    const uint32_t offset = (address & OFFSET) - FIRST_ADDRESS;
    if ((address & OFFSET) < FIRST_ADDRESS || offset + bytes > block.sharedBytes) {
        failAs(cudaErrorIllegalAddress, "block %u: %u bytes at shared address %08x (offset %d) of block %u, which has %zu bytes",
               self().warp->block->number, bytes, address, static_cast<int>(offset), block.number, block.sharedBytes);
    }
    if (address % alignment != 0) failAs(cudaErrorMisalignedAddress, "shared address %08x is not aligned to %u bytes", address, alignment);
    return block.shared + offset;
}

// A barrier's 64 bits: arrivals still expected in this phase and in each, bytes expected and not arrived, phase.
struct Barrier {
    static constexpr uint64_t COUNT = 0xFFFFF, BIAS = 1 << 21;
    uint64_t pending, expected;
    int64_t bytes;
    uint64_t phase;

    static Barrier read(const char *at, uint32_t address) {
        uint64_t bits;
        std::memcpy(&bits, at, 8);
        Barrier b{bits & COUNT, bits >> 20 & COUNT, static_cast<int64_t>(bits >> 40 & 0x3FFFFF) - static_cast<int64_t>(BIAS), bits >> 62 & 1};
        if (bits >> 63 != 0 || b.expected == 0) failAs(cudaErrorLaunchFailure, "no barrier was initialised at shared address %08x", address);
        return b;
    }
    void write(char *at) const {
        const uint64_t bits = pending | expected << 20 | (static_cast<uint64_t>(bytes + static_cast<int64_t>(BIAS)) & 0x3FFFFF) << 40 | phase << 62;
        std::memcpy(at, &bits, 8);
    }
};

void update(Block &block, uint32_t address, char *at, Barrier barrier, int64_t bytes, uint64_t arrivals) {
    barrier.bytes += bytes;
    if (barrier.bytes <= -(1 << 20) || barrier.bytes >= 1 << 20) failAs(cudaErrorLaunchFailure, "block %u: a barrier's bytes overflow", block.number);
    if (arrivals > barrier.pending) failAs(cudaErrorLaunchFailure, "block %u: more arrivals at barrier %08x than it expects", block.number, address);
    barrier.pending -= arrivals;
    if (barrier.pending == 0 && barrier.bytes == 0) {
        machine.idle = 0;
        barrier.phase ^= 1;
        barrier.pending = barrier.expected;
        auto &watchers = block.watchers;
        for (size_t i = 0; i < watchers.size();) {
            if (watchers[i]->watched != (address & OFFSET)) {
                ++i;
                continue;
            }
            wake(*watchers[i]);
            watchers[i] = watchers.back();
            watchers.pop_back();
        }
    }
    barrier.write(at);
}

void arrive(const Copies::Copy &copy) {
    std::memset(copy.to, 0, copy.bytes);
    if (copy.valid > 0) std::memcpy(copy.to, copy.from, copy.valid);
}

}  // namespace

char *dynamicShared() { return self().warp->block->shared; }

void useStaticShared() {
    if (machine.used > 1) failAs(cudaErrorNotSupported, "static shared memory in a launch whose blocks run at the same time is not simulated");
}

uint32_t sharedAddress(const void *p) {
    const Block &block = *self().warp->block;
    const ptrdiff_t offset = static_cast<const char *>(p) - block.shared;
    if (offset < 0 || offset > static_cast<ptrdiff_t>(block.sharedBytes)) {
        failAs(cudaErrorIllegalAddress, "block %u: the shared address of something that is not in its dynamic shared memory", block.number);
    }
    return FIRST_ADDRESS + static_cast<uint32_t>(offset);
}

uint32_t peerAddress(uint32_t address, uint32_t rank) {
    const Block &block = *self().warp->block;
    if (rank >= block.clusterSize) failAs(cudaErrorLaunchFailure, "block %u: mapa of rank %u in a cluster of %u", block.number, rank, block.clusterSize);
    return (address & OFFSET) | (rank + 1) << 24;
}

char *sharedMemory(uint32_t address, uint32_t bytes, uint32_t alignment) { return within(targetOf(address), address, bytes, alignment); }

uint32_t clusterRank() { return self().warp->block->rank; }

uint32_t clusterBlocks() { return self().warp->block->clusterSize; }

void barrierInit(uint32_t barrier, uint32_t arrivals) {
    Barrier{arrivals, arrivals, 0, 0}.write(within(*self().warp->block, barrier, 8, 8));
}

void barrierArrive(uint32_t barrier, uint32_t expectedBytes) {
    Block &block = targetOf(barrier);
    char *const at = within(block, barrier, 8, 8);
    update(block, barrier, at, Barrier::read(at, barrier), expectedBytes, 1);
}

__attribute__((noinline)) bool barrierTry(uint32_t barrier, uint32_t parity) {
    Lane &lane = *machine.current;
    Block &block = *lane.warp->block;
    const char *const at = within(block, barrier, 8, 8);
    if (Barrier::read(at, barrier).phase != (parity & 1)) return true;
    if (machine.random.oneIn(16)) return false;
    lane.watched = barrier & OFFSET;
    block.watchers.push_back(&lane);
    suspend(Wait::TRANSACTIONS, __builtin_return_address(0));
    return Barrier::read(at, barrier).phase != (parity & 1);
}

void storePeer(uint32_t address, const void *value, uint32_t bytes, uint32_t barrier) {
    Block &block = targetOf(address);
    if (&targetOf(barrier) != &block) failAs(cudaErrorLaunchFailure, "st.async: the bytes and their barrier are in different blocks");
    if (block.vanished || (block.live == 0 && machine.blockLost)) return;
    if (block.live == 0) failAs(cudaErrorLaunchFailure, "block %u stores into block %u, which has ended", self().warp->block->number, block.number);
    within(block, address, bytes, bytes);
    within(block, barrier, 8, 8);
    Event &event = newEvent();
    event.global = false;
    event.target = &block;
    event.at = address;
    event.barrier = barrier;
    event.pending = static_cast<uint8_t>((1u << bytes / 4) - 1);
    std::memcpy(event.words, value, bytes);
    if (machine.random.oneIn(8)) deliver(event.place);
}

void deliverToBlock(const Event &event) {
    Block &block = *event.target;
    const uint32_t offset = (event.at & OFFSET) - FIRST_ADDRESS, bytes = static_cast<uint32_t>(__builtin_popcount(event.pending)) * 4;
    std::memcpy(block.shared + offset, event.words, bytes);
    char *const at = block.shared + ((event.barrier & OFFSET) - FIRST_ADDRESS);
    update(block, event.barrier, at, Barrier::read(at, event.barrier), -static_cast<int64_t>(bytes), 0);
}

void copyAsync(uint32_t to, const void *from, uint32_t bytes, uint32_t valid) {
    Lane &lane = *machine.current;
    if (lane.copies == nullptr) lane.copies = newCopies();
    if (valid > bytes) failAs(cudaErrorLaunchFailure, "cp.async: %u of %u bytes", valid, bytes);
    if (valid > 0) checkAligned(from, bytes);
    const Copies::Copy copy{within(*lane.warp->block, to, bytes, bytes), from, bytes, valid, lane.copies->committed};
    // Where it has not been waited for, nothing or all of it may be there.
    if (machine.random.oneIn(2)) {
        arrive(copy);
    } else {
        std::memset(copy.to, 0xFF, bytes);
        lane.copies->pending.push_back(copy);
    }
}

void copyCommit() {
    Lane &lane = *machine.current;
    if (lane.copies == nullptr) lane.copies = newCopies();
    ++lane.copies->committed;
}

void copyWait(uint32_t pending) {
    Copies *const copies = machine.current->copies;
    if (copies == nullptr) return;
    auto &waiting = copies->pending;
    const auto arrived = [&](const Copies::Copy &copy) { return copies->committed - copy.group > pending && copy.group != copies->committed; };
    for (const Copies::Copy &copy : waiting) {
        if (arrived(copy)) arrive(copy);
    }
    waiting.erase(std::remove_if(waiting.begin(), waiting.end(), arrived), waiting.end());
}

Copies *newCopies() {
    machine.ownedCopies.push_back(std::make_unique<Copies>());
    return machine.ownedCopies.back().get();
}

void resetCopies() { machine.ownedCopies.clear(); }

}  // namespace simulation
