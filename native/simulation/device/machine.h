// The state of a running kernel: blocks, warps and lanes (threads), what they wait for, and what is still under way.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "simulation/device.h"
#include "random.h"

namespace simulation {

struct Block;
struct Warp;

// cp.async of one thread: what was not waited for has either arrived already or is all bits set.
struct Copies {
    struct Copy {
        char *to;
        const void *from;
        uint32_t bytes, valid, group;
    };
    std::vector<Copy> pending;
    uint32_t committed = 0;
};

enum class Wait : uint8_t { NONE, WARP, BLOCK, CLUSTER, TRANSACTIONS, MEMORY };

// Operations that all lanes of a warp execute together.
enum class Together : uint8_t { SYNC, SHUFFLE, VOTE, MATCH, MULTIPLY, BLOCK_BARRIER };

struct Lane {
    void *stackPointer;
    char *stack;
    Warp *warp;
    Copies *copies;      // cp.async under way; none yet: null
    const void *site;    // the code that waits
    uint64_t watched;    // what it waits for: a shared address with its block, or a global address
    uint64_t clusterPhase;
    uint32_t thread;     // in its block, counted through
    uint3 place;         // threadIdx
    uint8_t index;       // in its warp
    Wait wait;
    struct Seen {
        const void *address;
        uint64_t value[2];
    } seen[16];          // loads since the lane last met others: the same load again is polling
    uint8_t seenCount;
};

struct Operand {
    uint32_t a[4], b[2];
    float c[4];
};

struct Warp {
    Block *block;
    uint32_t exists, live; // masks of lanes
    uint32_t ready;        // can run and are not running
    uint32_t arrived;      // at the operation all wait for
    Together kind;
    uint32_t mask;
    uint64_t parameter;
    uint64_t syncs;        // meetings passed: each orders the memory accesses of the lanes
    uint32_t priority;
    Lane lanes[32];
    Operand operands[32];
    uint64_t results[32][2];
};

struct NamedBarrier {
    uint32_t expected; // threads; 0: nobody waits here
    uint32_t arrived;
    uint32_t warps;    // that wait
    uint32_t any, all, count;
};

struct Block {
    std::vector<Warp> warps;
    uint3 index;
    uint32_t number;     // in the launch
    uint32_t rank;       // in its cluster
    Block *cluster;      // first block of its cluster
    uint32_t clusterSize;
    uint32_t live;       // threads
    uint64_t syncs;      // block barriers passed
    uint32_t priority;
    uint32_t scheduled;
    bool vanished;
    char *shared;
    size_t sharedBytes;
    std::unique_ptr<char[]> sharedMemory;
    size_t sharedCapacity = 0;
    NamedBarrier barriers[16];
    std::vector<Lane *> watchers; // of transaction barriers
    // Of the first block of a cluster:
    uint32_t clusterArrived, clusterLive;
    uint64_t clusterPhase;
};

// Something that happens later: bytes for a peer's shared memory, or a store that other blocks do not see yet.
struct Event {
    bool global;
    bool whole;           // all words at once
    uint8_t pending;      // bytes / 4, a bit for each word that is still under way
    uint32_t at, barrier; // shared addresses in the target
    Block *target;
    char *address;        // global: of the 16 bytes the words lie in
    uint32_t words[4];
    const Lane *from;
    uint64_t blockSyncs, warpSyncs; // of the writer at that time
    size_t place;
};

struct Machine {
    const Launch *launch = nullptr;
    Random random{1};
    long long now = 0;
    uint64_t idle = 0;     // times that the clock alone moved since anything else did
    Lane *current = nullptr;
    Warp *running = nullptr;
    void *schedulerStack = nullptr;
    std::string fault;     // what ends the launch
    int faultError = 0;
    size_t liveLanes = 0;
    bool blockLost = false; // one vanished: what is sent to blocks that have ended is lost too
    size_t used = 0;       // blocks of the group that runs
    std::vector<std::unique_ptr<Block>> blocks;
    std::vector<Warp *> ready;
    std::vector<Event *> events, spare;
    std::vector<std::unique_ptr<Event>> ownedEvents;
    std::vector<std::unique_ptr<Copies>> ownedCopies;
    std::unordered_map<uint64_t, Event *> unseen;           // global stores under way, by address / 16
    std::unordered_map<uint64_t, std::vector<Lane *>> polls; // by address / 16
};

extern Machine machine;

inline uint32_t bitOf(const Lane &lane) { return 1u << lane.index; }

// Ends the launch: the text is the fault's. Called by lanes and by the scheduler; `error` is a cudaError.
[[noreturn]] void failAs(int error, const char *format, ...) __attribute__((format(printf, 2, 3)));

// Fibers ---------------------------------------------------------------------------------------------------------------

// The current lane stops; another one of its warp, or the scheduler, goes on. It returns when somebody has made it ready.
void suspend(Wait wait, const void *site);
// The current lane lets others run.
void pause();
void makeReady(Warp &warp, uint32_t lanes);
void wake(Lane &lane);
void reserveStacks(size_t count);
void prepareLane(Lane &lane, size_t stack);
void resume(Lane &lane);

// Meetings -------------------------------------------------------------------------------------------------------------

void laneEnded(Lane &lane);
void checkClusterBarrier(Block &first);
void checkBlockBarriers(Block &block);

// Memory ---------------------------------------------------------------------------------------------------------------

Event &newEvent();
void deliver(size_t event);
void deliverToBlock(const Event &event);
Copies *newCopies();
void resetCopies();
// Makes the stores that `lane` orders before what it does next visible to all.
void publish(const Lane &lane);
void wakePollers(uint64_t line);
void wakeAllPollers();
void blockEnded(Block &block);
void dropEventsOf(const Block &block);
void finishEvents();
void resetMemory();

// What `site` is, with file and line where they are known.
std::string describe(const void *site);
std::string standing();

}  // namespace simulation
