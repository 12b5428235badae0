// Runs a launch: which warp goes on, and when what is under way arrives, is drawn by lot.
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <numeric>

#include "machine.h"
#include "simulation/runtime.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#endif

extern uint3 threadIdx, blockIdx;
extern dim3 blockDim, gridDim;

namespace simulation {

namespace {

// The clock's steps when only waiting threads are left, and how many in a row mean that they wait for ever.
constexpr long long CLOCK_STEP = 1ll << 29;
constexpr uint64_t MOST_IDLE = 1000;
constexpr size_t SHARED_LIMIT = 227 * 1024;

uint64_t number(const char *name, uint64_t otherwise) {
    const char *text = std::getenv(name);
    return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

Options fromEnvironment() {
    Options read;
    read.seed = number("FUSEDRNN_SIMULATION_SEED", 1);
    if (const char *text = std::getenv("FUSEDRNN_SIMULATION_VANISH")) {
        read.vanishingBlock = std::atoi(text);
        if (const char *moment = std::strchr(text, ':')) read.vanishAfter = std::atoi(moment + 1);
    }
    return read;
}

size_t threadsOf(const Launch &launch) { return static_cast<size_t>(launch.block.x) * launch.block.y * launch.block.z; }

#if defined(__SANITIZE_ADDRESS__)
void forbid(const char *from, const char *to) { __asan_poison_memory_region(from, static_cast<size_t>(to - from)); }
void allow(const char *from, const char *to) { __asan_unpoison_memory_region(from, static_cast<size_t>(to - from)); }
#else
void forbid(const char *, const char *) {}
void allow(const char *, const char *) {}
#endif

// Shared memory between two bands that nobody may write; all its bits are set, NaN in every floating type.
constexpr size_t BAND = 256;

void clearShared(Block &block, size_t bytes) {
    if (bytes + 2 * BAND + 128 > block.sharedCapacity) {
        allow(block.sharedMemory.get(), block.sharedMemory.get() + block.sharedCapacity);
        block.sharedCapacity = bytes + 2 * BAND + 128;
        block.sharedMemory.reset(new char[block.sharedCapacity]);
    }
    const char *const begin = block.sharedMemory.get(), *const end = begin + block.sharedCapacity;
    allow(begin, end);
    char *const from = block.sharedMemory.get() + BAND;
    block.shared = from + (128 - reinterpret_cast<uintptr_t>(from) % 128) % 128;
    block.sharedBytes = bytes;
    std::memset(block.sharedMemory.get(), 0xFF, block.sharedCapacity);
    forbid(begin, block.shared);
    forbid(block.shared + bytes, end);
}

void checkBands(const Block &block) {
    const char *const begin = block.sharedMemory.get(), *const end = begin + block.sharedCapacity;
    allow(begin, end);
    const auto touched = [](char c) { return c != char(0xFF); };
    if (std::any_of(begin, static_cast<const char *>(block.shared), touched)) {
        failAs(cudaErrorIllegalAddress, "block %u wrote before its shared memory", block.number);
    }
    if (std::any_of(static_cast<const char *>(block.shared) + block.sharedBytes, end, touched)) {
        failAs(cudaErrorIllegalAddress, "block %u wrote behind its %zu bytes of shared memory", block.number, block.sharedBytes);
    }
}

void prepareBlock(Block &block, const Launch &launch, uint32_t number, Block *cluster, size_t firstStack) {
    const uint32_t threads = static_cast<uint32_t>(threadsOf(launch));
    block.number = number;
    block.index = {number % launch.grid.x, number / launch.grid.x % launch.grid.y, number / (launch.grid.x * launch.grid.y)};
    block.rank = number % launch.clusterSize;
    block.cluster = cluster;
    block.clusterSize = launch.clusterSize;
    block.live = threads;
    block.syncs = 0;
    block.priority = machine.random.next();
    block.scheduled = 0;
    block.vanished = false;
    block.watchers.clear();
    block.clusterArrived = 0;
    block.clusterPhase = 0;
    block.clusterLive = threads * launch.clusterSize;
    std::memset(block.barriers, 0, sizeof block.barriers);
    clearShared(block, launch.sharedBytes);
    block.warps.resize((threads + 31) / 32);
    for (size_t w = 0; w < block.warps.size(); ++w) {
        Warp &warp = block.warps[w];
        const uint32_t lanes = std::min<uint32_t>(32, threads - static_cast<uint32_t>(w) * 32);
        warp.block = &block;
        warp.exists = warp.live = lanes == 32 ? ~0u : (1u << lanes) - 1;
        warp.ready = 0;
        warp.arrived = 0;
        warp.syncs = 0;
        warp.priority = machine.random.next();
        for (uint32_t i = 0; i < lanes; ++i) {
            Lane &lane = warp.lanes[i];
            lane.warp = &warp;
            lane.copies = nullptr;
            lane.wait = Wait::NONE;
            lane.thread = static_cast<uint32_t>(w) * 32 + i;
            lane.index = static_cast<uint8_t>(i);
            const uint32_t t = lane.thread;
            lane.place = {t % launch.block.x, t / launch.block.x % launch.block.y, t / (launch.block.x * launch.block.y)};
            lane.seenCount = 0;
            lane.clusterPhase = 0;
            prepareLane(lane, firstStack + lane.thread);
        }
        makeReady(warp, warp.live);
    }
    machine.liveLanes += threads;
}

// One of a few warps drawn by lot, by their block's priority or by their own.
Warp *pick() {
    auto &ready = machine.ready;
    Random &random = machine.random;
    size_t best = random.below(static_cast<uint32_t>(ready.size()));
    const uint32_t how = random.below(4);
    if (how != 0) {
        for (int i = 0; i < 2; ++i) {
            const size_t other = random.below(static_cast<uint32_t>(ready.size()));
            const bool earlier = how == 1 ? ready[other]->priority > ready[best]->priority
                                          : ready[other]->block->priority > ready[best]->block->priority;
            if (earlier) best = other;
        }
    }
    Warp *const chosen = ready[best];
    ready[best] = ready.back();
    ready.pop_back();
    if (random.oneIn(64)) chosen->priority = random.next();
    if (random.oneIn(512)) chosen->block->priority = random.next();
    return chosen;
}

void vanish(Block &block) {
    block.vanished = true;
    machine.blockLost = true;
    for (Warp &warp : block.warps) {
        const auto found = std::find(machine.ready.begin(), machine.ready.end(), &warp);
        if (found != machine.ready.end()) {
            *found = machine.ready.back();
            machine.ready.pop_back();
        }
        for (uint32_t live = warp.live; live != 0; live &= live - 1) {
            const Lane &lane = warp.lanes[__builtin_ctz(live)];
            if (lane.wait == Wait::CLUSTER && lane.clusterPhase > block.cluster->clusterPhase) --block.cluster->clusterArrived;
        }
        machine.liveLanes -= static_cast<size_t>(__builtin_popcount(warp.live));
        block.cluster->clusterLive -= static_cast<uint32_t>(__builtin_popcount(warp.live));
        warp.live = warp.ready = 0;
    }
    block.live = 0;
    dropEventsOf(block);
    checkClusterBarrier(*block.cluster);
}

void step(Warp &warp) {
    Block &block = *warp.block;
    ++block.scheduled;
    const Options &chosen = options();
    if (chosen.vanishingBlock == static_cast<int>(block.number) && block.scheduled > static_cast<uint32_t>(chosen.vanishAfter)) {
        vanish(block);
        return;
    }
    machine.now += 1 + machine.random.below(16);
    const uint32_t turn = machine.random.next() & 31, behind = warp.ready >> turn << turn;
    resume(warp.lanes[__builtin_ctz(behind != 0 ? behind : warp.ready)]);
    if (!machine.fault.empty()) throw Fault{static_cast<cudaError_t>(machine.faultError), machine.fault};
    if (warp.ready != 0) machine.ready.push_back(&warp);
}

// Nobody can run: something that is under way arrives, or else time passes for those who wait with a limit.
void idle() {
    Random &random = machine.random;
    if (!machine.events.empty()) {
        const uint32_t most = static_cast<uint32_t>(machine.events.size());
        uint32_t count = random.oneIn(2) ? 1 + random.below(most) : 1 + random.below(std::min(8u, most));
        for (; count > 0 && !machine.events.empty(); --count) deliver(random.below(static_cast<uint32_t>(machine.events.size())));
        return;
    }
    if (++machine.idle > MOST_IDLE) failAs(cudaErrorLaunchTimeout, "waits for ever\n%s", standing().c_str());
    machine.now += CLOCK_STEP;
    wakeAllPollers();
    if (machine.ready.empty()) failAs(cudaErrorLaunchTimeout, "deadlock\n%s", standing().c_str());
}

void runGroup() {
    while (machine.liveLanes > 0) {
        if (!machine.events.empty() && machine.random.oneIn(4)) {
            deliver(machine.random.below(static_cast<uint32_t>(machine.events.size())));
        }
        if (machine.ready.empty()) idle();
        else step(*pick());
    }
    finishEvents();
    for (size_t b = 0; b < machine.used; ++b) checkBands(*machine.blocks[b]);
}

void runBlocks(const Launch &launch, uint32_t first, uint32_t count) {
    const size_t threads = threadsOf(launch);
    reserveStacks((threads + 31) / 32 * 32 * count);
    while (machine.blocks.size() < count) machine.blocks.push_back(std::make_unique<Block>());
    machine.used = count;
    machine.liveLanes = 0;
    machine.blockLost = false;
    machine.ready.clear();
    for (uint32_t b = 0; b < count; ++b) {
        prepareBlock(*machine.blocks[b], launch, first + b, machine.blocks[b - b % launch.clusterSize].get(), b * threads);
    }
    runGroup();
}

void checkLaunch(const Launch &launch) {
    const size_t threads = threadsOf(launch);
    const uint64_t blocks = static_cast<uint64_t>(launch.grid.x) * launch.grid.y * launch.grid.z;
    if (threads == 0 || threads > 1024 || blocks == 0 || blocks > INT32_MAX) {
        failAs(cudaErrorInvalidConfiguration, "%llu blocks of %zu threads", static_cast<unsigned long long>(blocks), threads);
    }
    if (launch.sharedBytes > SHARED_LIMIT) failAs(cudaErrorInvalidValue, "%zu bytes of shared memory", launch.sharedBytes);
    if (launch.clusterSize == 0 || launch.clusterSize > 16 || launch.grid.x % launch.clusterSize != 0) {
        failAs(cudaErrorInvalidClusterSize, "%u blocks in clusters of %u", launch.grid.x, launch.clusterSize);
    }
}

}  // namespace

Options &options() {
    static Options chosen = fromEnvironment();
    return chosen;
}

void makeReady(Warp &warp, uint32_t lanes) {
    lanes &= warp.live;
    if (lanes == 0) return;
    if (warp.ready == 0 && &warp != machine.running) machine.ready.push_back(&warp);
    warp.ready |= lanes;
}

void wake(Lane &lane) { makeReady(*lane.warp, bitOf(lane)); }

void run(const Launch &launch) {
    static std::mutex one;
    const std::lock_guard<std::mutex> lock(one);
    checkLaunch(launch);
    static uint64_t launches = 0;
    machine.launch = &launch;
    machine.random = Random(options().seed * 1000003 + launches++);
    machine.fault.clear();
    machine.current = nullptr;
    machine.running = nullptr;
    machine.idle = 0;
    resetMemory();
    blockDim = launch.block;
    gridDim = launch.grid;
    const uint32_t blocks = launch.grid.x * launch.grid.y * launch.grid.z;
    const uint32_t together = launch.cooperative ? blocks : launch.clusterSize;
    std::vector<uint32_t> order(blocks / together);
    std::iota(order.begin(), order.end(), 0u);
    for (size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[machine.random.below(static_cast<uint32_t>(i))]);
    for (const uint32_t group : order) runBlocks(launch, group * together, together);
}

}  // namespace simulation
