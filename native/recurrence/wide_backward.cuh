// Backward pass through time of one recurrent layer for many samples, all steps in one launch, spread over many multiprocessors.
//
// W_hh is cut in two dimensions, as in chip_backward.cuh, but here no cluster is needed: the four blocks of a team own 16 hidden
// units each, and the gate rows are cut into four parts. Block r of a team keeps the rows of part r and the columns of its team's
// 64 units on the chip. Per step and n-tile of 8 samples
//   two warps sum the shares of dh of the block's units, in the order of the team, and form their gate gradients, which go to L2;
//   eight warps take the gate gradients of the block's part from L2 straight into registers and multiply, each an eighth of them;
//   two warps add these eight sums in fixed order: a share of dh for each block of the team, which goes to L2.
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
#include "wide_cells.cuh"
#include "wide_products.cuh"

namespace frnn {

#ifdef FRNN_HOPPER

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

    static __device__ __forceinline__ uint32_t epochOf(int slot) { return wideGradientMark(slot); }
    static __device__ __forceinline__ uint4 load(const char *from) { return loadPacket(from); }
    // In place of rows behind a part, whose weights may be those of the next part: the mark counts as 2^-24 in F16, no more than in a real chunk.
    static __device__ __forceinline__ uint4 nothing(int slot) { return make_uint4(0, 0, 0, epochOf(slot)); }
    static __device__ __forceinline__ bool stale(uint4 v, int slot) { return ((v.w ^ epochOf(slot)) & kWideGradientMark) != 0; }
    template <int kCount>
    static __device__ __forceinline__ bool stale(const uint4 (&v)[kCount], int slot) {
        const uint32_t epoch = epochOf(slot);
        uint32_t wrong = 0;
#pragma unroll
        for (int i = 0; i < kCount; i++) wrong |= v[i].w ^ epoch;
        return (wrong & kWideGradientMark) != 0;
    }
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
};

// The warps that add what the multiplying ones left: groups of two for every other n-tile, each of which makes the shares of two
// blocks of the team.
template <int kHidden>
__device__ __forceinline__ void wideReduce(const WideSlice &slice, const WideShares &shares, int steps, uint32_t *error, const char *shared, int warp,
                                           int lane) {
    constexpr int kHandovers = WideGeometry(kHidden, kWideTeam).handovers, kShares = kWideTeam / kWideGroupWarps;
    const int group = warp / kWideGroupWarps, m = warp % kWideGroupWarps * kShares;
    const int owner = slice.block / kWideTeam * kWideTeam + m, rank = slice.block % kWideTeam;
    bool lost = false;
    uint32_t before = 0; // n-tiles handed over before this step
    for (int step = 0; step < steps; step++, before += slice.tiles) {
        const uint32_t epoch = WideShares::epochOf(step);
        for (int tile = group; tile < slice.tiles; tile += kWideBackwardGroups) {
            const int place = slice.placeOf<kHandovers>(before, tile);
            char *const to = shares.at(tile, step, owner, rank) + lane * 16;
            barrierWait(slice.full + tile * 8, step & 1, lost, error);
            const float4 *const partials = reinterpret_cast<const float4 *>(shared) + (place * kWideWarps * kWideTeam + m) * 32 + lane;
            float4 sum[kShares];
#pragma unroll
            for (int i = 0; i < kShares; i++) sum[i] = partials[i * 32];
#pragma unroll
            for (int w = 1; w < kWideWarps; w++) {
#pragma unroll
                for (int i = 0; i < kShares; i++) {
                    const float4 v = partials[(w * kWideTeam + i) * 32];
                    sum[i].x += v.x;
                    sum[i].y += v.y;
                    sum[i].z += v.z;
                    sum[i].w += v.w;
                }
            }
            __syncwarp();
            if (lane == 0) barrierArrive(slice.empty + place * 8);
            auto told = [&](float v) { return (__float_as_uint(v) & ~1u) | epoch; };
            // The product has the two samples of a unit side by side, the receiver wants the two units of a sample.
#pragma unroll
            for (int i = 0; i < kShares; i++) {
                storeWords(to + i * kWideTeam * kChipCells * 4, make_uint4(told(sum[i].x), told(sum[i].z), told(sum[i].y), told(sum[i].w)));
            }
        }
    }
}

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
    } else if (warp < kWideWarps + kWideBackwardGroups * kWideGroupWarps) {
        leaveRegisters<kGeometry.addingRegisters>();
        wideReduce<kHidden>(slice, shares, args.steps, args.error, shared, warp - kWideWarps, lane);
    } else {
        leaveRegisters<kGeometry.cellRegisters>();
        WideCells<Cell, Type> cells(args, slice, shares, shared, layout, threadIdx.x - (kWideWarps + kWideBackwardGroups * kWideGroupWarps) * 32);
        cells.run();
    }
#endif
}

} // namespace frnn
