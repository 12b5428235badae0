// Where threads meet: operations of a whole warp, barriers of a block, the barrier of a cluster.
#include <algorithm>

#include "simulation/intrinsics.h"
#include "machine.h"
#include "multiply.h"
#include "simulation/runtime.h"

namespace simulation {
namespace {

const char *nameOf(Together kind) {
    static const char *const names[] = {"__syncwarp", "__shfl_sync", "__ballot_sync", "__match_any_sync", "mma.sync", "bar.sync"};
    return names[static_cast<int>(kind)];
}

// Joins the operation; the lane that arrives last does the `work` for all. It says whether the lanes go on at once.
template <class Work>
void meet(Together kind, uint32_t mask, uint64_t parameter, const void *site, Work work) {
    Lane &self = *machine.current;
    Warp &warp = *self.warp;
    self.seenCount = 0;
    if (warp.arrived == 0) {
        warp.kind = kind;
        warp.mask = mask;
        warp.parameter = parameter;
    } else if (warp.kind != kind || warp.mask != mask || warp.parameter != parameter) {
        failAs(cudaErrorLaunchFailure, "divergence: block %u warp %u: a lane is at %s (mask %08x), others are at %s (mask %08x)\nit: %s",
               warp.block->number, self.thread / 32, nameOf(kind), mask, nameOf(warp.kind), warp.mask, describe(site).c_str());
    }
    const uint32_t expected = mask & warp.exists;
    if ((expected & bitOf(self)) == 0 || (expected & ~warp.live) != 0) {
        failAs(cudaErrorLaunchFailure, "divergence: block %u warp %u: %s with mask %08x by lane %u, live lanes %08x\n%s", warp.block->number,
               self.thread / 32, nameOf(kind), mask, self.index, warp.live, describe(site).c_str());
    }
    warp.arrived |= bitOf(self);
    if (warp.arrived != expected) {
        suspend(Wait::WARP, site);
        return;
    }
    warp.arrived = 0;
    ++warp.syncs;
    machine.idle = 0;
    if (!work(warp)) {
        suspend(Wait::BLOCK, site);
        return;
    }
    makeReady(warp, expected & ~bitOf(self));
    if (machine.random.oneIn(16)) pause();
}

void complete(Block &block, NamedBarrier &barrier) {
    const Votes votes{barrier.any, barrier.all, barrier.count};
    ++block.syncs;
    for (uint32_t waiting = barrier.warps; waiting != 0; waiting &= waiting - 1) {
        Warp &warp = block.warps[static_cast<size_t>(__builtin_ctz(waiting))];
        std::memcpy(warp.results[0], &votes, sizeof votes);
        makeReady(warp, warp.live);
    }
    barrier = {};
}

}  // namespace

void laneEnded(Lane &lane) {
    Warp &warp = *lane.warp;
    Block &block = *warp.block;
    if ((warp.arrived & warp.mask) != 0 && (warp.mask & bitOf(lane)) != 0) {
        failAs(cudaErrorLaunchFailure, "divergence: block %u thread %u ended, others of its warp wait for it at %s", block.number, lane.thread,
               nameOf(warp.kind));
    }
    machine.idle = 0;
    warp.live &= ~bitOf(lane);
    --machine.liveLanes;
    --block.live;
    --block.cluster->clusterLive;
    if (block.live == 0) blockEnded(block);
    else checkBlockBarriers(block);
    checkClusterBarrier(*block.cluster);
}

void checkBlockBarriers(Block &block) {
    NamedBarrier &barrier = block.barriers[0];
    if (barrier.warps != 0 && barrier.expected == 0 && barrier.arrived == block.live) complete(block, barrier);
}

void checkClusterBarrier(Block &first) {
    if (first.clusterArrived == 0 || first.clusterArrived < first.clusterLive) return;
    machine.idle = 0;
    first.clusterArrived = 0;
    ++first.clusterPhase;
    for (auto &candidate : machine.blocks) {
        if (candidate->cluster != &first) continue;
        for (Warp &warp : candidate->warps) {
            uint32_t waiting = 0;
            for (uint32_t live = warp.live; live != 0; live &= live - 1) {
                const Lane &lane = warp.lanes[__builtin_ctz(live)];
                if (lane.wait == Wait::CLUSTER) waiting |= bitOf(lane);
            }
            makeReady(warp, waiting);
        }
    }
}

__attribute__((noinline)) void syncWarp(uint32_t mask) {
    meet(Together::SYNC, mask, 0, __builtin_return_address(0), [](Warp &) { return true; });
}

__attribute__((noinline)) uint64_t shuffle(uint32_t mask, uint64_t value, Pick pick, uint32_t operand, uint32_t width) {
    Lane &self = *machine.current;
    const uint32_t lane = self.index, first = lane / width * width, last = first + width - 1;
    uint32_t source = lane;
    switch (pick) {
        case Pick::INDEX: source = first + operand % width; break;
        case Pick::UP: source = lane >= first + operand ? lane - operand : lane; break;
        case Pick::DOWN: source = lane + operand <= last ? lane + operand : lane; break;
        case Pick::XOR: source = (lane ^ operand) <= last ? lane ^ operand : lane; break;
    }
    Operand &own = self.warp->operands[lane];
    std::memcpy(own.a, &value, 8);
    own.a[2] = source;
    meet(Together::SHUFFLE, mask, static_cast<uint64_t>(pick) << 8 | width, __builtin_return_address(0), [mask](Warp &warp) {
        for (uint32_t lanes = mask & warp.exists; lanes != 0; lanes &= lanes - 1) {
            const int i = __builtin_ctz(lanes);
            const uint32_t from = warp.operands[i].a[2];
            // What a lane that takes no part would give is not defined.
            if (from < 32 && (mask & warp.exists) >> from & 1) std::memcpy(&warp.results[i][0], warp.operands[from].a, 8);
            else warp.results[i][0] = ~uint64_t(0);
        }
        return true;
    });
    return self.warp->results[lane][0];
}

__attribute__((noinline)) uint32_t ballot(uint32_t mask, bool predicate) {
    Lane &self = *machine.current;
    self.warp->operands[self.index].a[0] = predicate;
    meet(Together::VOTE, mask, 0, __builtin_return_address(0), [mask](Warp &warp) {
        uint32_t votes = 0;
        for (uint32_t lanes = mask & warp.exists; lanes != 0; lanes &= lanes - 1) {
            const int i = __builtin_ctz(lanes);
            votes |= warp.operands[i].a[0] << i;
        }
        for (auto &result : warp.results) result[0] = votes;
        return true;
    });
    return static_cast<uint32_t>(self.warp->results[self.index][0]);
}

__attribute__((noinline)) uint32_t matchAny(uint32_t mask, uint64_t value) {
    Lane &self = *machine.current;
    std::memcpy(self.warp->operands[self.index].a, &value, 8);
    meet(Together::MATCH, mask, 0, __builtin_return_address(0), [mask](Warp &warp) {
        for (uint32_t i = 0; i < 32; ++i) {
            uint32_t equal = 0;
            for (uint32_t lanes = mask & warp.exists; lanes != 0; lanes &= lanes - 1) {
                const int k = __builtin_ctz(lanes);
                if (std::memcmp(warp.operands[i].a, warp.operands[k].a, 8) == 0) equal |= 1u << k;
            }
            warp.results[i][0] = equal;
        }
        return true;
    });
    return static_cast<uint32_t>(self.warp->results[self.index][0]);
}

__attribute__((noinline)) void multiplyAdd(float (&c)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1, Factor factor) {
    Lane &self = *machine.current;
    Operand &own = self.warp->operands[self.index];
    std::memcpy(own.a, a, sizeof a);
    own.b[0] = b0;
    own.b[1] = b1;
    std::memcpy(own.c, c, sizeof c);
    meet(Together::MULTIPLY, ~0u, static_cast<uint64_t>(factor), __builtin_return_address(0), [factor](Warp &warp) {
        multiplyFragments(warp.operands, warp.results, factor);
        return true;
    });
    std::memcpy(c, self.warp->results[self.index], sizeof c);
}

__attribute__((noinline)) Votes blockBarrier(uint32_t id, uint32_t threads, bool predicate) {
    Lane &self = *machine.current;
    const void *const site = __builtin_return_address(0);
    if (id >= 16 || threads % 32 != 0) failAs(cudaErrorLaunchFailure, "barrier %u of %u threads\n%s", id, threads, describe(site).c_str());
    self.warp->operands[self.index].a[0] = predicate;
    meet(Together::BLOCK_BARRIER, ~0u & self.warp->live, static_cast<uint64_t>(id) << 32 | threads, site, [=](Warp &warp) {
        Block &block = *warp.block;
        NamedBarrier &barrier = block.barriers[id];
        if (barrier.warps == 0) {
            barrier = {threads, 0, 0, 0, 1, 0};
        } else if (barrier.expected != threads) {
            failAs(cudaErrorLaunchFailure, "block %u: barrier %u of %u threads, others wait at it for %u\n%s", block.number, id, threads,
                   barrier.expected, describe(site).c_str());
        }
        for (uint32_t lanes = warp.live; lanes != 0; lanes &= lanes - 1) {
            const uint32_t vote = warp.operands[__builtin_ctz(lanes)].a[0];
            barrier.any |= vote;
            barrier.all &= vote;
            barrier.count += vote;
        }
        const uint32_t number = machine.current->thread / 32;
        barrier.arrived += threads == 0 ? static_cast<uint32_t>(__builtin_popcount(warp.live)) : 32;
        barrier.warps |= 1u << number;
        const uint32_t all = threads == 0 ? block.live : threads;
        if (barrier.arrived > all) failAs(cudaErrorLaunchFailure, "block %u: too many warps at barrier %u\n%s", block.number, id, describe(site).c_str());
        if (barrier.arrived < all) return false;
        barrier.warps &= ~(1u << number);
        const Votes votes{barrier.any, barrier.all, barrier.count};
        complete(block, barrier);
        std::memcpy(warp.results[0], &votes, sizeof votes);
        return true;
    });
    Votes votes;
    std::memcpy(&votes, self.warp->results[0], sizeof votes);
    return votes;
}

void clusterArrive(bool release) {
    Lane &self = *machine.current;
    Block &first = *self.warp->block->cluster;
    self.seenCount = 0;
    if (release) publish(self);
    self.clusterPhase = first.clusterPhase + 1;
    ++first.clusterArrived;
    checkClusterBarrier(first);
}

__attribute__((noinline)) void clusterWait() {
    Lane &self = *machine.current;
    const Block &first = *self.warp->block->cluster;
    while (first.clusterPhase < self.clusterPhase) suspend(Wait::CLUSTER, __builtin_return_address(0));
}

}  // namespace simulation
