// Device memory and page-locked host memory: blocks of their own pages, with an unmapped page behind each.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>

namespace simulation {

class Memory {
public:
    // `capacity`: bytes that can be taken before an allocation fails.
    explicit Memory(size_t capacity) : capacity_(capacity) {}

    // A block aligned to 256 bytes whose end meets the unmapped page as closely as that allows; null if there is no more.
    // All its bits are set: NaN in every floating type.
    void *take(size_t bytes);
    // False if `address` is not the beginning of a block.
    bool give(void *address);
    // Whether a block holds all of [address, address + bytes).
    bool holds(const void *address, size_t bytes) const;
    size_t free() const { return capacity_ - used_; }
    size_t capacity() const { return capacity_; }

private:
    struct Block {
        size_t bytes;
        size_t counted;
        void *pages;
        size_t mapped;
    };

    size_t capacity_;
    size_t used_ = 0;
    std::map<uintptr_t, Block> blocks_;
};

}  // namespace simulation
