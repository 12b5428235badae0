// Fibers: every lane has a stack of its own and gives way to another by exchanging stack pointers.
#include <pthread.h>
#include <sys/mman.h>

#include <cstdarg>
#include <cstdio>
#include <cstring>

#include "machine.h"
#include "simulation/runtime.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>

// What threads of a launch that was broken off held is not freed.
extern "C" __attribute__((visibility("default"))) const char *__asan_default_options() { return "detect_leaks=0"; }
#endif

// Saves what a called function has to keep, stores the stack pointer at *from and goes on with the stack `to`.
extern "C" void simulationSwitch(void **from, void *to);
asm(R"(
.text
.hidden simulationSwitch
.globl simulationSwitch
.type simulationSwitch,@function
simulationSwitch:
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
.size simulationSwitch,.-simulationSwitch
)");

uint3 threadIdx, blockIdx;
dim3 blockDim, gridDim;

namespace simulation {

Machine machine;

namespace {

#if defined(__SANITIZE_ADDRESS__)
constexpr size_t STACK = 256 * 1024;
#else
constexpr size_t STACK = 32 * 1024;
#endif
// Stacks begin in different cache sets.
constexpr size_t STRIDE = STACK + 832;
constexpr uint64_t CANARY = 0x5AFE57ACC0FFEE11ull;

char *stacks = nullptr;
size_t stackCount = 0;

#if defined(__SANITIZE_ADDRESS__)
const void *schedulerBottom = nullptr;
size_t schedulerSize = 0;

void findSchedulerStack() {
    pthread_attr_t attributes;
    void *bottom;
    pthread_getattr_np(pthread_self(), &attributes);
    pthread_attr_getstack(&attributes, &bottom, &schedulerSize);
    pthread_attr_destroy(&attributes);
    schedulerBottom = bottom;
}
#endif

void laneMain() {
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_finish_switch_fiber(nullptr, nullptr, nullptr);
#endif
    machine.launch->body();
    laneEnded(*machine.current);
    suspend(Wait::NONE, nullptr);
    __builtin_trap();
}

// `to` null: the scheduler.
void change(void **from, Lane *to) {
#if defined(__SANITIZE_ADDRESS__)
    void *fake = nullptr;
    if (to != nullptr) __sanitizer_start_switch_fiber(&fake, to->stack, STACK);
    else __sanitizer_start_switch_fiber(&fake, schedulerBottom, schedulerSize);
#endif
    simulationSwitch(from, to != nullptr ? to->stackPointer : machine.schedulerStack);
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_finish_switch_fiber(fake, nullptr, nullptr);
#endif
}

void enter(Lane &lane) {
    machine.current = &lane;
    lane.warp->ready &= ~bitOf(lane);
    threadIdx = lane.place;
    blockIdx = lane.warp->block->index;
}

void leave(Lane &self) {
    uint64_t canary;
    std::memcpy(&canary, self.stack, sizeof canary);
    if (canary != CANARY) {
        machine.fault = "the stack of a simulated thread overflowed";
        machine.faultError = cudaErrorLaunchFailure;
    }
    Warp &warp = *self.warp;
    if (warp.ready == 0 || !machine.fault.empty()) {
        machine.current = nullptr;
        change(&self.stackPointer, nullptr);
        return;
    }
    // Any of the warp's lanes that can run: the first at or behind a random place.
    const uint32_t turn = machine.random.next() & 31;
    const uint32_t behind = warp.ready >> turn << turn;
    Lane &next = warp.lanes[__builtin_ctz(behind != 0 ? behind : warp.ready)];
    enter(next);
    change(&self.stackPointer, &next);
}

}  // namespace

void reserveStacks(size_t count) {
#if defined(__SANITIZE_ADDRESS__)
    findSchedulerStack();
#endif
    if (count <= stackCount) return;
    if (stacks != nullptr) {
#if defined(__SANITIZE_ADDRESS__)
        // Lanes end without returning: the marks of their frames would be found on whatever is mapped there next.
        __asan_unpoison_memory_region(stacks, stackCount * STRIDE);
#endif
        munmap(stacks, stackCount * STRIDE);
    }
    void *memory = mmap(nullptr, count * STRIDE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) throw Fault{cudaErrorMemoryAllocation, "no memory for the stacks of simulated threads"};
    // Large pages would make all of it resident.
    madvise(memory, count * STRIDE, MADV_NOHUGEPAGE);
    stacks = static_cast<char *>(memory);
    stackCount = count;
}

void prepareLane(Lane &lane, size_t stack) {
    lane.stack = stacks + stack * STRIDE;
#if defined(__SANITIZE_ADDRESS__)
    __asan_unpoison_memory_region(lane.stack, STACK);
#endif
    std::memcpy(lane.stack, &CANARY, sizeof CANARY);
    // As if called: six saved registers, the place to return to, and the stack aligned as behind a call.
    uintptr_t top = reinterpret_cast<uintptr_t>(lane.stack + STACK) & ~uintptr_t(15);
    void **frame = reinterpret_cast<void **>(top) - 8;
    std::memset(frame, 0, 6 * sizeof(void *));
    frame[6] = reinterpret_cast<void *>(&laneMain);
    frame[7] = nullptr;
    lane.stackPointer = frame;
}

void resume(Lane &lane) {
    machine.running = lane.warp;
    enter(lane);
    change(&machine.schedulerStack, &lane);
    machine.running = nullptr;
}

void suspend(Wait wait, const void *site) {
    Lane &self = *machine.current;
    self.wait = wait;
    self.site = site;
    leave(self);
    self.wait = Wait::NONE;
}

void pause() {
    Lane &self = *machine.current;
    self.warp->ready |= bitOf(self);
    machine.current = nullptr;
    change(&self.stackPointer, nullptr);
}

void failAs(int error, const char *format, ...) {
    char text[2000];
    va_list arguments;
    va_start(arguments, format);
    std::vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (machine.current == nullptr) throw Fault{static_cast<cudaError_t>(error), text};
    machine.fault = text;
    machine.faultError = error;
    Lane &self = *machine.current;
    machine.current = nullptr;
    change(&self.stackPointer, nullptr);
    __builtin_trap();
}

}  // namespace simulation
