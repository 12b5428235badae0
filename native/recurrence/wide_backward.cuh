// Backward pass through time of one recurrent layer for many samples, all steps in one launch, spread over many multiprocessors.
//
// W_hh is cut in two dimensions, as in chip_backward.cuh, but here no cluster is needed: the four blocks of a team own 16 hidden
// units each, and the gate rows are cut into four parts. Block r of a team keeps the rows of part r and the columns of its team's
// 64 units on the chip. Per step and n-tile of 8 samples
//   four warps sum the shares of dh of the block's units, in the order of the team, and form their gate gradients, which go to L2;
//   eight warps take the gate gradients of the block's part from L2 straight into registers and multiply, each an eighth of them;
//   four warps add these eight sums in fixed order: a share of dh for each block of the team, which goes to L2.
// While one n-tile is at one of these places, others are at the others. The result has the same bits every time.
//
// What travels tells by itself of which step it is. Gate gradients: one bit of every 16 bytes, which arrive as a whole. For the GRU
// it lies in a place that is multiplied by zero; for the LSTM it is the last bit of one value of eight, of which the product sees
// a step's rounding more; the stored gradient keeps it. Shares: the last bit of every fp32 word.
//
// A slot is written again two steps later. Gate gradients: their writer has then received shares of the step between from its
// whole team, which has the gate gradients of that step of all blocks, and a block sends these only when its team, itself among
// it, has multiplied those of the step before. Shares: their writer multiplies gate gradients two steps younger, whose blocks had
// received shares of the step between from all parts and so from gate gradients that a block forms from the shares in the slot.
//
// dh, dc and all pointwise arithmetic are fp32.
#pragma once

#include "chip_launch.h"
#include "wide_products.cuh"

namespace frnn {

#ifdef FRNN_HOPPER

constexpr uint32_t kWideGradientMark = 0x10000; // in the last word of a chunk

// How the multiplying warps go backward: m runs over the team's units, k over the gate rows of the block's part.
template <class Cell>
struct WideBackwardPass {
    static constexpr int kTiles = kWideTeam, kGates = Cell::kGates;
    static constexpr int kSlotOf = 0;
    static constexpr bool kGiven = false, kMayBeTwoParts = false;
    static constexpr uint32_t kFirstLook = 2200;

    const BackwardArgs &args;
    const WideSlice &slice;

    __device__ __forceinline__ WideBackwardPass(const BackwardArgs &backwardArgs, const WideSlice &ofSlice) : args(backwardArgs), slice(ofSlice) {}

    static __device__ __forceinline__ int turnsAhead(int turns, int ring) { return wideBackwardTurnsAhead(turns, ring); }
    static __device__ __forceinline__ uint32_t epochOf(int slot) { return slot & 2 ? kWideGradientMark : 0; }
    static __device__ __forceinline__ uint4 load(const char *from) { return loadPacket(from); }
    static __device__ __forceinline__ uint4 nothing(int slot) { return make_uint4(0, 0, 0, epochOf(slot)); }
    static __device__ __forceinline__ bool stale(uint4 v, int slot) { return ((v.w ^ epochOf(slot)) & kWideGradientMark) != 0; }
    template <class Type, int kCount>
    static __device__ __forceinline__ void settled(uint4 (&)[kCount], int) {}

    // Of two k-tiles: rows 0 to 3 and 4 to 7 of each lane's chunk; a lane's two units lie side by side.
    template <int kHidden>
    __device__ __forceinline__ void weightFragments(int m, int chunk, int lane, uint32_t (&fragments)[2][4]) const {
        const int unit = (slice.block / kWideTeam * kWideTeam + m) * kChipUnits + lane / 4 * 2;
        const uint16_t *const rows = args.weights + (size_t(slice.direction) * kHidden + chunk * 2) * kGates * kHidden + unit;
#pragma unroll
        for (int i = 0; i < 4; i++) {
            if constexpr (kHidden > 1280) __syncwarp(); // else so many loads are under way that registers spill
            uint32_t v[2] = {0, 0}; // of two rows: units unit and unit+1
#pragma unroll
            for (int e = 0; e < 2; e++) {
                const int row = i * 2 + e, gate = row % kWideGateRows;
                if (gate < kGates) v[e] = loadWeights<uint32_t>(rows + (row / kWideGateRows * kGates + gate) * kHidden);
            }
            fragments[i / 2][i % 2 * 2] = __byte_perm(v[0], v[1], 0x5410);
            fragments[i / 2][i % 2 * 2 + 1] = __byte_perm(v[0], v[1], 0x7632);
        }
    }

    __device__ __forceinline__ uint4 given(int, int) const { return make_uint4(0, 0, 0, 0); }

    static __device__ __forceinline__ float4 partial(const float (&sums)[kTiles][4], int i) {
        return make_float4(sums[i][0], sums[i][1], sums[i][2], sums[i][3]);
    }
};

// Shares of dh: per n-tile and step parity, for each block of the slice from each of its team, in the order of an m16n8 tile: [lane][unit of two][sample of two].
struct WideShares {
    char *slots;
    int bytes;   // of one slot
    int sources; // parts that hold real gate rows; blocks of others wait for nobody, and nobody looks at what they send

    __device__ __forceinline__ char *at(int tile, int step, int block, int source) const {
        return slots + (tile * 2 + (step & 1)) * bytes + (block * kWideTeam + source) * kChipCells * 4;
    }
    static __device__ __forceinline__ uint32_t epochOf(int step) { return step >> 1 & 1; }
};

// The warps that add what the multiplying ones left; warp m makes the share of the team's block m.
__device__ __forceinline__ void wideReduce(const WideSlice &slice, const WideShares &shares, int steps, uint32_t *error, const char *shared, int m,
                                           int lane) {
    const int owner = slice.block / kWideTeam * kWideTeam + m, rank = slice.block % kWideTeam;
    bool lost = false;
    uint32_t number = 0; // n-tiles handed over
    for (int step = 0; step < steps; step++) {
        const uint32_t epoch = WideShares::epochOf(step);
        for (int tile = 0; tile < slice.tiles; tile++, number++) {
            const int buffer = number % kWideHandovers;
            barrierWait(slice.full + buffer * 8, number / kWideHandovers & 1, lost, error);
            const float4 *const partials = reinterpret_cast<const float4 *>(shared) + (buffer * kWideWarps * kWideTeam + m) * 32 + lane;
            float4 sum = partials[0];
#pragma unroll
            for (int w = 1; w < kWideWarps; w++) {
                const float4 v = partials[w * kWideTeam * 32];
                sum.x += v.x;
                sum.y += v.y;
                sum.z += v.z;
                sum.w += v.w;
            }
            __syncwarp();
            if (lane == 0) barrierArrive(slice.empty + buffer * 8);
            auto told = [&](float v) { return (__float_as_uint(v) & ~1u) | epoch; };
            if (lane % 4 * 2 < slice.samplesOf(tile)) {
                storeWords(shares.at(tile, step, owner, rank) + lane * 16, make_uint4(told(sum.x), told(sum.y), told(sum.z), told(sum.w)));
            }
        }
    }
}

// The warps that differentiate cells: one cell of each n-tile per thread.
// kRing: n-tiles whose shares and saved values are under way or in work.
template <class Cell, class Type, int kRing>
struct WideCells {
    static constexpr int kGates = Cell::kGates, kCarried = Cell::kCarriedFloats;
    using Saved = typename Cell::Saved;

    struct Asked {
        uint32_t shares[kWideTeam];
        Saved saved;
    };

    const BackwardArgs &args;
    const WideSlice &slice;
    const WideShares &shares;
    const SampleRow *const rows; // of this thread's sample, kTileSamples apart
    float *const carried;
    const int element, column, unit, timeStride;
    const bool realUnit;
    bool lost = false;
    int step = 0, tile = 0, askedStep = 0, askedTile = 0;

    __device__ __forceinline__ WideCells(const BackwardArgs &backwardArgs, const WideSlice &ofSlice, const WideShares &ofShares, const SampleRow *allRows,
                                         float *allCarried, int thread)
        : args(backwardArgs), slice(ofSlice), shares(ofShares), rows(allRows + ((thread / 4 & 3) * 2 + (thread & 1))), carried(allCarried + thread),
          element(thread), column((thread / 4 & 3) * 2 + (thread & 1)), unit(slice.firstUnit + thread / 16 * 2 + (thread / 2 & 1)),
          timeStride(args.batch * args.directions * args.hidden * (slice.direction == 0 ? 1 : -1)), realUnit(unit < args.hidden) {}

    __device__ __forceinline__ SampleRow row(int ofTile) const { return rows[ofTile * kTileSamples]; }
    __device__ __forceinline__ float *carriedAt(int ofTile) const { return carried + ofTile * kCarried * kChipCells; }
    __device__ __forceinline__ size_t stateOf(const SampleRow &r) const { return (size_t(slice.direction) * args.batch + r.sample) * args.hidden + unit; }
    __device__ __forceinline__ ChipStep stepOf(const SampleRow &r, int forwardStep) const {
        const int64_t cell = r.origin + int64_t(forwardStep) * timeStride + unit;
        return {cell, cell - timeStride, forwardStep > 0};
    }
    __device__ __forceinline__ bool inWork(const SampleRow &r, int forwardStep) const { return forwardStep >= 0 && forwardStep < r.length && realUnit; }
    __device__ __forceinline__ const char *shareAt(int ofTile, int ofStep, int source) const {
        return shares.at(ofTile, ofStep, slice.block, source) + element * 4;
    }

    __device__ __forceinline__ void begin() const {
        for (int t = 0; t < slice.tiles; t++) {
            const SampleRow r = row(t);
            float initial[2] = {0, 0};
            if (r.length > 0 && realUnit) Cell::template begin<Type>(args, stepOf(r, r.length - 1).cell, stateOf(r), initial);
#pragma unroll
            for (int i = 0; i < kCarried; i++) carriedAt(t)[i * kChipCells] = initial[i];
            for (int s = 0; s < 4; s++) {
                if (inWork(r, args.steps - 1 - s)) Cell::prefetch(args, stepOf(r, args.steps - 1 - s));
            }
        }
    }

    // What the cells of the next n-tile in turn need: shares of the step before, which may not be there yet, and what forward saved.
    __device__ __forceinline__ void ask(Asked &asked) {
        if (askedStep <= args.steps) {
            // Two steps ahead the slot may still hold shares of four steps before, which have the same mark.
            const bool near = askedStep <= step + 1;
            if (askedStep > 0 && realUnit && column < slice.samplesOf(askedTile)) {
#pragma unroll
                for (int i = 0; i < kWideTeam; i++) {
                    asked.shares[i] = near && i < shares.sources ? loadWord(shareAt(askedTile, askedStep - 1, i)) : ~WideShares::epochOf(askedStep - 1);
                }
            }
            const SampleRow r = row(askedTile);
            const int forwardStep = args.steps - 1 - askedStep;
            if (inWork(r, forwardStep)) asked.saved = Cell::load(args, stepOf(r, forwardStep));
        }
        if (++askedTile == slice.tiles) {
            askedTile = 0;
            askedStep++;
        }
    }

    // dh as it comes through the product of the step before: the team's shares, in its order.
    __device__ __forceinline__ float arrived(Asked &asked) {
        const uint32_t epoch = WideShares::epochOf(step - 1);
        for (Patience patience;;) {
            bool stale = false;
#pragma unroll
            for (int i = 0; i < kWideTeam; i++) {
                if (i < shares.sources && (asked.shares[i] ^ epoch) & 1) {
                    stale = true;
                    asked.shares[i] = loadWord(shareAt(tile, step - 1, i));
                }
            }
            if (!stale || !patience.left(lost, args.error)) break;
        }
        float sum = 0;
#pragma unroll
        for (int i = 0; i < kWideTeam; i++) sum += i < shares.sources ? __uint_as_float(asked.shares[i]) : 0.0f;
        return sum;
    }

    // One n-tile of one step. False: it was the last.
    __device__ __forceinline__ bool takeTile(Asked &asked) {
        const SampleRow r = row(tile);
        const int forwardStep = args.steps - 1 - step;
        float share = 0;
        // A block of padding units alone is not waited for by anybody: its shares may be gone.
        if (step > 0 && realUnit && column < slice.samplesOf(tile)) share = arrived(asked);
        float values[2] = {0, 0};
#pragma unroll
        for (int i = 0; i < kCarried; i++) values[i] = carriedAt(tile)[i * kChipCells];
        if (forwardStep < 0) {
            if (r.length > 0 && realUnit) {
                if (args.dhx != nullptr) args.dhx[stateOf(r)] = Type::bits(share + Cell::besides(values));
                if (Cell::kCarriesCell && args.dcx != nullptr) args.dcx[stateOf(r)] = Type::bits(values[0]);
            }
        } else {
            typename Cell::Gradient gradient = {};
            const bool valid = inWork(r, forwardStep);
            if (valid) {
                typename Cell::Prepared prepared = Cell::template prepare<Type>(args, asked.saved, values);
                float dh = share + prepared.besides();
                if (forwardStep == r.length - 1) dh = args.dhy != nullptr ? Type::value(args.dhy[stateOf(r)]) : 0.0f;
                if (forwardStep == 0) Cell::template first<Type>(args, stateOf(r), prepared);
                gradient = Cell::template apply<Type>(prepared, dh, values);
#pragma unroll
                for (int i = 0; i < kCarried; i++) carriedAt(tile)[i * kChipCells] = values[i];
            }
            __syncwarp();
            // A chunk has the gate rows of two units, which are in lanes that differ in bit 1.
            const uint2 own = Cell::recurrentSide(gradient);
            const uint2 next = make_uint2(__shfl_xor_sync(~0u, own.x, 2), __shfl_xor_sync(~0u, own.y, 2));
            if (!(element & 2) && column < slice.samplesOf(tile)) {
                const uint32_t last = (next.y & ~kWideGradientMark) | WideBackwardPass<Cell>::epochOf(step);
                storePacket(slice.slot(tile, step) + (slice.block * (kChipUnits / 2) + element / 16) * 128 + chipStatePosition(column) * 16,
                            make_uint4(own.x, own.y, next.x, last));
            }
            if (valid) {
                Cell::store(args, stepOf(r, forwardStep).cell, gradient);
                if (forwardStep == 0 && args.dGatesFirst != nullptr) Cell::storeFirst(args.dGatesFirst + stateOf(r) * kGates, gradient);
            }
            if (inWork(r, forwardStep - 4)) Cell::prefetch(args, stepOf(r, forwardStep - 4));
        }
        if (++tile == slice.tiles) {
            tile = 0;
            step++;
        }
        ask(asked);
        return step <= args.steps;
    }

    __device__ __forceinline__ void run() {
        Asked asked[kRing] = {};
#pragma unroll
        for (int i = 0; i < kRing; i++) ask(asked[i]);
        for (;;) {
            if (!takeTile(asked[0]) || !takeTile(asked[1])) return;
            if constexpr (kRing > 2) {
                if (!takeTile(asked[2])) return;
            }
        }
    }
};

#endif // FRNN_HOPPER

template <class Cell, class Type, int kHidden>
__global__ void __launch_bounds__(kWideThreads, 1)
wideBackward(const __grid_constant__ BackwardArgs args, const __grid_constant__ ChipPlace place) {
#ifdef FRNN_HOPPER
    constexpr WideGeometry kGeometry(kHidden, kWideTeam);
    FRNN_DYNAMIC_SHARED(shared);
    const int warp = warpIndex(), lane = threadIdx.x % 32, hidden = args.hidden;
    const int inLaunch = blockIdx.x / place.blocks, sampleTiles = (args.samplesPerSlice + kTileSamples - 1) / kTileSamples;
    const WideBackwardLayout layout(kHidden, Cell::kCarriedFloats, sampleTiles);
    WideSlice slice(place.firstSlice + inLaunch, inLaunch, place.blocks, args.samplesPerSlice, args.slices, args.batch,
                    sharedAddress(shared + layout.barriers));
    if (threadIdx.x == 0) slice.initBarriers();
    // Of a slice: the slots of gate gradients, then those of shares.
    slice.slotBytes = wideGradientBytes(place.blocks);
    slice.slots = place.exchange + int64_t(inLaunch) * sampleTiles * 2 * (slice.slotBytes + wideShareBytes(place.blocks));
    const int partUnits = place.blocks / kWideTeam * kChipUnits;
    const WideShares shares = {slice.slots + sampleTiles * 2 * slice.slotBytes, wideShareBytes(place.blocks),
                               min(kWideTeam, (hidden + partUnits - 1) / partUnits)};
    SampleRow *const rows = reinterpret_cast<SampleRow *>(shared + layout.rows);
    fillRows(rows, args, slice.direction, slice.firstSample, slice.samples, slice.tileSamples, sampleTiles * kTileSamples);
    __syncthreads();
    if (args.lengths != nullptr) {
        const int own = max(0, min(kChipUnits, hidden - slice.firstUnit)), count = sampleTiles * kTileSamples;
        zeroBehindLengths(args.dGates, Cell::kGates, rows, count, args, slice.direction, slice.firstUnit, own);
        if (args.dGatesH != nullptr) zeroBehindLengths(args.dGatesH, Cell::kGates, rows, count, args, slice.direction, slice.firstUnit, own);
    }

    if (warp < kWideWarps) {
        takeRegisters<kGeometry.multiplyingRegisters>();
        const int partUnit = slice.block % kWideTeam * partUnits;
        const int realUnits = max(0, min(partUnits, hidden - partUnit));
        const WideBackwardPass<Cell> pass(args, slice);
        WideProducts<WideBackwardPass<Cell>, Type, kHidden> products(pass, slice, args.steps, args.error, shared, layout.weights, layout.handed, warp,
                                                                     lane, partUnit / 2, (realUnits + 1) / 2);
        products.run();
    } else {
        leaveRegisters<kGeometry.finishingRegisters>();
        if (warp < kWideWarps + kWideTeam) {
            wideReduce(slice, shares, args.steps, args.error, shared, warp - kWideWarps, lane);
        } else {
            constexpr int kRing = kGeometry.finishingRegisters < 64 ? 2 : 3;
            WideCells<Cell, Type, kRing> cells(args, slice, shares, rows, reinterpret_cast<float *>(shared + layout.carried), threadIdx.x - (kWideWarps + kWideTeam) * 32);
            cells.begin();
            cells.run();
        }
    }
#endif
}

} // namespace frnn
