// The warps that differentiate cells, backward: they sum the shares of dh of their block's units, form gate gradients and send them.
#pragma once

#include "wide_products.cuh"

namespace frnn {

#ifdef FRNN_HOPPER

constexpr uint32_t kWideGradientMark = 0x10000; // in the last word of a chunk

__device__ __forceinline__ uint32_t wideGradientMark(int step) {
    return step & 2 ? kWideGradientMark : 0;
}

// Shares of dh: per n-tile and step parity, for each block of the slice from each of its team, in the order of the lanes of an m16n8
// tile: [lane][sample of two][unit of two].
struct WideShares {
    char *slots;
    int bytes;   // of one slot
    int sources; // parts that hold real gate rows; blocks of others wait for nobody, and nobody looks at what they send

    __device__ __forceinline__ char *at(int tile, int step, int block, int source) const {
        return slots + (tile * 2 + (step & 1)) * bytes + (block * kWideTeam + source) * kChipCells * 4;
    }
    static __device__ __forceinline__ uint32_t epochOf(int step) { return step >> 1 & 1; }
};

// Groups of two warps, each for every other n-tile. A thread has two units of one sample, which make a chunk of gate gradients. What
// forward saved comes through a ring in shared memory, some n-tiles ahead.
template <class Cell, class Type>
struct WideCells {
    static constexpr int kGates = Cell::kGates, kCarried = Cell::kCarriedFloats, kThreads = kWideGroupWarps * 32;
    static constexpr int kPrevious = sizeof(typename Cell::Previous); // bytes
    static constexpr int kPreviousAt = kThreads * 16, kDyAt = kPreviousAt + kThreads * 8, kStage = kThreads * kWideSavedBytes;

    const BackwardArgs &args;
    const WideSlice &slice;
    const WideShares &shares;
    const int group, thread, column, unit, timeStride; // thread: of the group; unit: the first of two
    const SampleRow *const rows;                       // of this thread's sample, kTileSamples apart
    float2 *const carried;
    char *const saved;     // the ring
    const char *const own; // shares of this thread's cells in the first slot, from the first of the team
    char *const chunk;     // of gate gradients of this thread's cells in the first slot
    const bool real[2];
    const bool evenUnits; // pairs of units lie on the boundaries that copies of pairs need
    bool lost = false;
    int fetchStep = 0, fetchTile, stage = 0;

    __device__ __forceinline__ WideCells(const BackwardArgs &backwardArgs, const WideSlice &ofSlice, const WideShares &ofShares, char *shared,
                                         const WideBackwardLayout &layout, int number)
        : args(backwardArgs), slice(ofSlice), shares(ofShares), group(number / kThreads), thread(number % kThreads), column(thread % 8),
          unit(slice.firstUnit + thread / 8 * 2), timeStride(args.batch * args.directions * args.hidden * (slice.direction == 0 ? 1 : -1)),
          rows(reinterpret_cast<const SampleRow *>(shared + layout.rows) + column),
          carried(reinterpret_cast<float2 *>(shared + layout.carried) + thread), saved(shared + layout.saved + group * kWideFetched * kStage),
          own(shares.at(0, 0, slice.block, 0) + thread * 8),
          chunk(slice.slots + (slice.block * (kChipUnits / 2) + thread / 8) * 128 + chipStatePosition(column) * 16),
          real{unit < args.hidden, unit + 1 < args.hidden}, evenUnits(args.hidden % 2 == 0), fetchTile(group) {}

    __device__ __forceinline__ SampleRow row(int tile) const { return rows[tile * kTileSamples]; }
    __device__ __forceinline__ float2 *carriedAt(int tile) const { return carried + tile * kCarried * kThreads; }
    __device__ __forceinline__ size_t stateOf(const SampleRow &r) const { return (size_t(slice.direction) * args.batch + r.sample) * args.hidden + unit; }
    // Of the first unit.
    __device__ __forceinline__ ChipStep stepOf(const SampleRow &r, int forwardStep) const {
        const int64_t cell = r.origin + int64_t(forwardStep) * timeStride + unit;
        return {cell, cell - timeStride, forwardStep > 0};
    }
    __device__ __forceinline__ bool inWork(const SampleRow &r, int forwardStep) const { return forwardStep >= 0 && forwardStep < r.length && real[0]; }
    __device__ __forceinline__ const char *sharesAt(int tile, int step) const { return own + (tile * 2 + (step & 1)) * shares.bytes; }

    __device__ __forceinline__ void begin() const {
        for (int tile = group; tile < slice.tiles; tile += kWideBackwardGroups) {
            const SampleRow r = row(tile);
            float initial[2][2] = {};
#pragma unroll
            for (int j = 0; j < 2; j++) {
                if (r.length > 0 && real[j]) Cell::template begin<Type>(args, stepOf(r, r.length - 1).cell + j, stateOf(r) + j, initial[j]);
            }
#pragma unroll
            for (int i = 0; i < kCarried; i++) carriedAt(tile)[i * kThreads] = make_float2(initial[0][i], initial[1][i]);
        }
    }

    __device__ __forceinline__ void fetch() {
        const int forwardStep = args.steps - 1 - fetchStep;
        const SampleRow r = row(fetchTile);
        if (inWork(r, forwardStep)) {
            char *const to = saved + stage;
            const ChipStep p = stepOf(r, forwardStep);
            const auto *const previous = Cell::previousIn(args);
            if (evenUnits) {
                const uint32_t at = sharedAddress(to);
                copyAsync16(at + thread * 16, args.savedGates + p.cell * 4, 16);
                if constexpr (kPrevious == 4) {
                    copyAsync8(at + kPreviousAt + thread * 8, previous + (p.hasPrevious ? p.previous : 0), p.hasPrevious ? 8 : 0);
                } else {
                    copyAsync4(at + kPreviousAt + thread * 8, previous + (p.hasPrevious ? p.previous : 0), p.hasPrevious ? 4 : 0);
                }
                if (args.dy != nullptr) copyAsync4(at + kDyAt + thread * 4, args.dy + p.cell, 4);
            } else {
#pragma unroll
                for (int j = 0; j < 2; j++) {
                    if (!real[j]) continue;
                    reinterpret_cast<uint2 *>(to)[thread * 2 + j] = readTwoWords(args.savedGates + (p.cell + j) * 4);
                    reinterpret_cast<typename Cell::Previous *>(to + kPreviousAt + thread * 8)[j] =
                        p.hasPrevious ? previous[p.previous + j] : typename Cell::Previous(0);
                    if (args.dy != nullptr) reinterpret_cast<uint16_t *>(to + kDyAt)[thread * 2 + j] = args.dy[p.cell + j];
                }
            }
        }
        copyCommit();
        stage = stage + kStage == kWideFetched * kStage ? 0 : stage + kStage;
        fetchTile += kWideBackwardGroups;
        if (fetchTile >= slice.tiles) {
            fetchTile = group;
            fetchStep++;
        }
    }

    __device__ __forceinline__ typename Cell::Saved fetched(int j) const {
        const char *const from = saved + stage;
        return {reinterpret_cast<const uint2 *>(from)[thread * 2 + j], reinterpret_cast<const typename Cell::Previous *>(from + kPreviousAt + thread * 8)[j],
                args.dy != nullptr ? reinterpret_cast<const uint16_t *>(from + kDyAt)[thread * 2 + j] : uint16_t(0)};
    }

    // Shares of a step, which may not be there yet.
    __device__ __forceinline__ void ask(uint2 (&asked)[kWideTeam], int tile, int step) const {
        const char *const from = sharesAt(tile, step);
#pragma unroll
        for (int i = 0; i < kWideTeam; i++) {
            if (i < shares.sources) asked[i] = loadTwoWords(from + i * kChipCells * 4);
        }
    }

    // dh as it comes through the product of a step: the team's shares, in its order.
    __device__ __forceinline__ void arrived(uint2 (&asked)[kWideTeam], int tile, int step, float (&dh)[2]) {
        const uint32_t epoch = WideShares::epochOf(step);
        auto stale = [&](int i) { return i < shares.sources && (((asked[i].x ^ epoch) | (asked[i].y ^ epoch)) & 1); };
        for (Patience patience; (stale(0) || stale(1) || stale(2) || stale(3)) && patience.left(lost, args.error);) {
#pragma unroll
            for (int i = 0; i < kWideTeam; i++) {
                if (stale(i)) asked[i] = loadTwoWords(sharesAt(tile, step) + i * kChipCells * 4);
            }
        }
#pragma unroll
        for (int i = 0; i < kWideTeam; i++) {
            dh[0] += i < shares.sources ? __uint_as_float(asked[i].x) : 0.0f;
            dh[1] += i < shares.sources ? __uint_as_float(asked[i].y) : 0.0f;
        }
    }

    __device__ __forceinline__ void run() {
        begin();
        if (group >= slice.tiles) return;
#pragma unroll 1
        for (int i = 0; i < kWideFetched; i++) fetch();
        // A block of padding units alone is not waited for by anybody: its shares may be gone.
        const bool waits = slice.firstUnit < args.hidden;
        // Shares of the n-tile after the one in work are on their way to registers, if the group has more than one: those of a
        // single one cannot be there so early.
        const bool early = waits && group + kWideBackwardGroups < slice.tiles;
        uint2 asked[kWideTeam] = {};
        for (int step = 0; step <= args.steps; step++) {
            for (int tile = group; tile < slice.tiles; tile += kWideBackwardGroups) {
                const SampleRow r = row(tile);
                const int forwardStep = args.steps - 1 - step;
                const bool last = tile + kWideBackwardGroups >= slice.tiles;
                copyWait<kWideFetched - 1>();
                float dh[2] = {0, 0}, values[2][2] = {};
                if (step > 0 && waits) {
                    if (!early) ask(asked, tile, step - 1);
                    arrived(asked, tile, step - 1, dh);
                }
                const int nextStep = last ? step + 1 : step;
                if (early && nextStep > 0 && nextStep <= args.steps) ask(asked, last ? group : tile + kWideBackwardGroups, nextStep - 1);
#pragma unroll
                for (int i = 0; i < kCarried; i++) {
                    const float2 v = carriedAt(tile)[i * kThreads];
                    values[0][i] = v.x;
                    values[1][i] = v.y;
                }
                if (forwardStep < 0) {
                    finish(r, dh, values);
                    continue;
                }
                const bool valid = inWork(r, forwardStep);
                typename Cell::Gradient gradient[2] = {};
                if (valid) {
                    if (forwardStep == r.length - 1) behindLast(r, dh);
#pragma unroll
                    for (int j = 0; j < 2; j++) {
                        if (!real[j]) continue;
                        typename Cell::Prepared prepared = Cell::template prepare<Type>(args, fetched(j), values[j]);
                        dh[j] += prepared.besides();
                        if (forwardStep == 0) Cell::template first<Type>(args, stateOf(r) + j, prepared);
                        gradient[j] = Cell::template apply<Type>(prepared, dh[j], values[j]);
                    }
                }
                const uint2 gates = Cell::recurrentSide(gradient[0]), next = Cell::recurrentSide(gradient[1]);
                storePacket(chunk + (tile * 2 + (step & 1)) * slice.slotBytes,
                            make_uint4(gates.x, gates.y, next.x, (next.y & ~kWideGradientMark) | wideGradientMark(step)));
                // The rest of the iteration lies in the shadow of the exchange.
                if (valid) {
#pragma unroll
                    for (int i = 0; i < kCarried; i++) carriedAt(tile)[i * kThreads] = make_float2(values[0][i], values[1][i]);
                    store(r, forwardStep, gradient);
                }
                fetch();
            }
        }
    }

    // dh behind a sample's last step; a GRU begins with it where later the part of dh is that bypasses the product.
    __device__ __forceinline__ void behindLast(const SampleRow &r, float (&dh)[2]) const {
#pragma unroll
        for (int j = 0; j < 2; j++) {
            if (!real[j]) continue;
            dh[j] = Cell::kCarriesCell ? carriedOr<Type>(args.dhCarried, args.dhy, stateOf(r) + j) : 0.0f;
        }
    }

    __device__ __forceinline__ void store(const SampleRow &r, int forwardStep, const typename Cell::Gradient (&gradient)[2]) const {
        const int64_t cell = stepOf(r, forwardStep).cell;
        if (evenUnits) {
            Cell::storePair(args, cell, gradient);
        } else {
#pragma unroll
            for (int j = 0; j < 2; j++) {
                if (real[j]) Cell::store(args, cell + j, gradient[j]);
            }
        }
        if (forwardStep != 0 || args.dGatesFirst == nullptr) return;
#pragma unroll
        for (int j = 0; j < 2; j++) {
            if (real[j]) Cell::storeFirst(args.dGatesFirst + (stateOf(r) + j) * kGates, gradient[j]);
        }
    }

    // Behind the last step: gradients of the initial state.
    __device__ __forceinline__ void finish(const SampleRow &r, const float (&dh)[2], const float (&values)[2][2]) const {
        if (r.length <= 0) return;
#pragma unroll
        for (int j = 0; j < 2; j++) {
            if (!real[j]) continue;
            const float before = dh[j] + Cell::besides(values[j]);
            const size_t state = stateOf(r) + j;
            if (args.dhx != nullptr) args.dhx[state] = Type::bits(before);
            if (args.dhCarried != nullptr) args.dhCarried[state] = before;
            if (Cell::kCarriesCell && args.dcx != nullptr) args.dcx[state] = Type::bits(values[j][0]);
            if (Cell::kCarriesCell && args.dcCarried != nullptr) args.dcCarried[state] = values[j][0];
        }
    }
};

#endif // FRNN_HOPPER

} // namespace frnn
