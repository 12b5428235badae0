// A small fast generator (xorshift64*): the order of things in the simulation hangs on nothing else.
#pragma once

#include <cstdint>

namespace simulation {

class Random {
public:
    explicit Random(uint64_t seed) : state_(seed * 0x9E3779B97F4A7C15ull + 0x2545F4914F6CDD1Dull) {
        if (state_ == 0) state_ = 1;
        for (int i = 0; i < 4; ++i) next();
    }

    uint32_t next() {
        state_ ^= state_ >> 12;
        state_ ^= state_ << 25;
        state_ ^= state_ >> 27;
        return static_cast<uint32_t>((state_ * 0x2545F4914F6CDD1Dull) >> 32);
    }
    uint32_t below(uint32_t limit) { return static_cast<uint32_t>((static_cast<uint64_t>(next()) * limit) >> 32); }
    bool oneIn(uint32_t count) { return below(count) == 0; }

private:
    uint64_t state_;
};

}  // namespace simulation
