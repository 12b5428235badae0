#include "memory.h"

#include <sys/mman.h>

#include <cstring>

namespace simulation {
namespace {

constexpr size_t ALIGNMENT = 256;
constexpr size_t PAGE = 4096;

size_t roundUp(size_t value, size_t unit) { return (value + unit - 1) / unit * unit; }

}  // namespace

void *Memory::take(size_t bytes) {
    if (bytes > free()) return nullptr;
    const size_t counted = roundUp(bytes, ALIGNMENT);
    if (counted > free()) return nullptr;
    const size_t usable = roundUp(counted, PAGE);
    const size_t mapped = usable + PAGE;
    void *pages = mmap(nullptr, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (pages == MAP_FAILED) return nullptr;
    char *const base = static_cast<char *>(pages) + usable - counted;
    mprotect(static_cast<char *>(pages) + usable, PAGE, PROT_NONE);
    std::memset(base, 0xFF, counted);
    blocks_[reinterpret_cast<uintptr_t>(base)] = {bytes, counted, pages, mapped};
    used_ += counted;
    return base;
}

bool Memory::give(void *address) {
    const auto found = blocks_.find(reinterpret_cast<uintptr_t>(address));
    if (found == blocks_.end()) return false;
    munmap(found->second.pages, found->second.mapped);
    used_ -= found->second.counted;
    blocks_.erase(found);
    return true;
}

bool Memory::holds(const void *address, size_t bytes) const {
    const uintptr_t begin = reinterpret_cast<uintptr_t>(address);
    auto after = blocks_.upper_bound(begin);
    if (after == blocks_.begin()) return false;
    --after;
    const size_t offset = begin - after->first;
    return offset <= after->second.bytes && bytes <= after->second.bytes - offset;
}

}  // namespace simulation
