// Global memory that blocks share while they run: stores that others see later, loads that wait for them, fences, the clock.
#include <algorithm>
#include <cstring>

#include "simulation/intrinsics.h"
#include "machine.h"
#include "simulation/runtime.h"

namespace simulation {
namespace {

uint64_t lineOf(const void *address) { return reinterpret_cast<uintptr_t>(address) / 16; }

// Whether what `lane` does next comes behind the store: the same thread, or another one that has met it since.
bool ordered(const Event &event, const Lane &lane) {
    if (event.from == &lane) return true;
    if (event.from->warp == lane.warp) return event.warpSyncs < lane.warp->syncs;
    return event.from->warp->block == lane.warp->block && event.blockSyncs < lane.warp->block->syncs;
}

void forget(Event &event) {
    auto &events = machine.events;
    events[event.place] = events.back();
    events[event.place]->place = event.place;
    events.pop_back();
    if (event.global) machine.unseen.erase(lineOf(event.address));
    machine.spare.push_back(&event);
}

// Makes the words in `mask` visible to all.
void commit(Event &event, uint32_t mask) {
    for (uint32_t w = 0; w < 4; ++w) {
        if (event.pending & mask & 1u << w) std::memcpy(event.address + w * 4, &event.words[w], 4);
    }
    event.pending = static_cast<uint8_t>(event.pending & ~mask);
    machine.idle = 0;
    wakePollers(lineOf(event.address));
    if (event.pending == 0) forget(event);
}

// What `lane` sees of the line: memory, and its own stores on the way.
void look(const Lane &lane, const void *from, void *value, uint32_t bytes) {
    std::memcpy(value, from, bytes);
    const auto found = machine.unseen.find(lineOf(from));
    if (found == machine.unseen.end() || !ordered(*found->second, lane)) return;
    const Event &event = *found->second;
    const uint32_t first = static_cast<uint32_t>(static_cast<const char *>(from) - event.address) / 4;
    for (uint32_t w = 0; w < bytes / 4; ++w) {
        if (event.pending >> (first + w) & 1) std::memcpy(static_cast<char *>(value) + w * 4, &event.words[first + w], 4);
    }
}

}  // namespace

Event &newEvent() {
    if (machine.spare.empty()) {
        machine.ownedEvents.push_back(std::make_unique<Event>());
        machine.spare.push_back(machine.ownedEvents.back().get());
    }
    Event &event = *machine.spare.back();
    machine.spare.pop_back();
    event.place = machine.events.size();
    event.from = machine.current;
    event.warpSyncs = machine.current->warp->syncs;
    event.blockSyncs = machine.current->warp->block->syncs;
    machine.events.push_back(&event);
    return event;
}

void deliver(size_t index) {
    Event &event = *machine.events[index];
    if (!event.global) {
        deliverToBlock(event);
        forget(event);
        return;
    }
    // Word by word, in any order, or all at once.
    const uint32_t some = event.whole ? 15 : 1 + machine.random.below(15);
    commit(event, (some & event.pending) != 0 ? some : 15);
}

void checkAligned(const void *address, uint32_t bytes) {
    if (reinterpret_cast<uintptr_t>(address) % bytes != 0) {
        failAs(cudaErrorMisalignedAddress, "an access of %u bytes at %p\n%s", bytes, address, describe(__builtin_return_address(0)).c_str());
    }
}

__attribute__((noinline)) void loadRelaxed(void *value, const void *from, uint32_t bytes) {
    Lane &lane = *machine.current;
    checkAligned(from, bytes);
    uint64_t now[2] = {0, 0};
    look(lane, from, now, bytes);
    Lane::Seen *const end = lane.seen + lane.seenCount;
    Lane::Seen *before = std::find_if(lane.seen, end, [&](const Lane::Seen &seen) { return seen.address == from; });
    if (before != end && before->value[0] == now[0] && before->value[1] == now[1]) {
        // The same again: nothing is lost by waiting until it changes.
        machine.polls[lineOf(from)].push_back(&lane);
        lane.watched = lineOf(from);
        suspend(Wait::MEMORY, __builtin_return_address(0));
        look(lane, from, now, bytes);
    }
    if (before == end) {
        if (lane.seenCount == std::size(lane.seen)) {
            before = lane.seen + machine.random.below(static_cast<uint32_t>(std::size(lane.seen)));
        } else {
            ++lane.seenCount;
        }
    }
    *before = {from, {now[0], now[1]}};
    std::memcpy(value, now, bytes);
}

void storeRelaxed(void *to, const void *value, uint32_t bytes, bool whole) {
    checkAligned(to, bytes);
    const auto older = machine.unseen.find(lineOf(to));
    if (older != machine.unseen.end()) commit(*older->second, 15);
    Event &event = newEvent();
    const uint32_t offset = static_cast<uint32_t>(reinterpret_cast<uintptr_t>(to) % 16);
    event.global = true;
    event.whole = whole;
    event.address = static_cast<char *>(to) - offset;
    event.pending = static_cast<uint8_t>(((1u << bytes / 4) - 1) << offset / 4);
    std::memcpy(reinterpret_cast<char *>(event.words) + offset, value, bytes);
    machine.unseen[lineOf(to)] = &event;
    // The memory has to be there: an access to it fails here and not at some later time.
    volatile char *const touched = static_cast<char *>(to);
    *touched = *touched;
    if (machine.random.oneIn(8)) deliver(event.place);
}

void publish(const Lane &lane) {
    for (size_t i = 0; i < machine.events.size();) {
        Event &event = *machine.events[i];
        if (event.global && ordered(event, lane)) commit(event, 15);
        else ++i;
    }
}

void fence() { publish(*machine.current); }

void changed(const void *address) { wakePollers(lineOf(address)); }

void wakePollers(uint64_t line) {
    const auto found = machine.polls.find(line);
    if (found == machine.polls.end()) return;
    for (Lane *lane : found->second) wake(*lane);
    machine.polls.erase(found);
}

void wakeAllPollers() {
    for (auto &poll : machine.polls) {
        for (Lane *lane : poll.second) wake(*lane);
    }
    machine.polls.clear();
    for (size_t b = 0; b < machine.used; ++b) {
        for (Lane *lane : machine.blocks[b]->watchers) wake(*lane);
        machine.blocks[b]->watchers.clear();
    }
}

void blockEnded(Block &block) {
    if (machine.blockLost) {
        dropEventsOf(block);
        return;
    }
    for (const Event *event : machine.events) {
        if (!event->global && event->target == &block) {
            failAs(cudaErrorLaunchFailure, "block %u ended while bytes from block %u were on their way to it", block.number,
                   event->from->warp->block->number);
        }
    }
}

void dropEventsOf(const Block &block) {
    for (size_t i = 0; i < machine.events.size();) {
        if (!machine.events[i]->global && machine.events[i]->target == &block) forget(*machine.events[i]);
        else ++i;
    }
}

void finishEvents() {
    while (!machine.events.empty()) deliver(machine.events.size() - 1);
}

void resetMemory() {
    machine.events.clear();
    machine.spare.clear();
    for (auto &event : machine.ownedEvents) machine.spare.push_back(event.get());
    machine.unseen.clear();
    machine.polls.clear();
    resetCopies();
}

long long clock() {
    machine.now += 1 + machine.random.below(200);
    return machine.now;
}

void sleep(uint32_t nanoseconds) {
    machine.now += nanoseconds * 2;
    pause();
}

}  // namespace simulation
