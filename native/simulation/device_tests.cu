// The simulated device itself: what it computes, and that it finds each kind of fault it is there to find.
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include "common/launch.cuh"
#include "recurrence/instructions.cuh"

#include <cuda_bf16.h>
#include <cuda_fp16.h>

namespace {

int failures = 0;

void expect(bool condition, const char *what) {
    if (condition) return;
    ++failures;
    std::printf("FAIL %s\n", what);
}

struct Shape {
    unsigned blocks = 1, threads = 32, cluster = 1;
    bool cooperative = false;
    size_t sharedBytes = 0;
};

// What the launch was broken off for; empty if it ended.
std::string run(const Shape &shape, std::function<void()> body) {
    simulation::Launch launch;
    launch.grid = shape.blocks;
    launch.block = shape.threads;
    launch.clusterSize = shape.cluster;
    launch.cooperative = shape.cooperative;
    launch.sharedBytes = shape.sharedBytes;
    launch.body = std::move(body);
    try {
        simulation::run(launch);
        return "";
    } catch (const simulation::Fault &fault) {
        return fault.text;
    }
}

void faults(const char *part, const Shape &shape, std::function<void()> body) {
    const std::string text = run(shape, std::move(body));
    expect(text.find(part) != std::string::npos, (std::string("is reported: ") + part + "; the report: " + text).c_str());
}

// How many of 200 schedules the check of a launch's outcome calls good.
constexpr int SCHEDULES = 200;
int good(const Shape &shape, std::function<void()> body, std::function<void()> before, std::function<bool()> check) {
    int count = 0;
    for (int i = 0; i < SCHEDULES; ++i) {
        before();
        const std::string text = run(shape, body);
        expect(text.empty(), text.c_str());
        count += check();
    }
    return count;
}

void meetings() {
    // Values that warps hand on through shared memory.
    std::vector<int> out(128);
    for (const bool barrier : {true, false}) {
        const int count = good({1, 128, 1, false, 512}, [&, barrier] {
            int *const shared = reinterpret_cast<int *>(simulation::dynamicShared());
            const int t = int(threadIdx.x);
            shared[t] = t;
            __syncwarp();
            if (barrier) __syncthreads();
            out[t] = shared[127 - t];
        }, [] {}, [&] {
            for (int t = 0; t < 128; ++t) {
                if (out[t] != 127 - t) return false;
            }
            return true;
        });
        expect(barrier ? count == SCHEDULES : count < SCHEDULES / 2, "a missing __syncthreads shows, a present one orders");
    }
    for (const bool barrier : {true, false}) {
        const int count = good({1, 32, 1, false, 128}, [&, barrier] {
            int *const shared = reinterpret_cast<int *>(simulation::dynamicShared());
            const int t = int(threadIdx.x);
            shared[t] = t;
            if (barrier) __syncwarp();
            out[t] = shared[31 - t];
        }, [] {}, [&] { return out[0] == 31 && out[31] == 0; });
        expect(barrier ? count == SCHEDULES : count < SCHEDULES / 2, "a missing __syncwarp shows, a present one orders");
    }
    expect(run({1, 64}, [&] {
        const int t = int(threadIdx.x), lane = t % 32;
        int wrong = 0;
        wrong |= __shfl_xor_sync(~0u, t, 5) != (t ^ 5);
        wrong |= __shfl_sync(~0u, t, 7) != t / 32 * 32 + 7;
        wrong |= __shfl_up_sync(~0u, t, 3) != (lane >= 3 ? t - 3 : t);
        wrong |= __shfl_down_sync(~0u, t, 3) != (lane + 3 < 32 ? t + 3 : t);
        wrong |= __shfl_down_sync(~0u, t, 3, 8) != (lane % 8 + 3 < 8 ? t + 3 : t);
        wrong |= __ballot_sync(~0u, lane % 3 == 0) != 0x49249249u;
        wrong |= __match_any_sync(~0u, lane % 16) != (0x10001u << lane % 16);
        wrong |= __any_sync(~0u, lane == 4) != 1 || __all_sync(~0u, lane == 4) != 0 || __all_sync(~0u, t >= 0) != 1;
        wrong |= __syncthreads_or(t == 50) != 1 || __syncthreads_and(t < 63) != 0 || __syncthreads_count(t < 20) != 20;
        out[t] = wrong;
    }).empty(), "operations of warps run");
    for (int t = 0; t < 64; ++t) expect(out[t] == 0, "operations of warps give what CUDA says");

    faults("divergence", {}, [] {
        if (threadIdx.x != 3) __syncwarp();
        else static_cast<void>(__shfl_sync(~0u, 1, 0));
    });
    faults("divergence", {}, [] {
        if (threadIdx.x != 3) __syncwarp();
    });
    faults("deadlock", {1, 64}, [] {
        if (threadIdx.x < 32) frnn::namedBarrier(1, 64);
        else frnn::namedBarrier(2, 64);
    });
    faults("others wait at it for", {1, 64}, [] { frnn::namedBarrier(1, threadIdx.x < 32 ? 64 : 96); });
    faults("static shared memory", {2, 32, 2}, [] {
        __shared__ int value;
        value = 0;
        static_cast<void>(value);
    });
    expect(run({1, 96}, [] {
        // Exited warps do not hold up the others.
        if (threadIdx.x < 32) return;
        __syncthreads();
    }).empty(), "a block barrier counts the threads that are left");
}

void copies() {
    alignas(16) static float from[256];
    for (int i = 0; i < 256; ++i) from[i] = float(i);
    std::vector<float> out(64);
    for (const bool waits : {true, false}) {
        const int count = good({1, 32, 1, false, 1024}, [&, waits] {
            char *const shared = simulation::dynamicShared();
            const uint32_t to = frnn::sharedAddress(shared) + threadIdx.x * 16;
            frnn::copyAsync16(to, from + threadIdx.x * 4, 16);
            frnn::copyCommit();
            frnn::copyAsync16(to + 512, from + 128 + threadIdx.x * 4, threadIdx.x < 31 ? 16 : 4);
            frnn::copyCommit();
            if (waits) frnn::copyWait<1>();
            __syncwarp();
            out[threadIdx.x] = reinterpret_cast<const float *>(shared)[127 - threadIdx.x];
            frnn::copyWait<0>();
            __syncwarp();
            out[32 + threadIdx.x] = reinterpret_cast<const float *>(shared)[255 - threadIdx.x];
        }, [] {}, [&] {
            bool all = out[32] == 0 && out[32 + 3] == 252 && out[32 + 4] == 251;
            for (int t = 0; t < 32; ++t) all = all && out[t] == float(127 - t);
            return all;
        });
        expect(waits ? count == SCHEDULES : count < SCHEDULES / 8, "copies are there when they were waited for, and not before");
    }
    faults("aligned", {1, 1, 1, false, 64}, [] { frnn::copyAsync16(frnn::sharedAddress(simulation::dynamicShared()) + 8, from, 16); });
    faults("an access of 16 bytes", {1, 1, 1, false, 64}, [] { frnn::copyAsync16(frnn::sharedAddress(simulation::dynamicShared()), from + 1, 16); });
    faults("offset 64", {1, 1, 1, false, 64}, [] { frnn::copyAsync16(frnn::sharedAddress(simulation::dynamicShared()) + 64, from, 16); });
#if !defined(__SANITIZE_ADDRESS__) // which ends the program there
    faults("behind its 64 bytes", {1, 1, 1, false, 64}, [] { simulation::dynamicShared()[64] = 1; });
#endif
    expect(run({1, 1, 1, false, 64}, [&] { out[0] = *reinterpret_cast<const float *>(simulation::dynamicShared()); }).empty() && out[0] != out[0],
           "shared memory begins as NaN");
}

// Block 0 of a cluster of two sends 512 bytes to block 1, which waits for them.
void sendBytes(std::vector<float> &out, bool waitsAtEnd, uint32_t expected, bool initialises) {
    char *const shared = simulation::dynamicShared();
    const uint32_t base = frnn::sharedAddress(shared), barrier = base + 512;
    if (threadIdx.x == 0 && initialises) {
        frnn::barrierInit(barrier);
        frnn::barrierInitVisible();
        frnn::barrierExpect(barrier, expected);
    }
    frnn::clusterSync();
    if (frnn::clusterRank() == 0) {
        const float v = float(threadIdx.x);
        const uint32_t bits = __float_as_uint(v);
        frnn::storePeer(frnn::peerAddress(base + threadIdx.x * 16, 1), make_uint4(bits, bits, bits, bits), frnn::peerAddress(barrier, 1));
    } else {
        const long long start = clock64();
        while (waitsAtEnd && !frnn::barrierTry(barrier, 0)) {
            if (clock64() - start > 4000000000ll) break;
        }
        out[threadIdx.x] = reinterpret_cast<const float *>(shared)[(31 - threadIdx.x) * 4];
    }
    if (waitsAtEnd) frnn::clusterSync();
}

void clusters() {
    std::vector<float> out(32);
    const Shape two{2, 32, 2, false, 520};
    const auto complete = [&] {
        for (int t = 0; t < 32; ++t) {
            if (out[size_t(t)] != float(31 - t)) return false;
        }
        return true;
    };
    expect(good(two, [&] { sendBytes(out, true, 512, true); }, [] {}, complete) == SCHEDULES, "all bytes are there when the barrier says so");
    expect(good(two, [&] { sendBytes(out, true, 528, true); }, [] {}, [] { return true; }) == SCHEDULES, "a wait with a limit ends");
    faults("ended", two, [&] { sendBytes(out, false, 512, true); });
    faults("no barrier was initialised", two, [&] { sendBytes(out, true, 512, false); });
    faults("has 520 bytes", two, [] {
        frnn::clusterSync();
        const uint32_t base = frnn::sharedAddress(simulation::dynamicShared());
        frnn::storePeer(frnn::peerAddress(base + 512, 1), make_uint4(0, 0, 0, 0), frnn::peerAddress(base, 1));
    });
    faults("more arrivals", two, [] {
        const uint32_t barrier = frnn::sharedAddress(simulation::dynamicShared());
        if (threadIdx.x == 0) frnn::barrierInit(barrier);
        __syncwarp();
        frnn::barrierExpect(barrier, 16);
    });
    faults("waits for ever", {1, 32, 1, false, 8}, [] {
        const uint32_t barrier = frnn::sharedAddress(simulation::dynamicShared());
        if (threadIdx.x == 0) frnn::barrierInit(barrier);
        __syncwarp();
        while (!frnn::barrierTry(barrier, 0)) {
        }
    });
}

// Block 0 writes data, then a flag; block 1 waits for the flag and looks at the data.
enum class Between { NOTHING, FENCE, OTHER_THREAD, BARRIER_AND_OTHER_THREAD };

int messages(Between between) {
    alignas(16) static uint32_t data[4], flag[4];
    uint32_t seen[4];
    return good({2, 64, 1, true}, [&, between] {
        if (blockIdx.x == 0) {
            if (threadIdx.x == 32) frnn::storeWords(data, make_uint4(1, 2, 3, 4));
            if (between == Between::BARRIER_AND_OTHER_THREAD) __syncthreads();
            if (threadIdx.x == (between >= Between::OTHER_THREAD ? 0 : 32)) {
                if (between != Between::NOTHING) __threadfence();
                frnn::storeWords(flag, make_uint4(1, 1, 1, 1));
            }
        } else if (threadIdx.x == 0) {
            while (frnn::loadWords(flag).x == 0) {
            }
            const uint4 v = frnn::loadWords(data);
            seen[0] = v.x, seen[1] = v.y, seen[2] = v.z, seen[3] = v.w;
        }
    }, [&] {
        for (int i = 0; i < 4; ++i) data[i] = flag[i] = 0;
    }, [&] { return seen[0] == 1 && seen[1] == 2 && seen[2] == 3 && seen[3] == 4; });
}

void globalMemory() {
    expect(messages(Between::NOTHING) < SCHEDULES, "a missing fence shows");
    expect(messages(Between::FENCE) == SCHEDULES, "a fence orders");
    expect(messages(Between::OTHER_THREAD) < SCHEDULES, "a fence does not order what another thread stores at the same time");
    expect(messages(Between::BARRIER_AND_OTHER_THREAD) == SCHEDULES, "a fence orders what came before a block barrier");

    // Half of a store: possible word by word, not in a packet.
    alignas(16) static uint32_t words[4];
    for (const bool packet : {true, false}) {
        bool torn = false;
        const int count = good({2, 32, 1, true}, [&, packet] {
            if (threadIdx.x != 0) return;
            if (blockIdx.x == 0) {
                if (packet) frnn::storePacket(words, make_uint4(1, 1, 1, 1));
                else frnn::storeWords(words, make_uint4(1, 1, 1, 1));
                return;
            }
            uint4 v;
            do {
                v = packet ? frnn::loadPacket(words) : frnn::loadWords(words);
                if (v.x != v.y || v.x != v.z || v.x != v.w) torn = true;
            } while (v.x + v.y + v.z + v.w < 4);
        }, [&] {
            torn = false;
            for (uint32_t &word : words) word = 0;
        }, [&] { return !torn; });
        expect(packet ? count == SCHEDULES : count < SCHEDULES, "words arrive one by one, packets whole");
    }
    expect(good({2, 32, 1, true}, [] {
        if (blockIdx.x == 1 || threadIdx.x != 0) return;
        frnn::storeWords(words, make_uint4(5, 6, 7, 8));
        const uint4 v = frnn::loadWords(words);
        if (v.x != 5 || v.w != 8) words[0] = 0;
    }, [] {}, [] { return words[0] == 5 && words[3] == 8; }) == SCHEDULES, "a thread sees its own stores");

    simulation::options().vanishingBlock = 0;
    uint32_t error = 0;
    expect(run({2, 32, 1, true}, [&] {
        const long long start = clock64();
        if (blockIdx.x == 0) {
            frnn::storeWords(words, make_uint4(9, 9, 9, 9));
            return;
        }
        while (frnn::loadWords(words).x != 9) {
            if (clock64() - start < 4000000000ll) continue;
            atomicExch(&error, 1u);
            break;
        }
    }).empty() && error == 1, "a block that vanished is given up");
    simulation::options().vanishingBlock = -1;
}

void numbers() {
    bool equal = true;
    for (uint32_t bits = 0; bits < 65536; ++bits) {
        _Float16 value;
        const uint16_t half = uint16_t(bits);
        std::memcpy(&value, &half, 2);
        const float mine = simulation::halfToFloat(half);
        equal = equal && (mine == float(value) || (mine != mine && value != value));
    }
    expect(equal, "every f16 becomes the right float");
    uint32_t state = 1;
    for (int i = 0; i < 2000000; ++i) {
        state = state * 1664525 + 1013904223;
        // Half of them in f16's range.
        const uint32_t bits = i % 2 ? state : (state & 0x80001fffu) | ((state >> 13 & 0x3fff) % 0x3000 + 0x18000u) << 13;
        const float value = simulation::bitsToFloat(bits);
        if (value != value) continue;
        const _Float16 half = _Float16(value);
        uint16_t expected;
        std::memcpy(&expected, &half, 2);
        equal = equal && simulation::floatToHalf(value) == expected;
        const uint16_t b = simulation::floatToBfloat(value);
        const double error = std::fabs(double(simulation::bitsToFloat(uint32_t(b) << 16)) - double(value));
        const double up = std::fabs(double(simulation::bitsToFloat(uint32_t(b + 1) << 16)) - double(value));
        const double down = std::fabs(double(simulation::bitsToFloat(uint32_t(b - 1) << 16)) - double(value));
        if (std::isfinite(simulation::bitsToFloat(uint32_t(b) << 16))) equal = equal && !(up < error) && !(down < error);
    }
    expect(equal, "floats are rounded to the nearest f16 and bf16");
    expect(simulation::floatToHalf(NAN) == 0x7fff && simulation::floatToBfloat(-NAN) == 0x7fff && simulation::floatToBfloat(3.4e38f) == 0x7f80,
           "NaN and overflow");
    double worst = 0;
    for (int i = -40000; i <= 40000; ++i) {
        const float x = float(i) / 4000;
        const double exact = std::tanh(double(x));
        if (x != 0) worst = std::max(worst, std::fabs(simulation::tanhApproximate(x) - exact) / std::fabs(exact));
    }
    expect(worst <= 0x1p-11 && worst > 0x1p-13, "tanh.approx is as exact as promised, and no more");

    // mma.m16n8k16 by the layouts of PTX, 9.7.14.5.8.
    for (const bool half : {false, true}) {
        float a[16][16], b[16][8], c[16][8], d[16][8];
        const auto draw = [&] {
            state = state * 1664525 + 1013904223;
            return float(int(state >> 24) - 128) / 64; // exact in both types
        };
        for (auto &row : a) for (float &x : row) x = draw();
        for (auto &row : b) for (float &x : row) x = draw();
        for (auto &row : c) for (float &x : row) x = draw();
        const auto pack = [half](float low, float high) {
            return half ? uint32_t(simulation::floatToHalf(low)) | uint32_t(simulation::floatToHalf(high)) << 16
                        : uint32_t(simulation::floatToBfloat(low)) | uint32_t(simulation::floatToBfloat(high)) << 16;
        };
        run({}, [&] {
            const int group = int(threadIdx.x) / 4, inGroup = int(threadIdx.x) % 4;
            uint32_t fragment[4], other[2];
            float sums[4];
            for (int i = 0; i < 8; i += 2) {
                const int row = (i < 2) || (i >= 4 && i < 6) ? group : group + 8, column = inGroup * 2 + (i < 4 ? 0 : 8);
                fragment[i / 2] = pack(a[row][column], a[row][column + 1]);
            }
            for (int i = 0; i < 4; i += 2) other[i / 2] = pack(b[inGroup * 2 + (i < 2 ? 0 : 8)][group], b[inGroup * 2 + 1 + (i < 2 ? 0 : 8)][group]);
            for (int i = 0; i < 4; ++i) sums[i] = c[i < 2 ? group : group + 8][inGroup * 2 + (i & 1)];
            if (half) frnn::multiplyAddF16(sums, fragment, other[0], other[1]);
            else frnn::multiplyAddBf16(sums, fragment, other[0], other[1]);
            for (int i = 0; i < 4; ++i) d[i < 2 ? group : group + 8][inGroup * 2 + (i & 1)] = sums[i];
        });
        bool same = true;
        for (int r = 0; r < 16; ++r) {
            for (int n = 0; n < 8; ++n) {
                float sum = c[r][n];
                for (int k = 0; k < 16; ++k) sum += a[r][k] * b[k][n];
                same = same && sum == d[r][n];
            }
        }
        expect(same, "mma multiplies");
    }

    // mma.m16n8k8 of TF32, the same chapter: the last 13 bits of a factor do not count.
    float a[16][8], b[8][8], d[16][8] = {};
    for (auto &row : a) for (float &x : row) x = float(int((state = state * 1664525 + 1013904223) >> 24) - 128) / 64;
    for (auto &row : b) for (float &x : row) x = float(int((state = state * 1664525 + 1013904223) >> 24) - 128) / 64;
    const auto withTail = [](float x) { return simulation::floatToBits(x) | 0x1fffu; };
    run({}, [&] {
        const int group = int(threadIdx.x) / 4, inGroup = int(threadIdx.x) % 4;
        uint32_t fragment[4];
        float sums[4] = {};
        for (int i = 0; i < 4; ++i) fragment[i] = withTail(a[group + i % 2 * 8][inGroup + i / 2 * 4]);
        frnn::multiplyAddTf32(sums, fragment, withTail(b[inGroup][group]), withTail(b[inGroup + 4][group]));
        for (int i = 0; i < 4; ++i) d[i < 2 ? group : group + 8][inGroup * 2 + (i & 1)] = sums[i];
    });
    bool same = true;
    for (int r = 0; r < 16; ++r) {
        for (int n = 0; n < 8; ++n) {
            float sum = 0;
            for (int k = 0; k < 8; ++k) sum += a[r][k] * b[k][n];
            same = same && sum == d[r][n];
        }
    }
    expect(same, "mma of TF32 multiplies and cuts off");
    const auto rounds = [](float from, float to) { return frnn::roundTf32(from) == simulation::floatToBits(to); };
    expect(rounds(1 + 0x1p-11f, 1 + 0x1p-10f) && rounds(-1 - 0x1p-11f, -1 - 0x1p-10f) && rounds(1 + 0x1.ffep-12f, 1) && rounds(3.4028e38f, INFINITY) &&
               rounds(INFINITY, INFINITY) && frnn::roundTf32(NAN) == 0x7fffffff,
           "cvt.rna.tf32 rounds to the nearest, halves away from zero");
}

} // namespace

int main() {
    meetings();
    copies();
    clusters();
    globalMemory();
    numbers();
    std::printf(failures == 0 ? "simulated device: all passed\n" : "simulated device: %d failed\n", failures);
    return failures != 0;
}
