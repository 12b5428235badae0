// Forward pass of one recurrent layer for many samples, all steps in one launch, its hidden units spread over many
// multiprocessors.
//
// Units, weights and the exchange through L2 are those of chip_forward.cuh. There, one n-tile of 8 samples after the other waits
// for its state, is multiplied and finished by the same warps. Here eight warps do nothing but multiply: each takes its eighth of
// k of one n-tile after the other straight from L2 into registers, asked for some n-tiles ahead, and leaves its sums in shared
// memory. Eight other warps add them in fixed order, apply the cell and publish. While one n-tile's state is on its way from
// block to block, the others are multiplied, so that a step costs either one exchange or the products, not their sum.
//
// A slot is written again two steps later. Its writer has then multiplied the state of the step between, from every block, and a
// block publishes that only when all its multiplying warps have taken the slot. A state asked for too early is the one before,
// as its marks tell; it is asked for again.
#pragma once

#include "chip_launch.h"
#include "wide_products.cuh"

namespace frnn {

#ifdef FRNN_HOPPER

// Eight units of a sample travel as 16 bytes that arrive together. No state is 2 or more in magnitude, so that bit 14 of a value is
// free: in the last one it tells of which step they are, in another that one of them is NaN.
constexpr uint32_t kWideStateMark = 0x40000000; // in the last word
constexpr uint32_t kWideNanMark = 0x40000000;   // in the word before

__device__ __forceinline__ uint4 wideState(uint4 v, uint32_t mark) {
    uint4 bounded = boundedNan(v);
    if (((bounded.x ^ v.x) | (bounded.y ^ v.y) | (bounded.z ^ v.z) | (bounded.w ^ v.w)) != 0) bounded.z |= kWideNanMark;
    bounded.w |= mark;
    return bounded;
}

// How the multiplying warps go forward: m runs over gate rows of the block's units, k over all units.
template <class Cell>
struct WideForwardPass {
    static constexpr int kTiles = Cell::kTiles, kGates = Cell::kGates;
    static constexpr int kSlotOf = -1; // a step multiplies the state after the one before
    static constexpr bool kGiven = true, kMayBeTwoParts = Cell::kMayBeWide;
    static constexpr uint32_t kFirstLook = kChipFirstLook;

    const ForwardArgs &args;
    const WideSlice &slice;

    __device__ __forceinline__ WideForwardPass(const ForwardArgs &forwardArgs, const WideSlice &ofSlice) : args(forwardArgs), slice(ofSlice) {}

    static __device__ __forceinline__ uint32_t epochOf(int slot) { return slot & 2 ? kWideStateMark : 0; }
    static __device__ __forceinline__ uint32_t partEpochOf(int slot) { return slot & 2 ? kChipOddEpoch : 0; }
    static __device__ __forceinline__ uint4 load(const char *from) { return loadPacket(from); }
    static __device__ __forceinline__ uint4 nothing(int slot) { return make_uint4(0, 0, 0, epochOf(slot)); }
    static __device__ __forceinline__ bool stale(uint4 v, int slot) { return ((v.w ^ epochOf(slot)) & kWideStateMark) != 0; }
    template <int kCount>
    static __device__ __forceinline__ bool stale(const uint4 (&v)[kCount], int slot) {
        const uint32_t epoch = epochOf(slot);
        uint32_t wrong = 0;
#pragma unroll
        for (int i = 0; i < kCount; i++) wrong |= v[i].w ^ epoch;
        return (wrong & kWideStateMark) != 0;
    }
    template <class Type, int kCount>
    static __device__ __forceinline__ void settled(uint4 (&v)[kCount], int) {
        uint32_t marks = 0;
#pragma unroll
        for (int i = 0; i < kCount; i++) {
            v[i].w &= ~kWideStateMark;
            marks |= v[i].z;
        }
        if (!(marks & kWideNanMark)) return;
#pragma unroll
        for (int i = 0; i < kCount; i++) v[i].z &= ~kWideNanMark;
        restoreNan<Type, kCount>(v);
    }

    // One 16-byte load per row gives the fragments of two k-tiles.
    template <int kHidden>
    __device__ __forceinline__ void weightFragments(int m, int chunk, int lane, uint32_t (&fragments)[2][4]) const {
        if constexpr (kHidden > 1280) __syncwarp(); // else so many loads are under way that registers spill
        const uint16_t *const rows = args.weights + (size_t(slice.direction) * kHidden + slice.firstUnit + lane / 4) * kGates * kHidden + chunk * 8;
        uint4 v[2];
#pragma unroll
        for (int i = 0; i < 2; i++) {
            v[i] = loadWeights<uint4>(rows + (Cell::half(m, i) * 8 * kGates + Cell::gate(m, i)) * kHidden);
        }
        const uint32_t pairs[2][4] = {{v[0].x, v[1].x, v[0].y, v[1].y}, {v[0].z, v[1].z, v[0].w, v[1].w}};
#pragma unroll
        for (int i = 0; i < 8; i++) fragments[i / 4][i % 4] = pairs[i / 4][i % 4];
    }

    __device__ __forceinline__ uint4 given(int sample, int chunk) const {
        if (args.hx == nullptr) return make_uint4(0, 0, 0, 0);
        return loadEight(args.hx + (size_t(slice.direction) * args.batch + sample) * args.hidden, chunk * 8, args.hidden, args.hidden % 8 == 0);
    }
};

// The warps that finish: groups of two, each for every fourth n-tile. A warp has 8 of the units, a lane two samples of one of them.
// Whatever does not wait for the product lies before the wait for it or in the shadow of the exchange.
template <class Cell, class Type, int kHidden>
__device__ __forceinline__ void wideFinish(const ForwardArgs &args, const WideSlice &slice, const WideForwardLayout &layout, char *shared, int warp,
                                           int lane) {
    constexpr int kGates = Cell::kGates, kHandovers = WideGeometry(kHidden, Cell::kTiles).handovers;
    const int group = warp / kWideGroupWarps, half = warp % kWideGroupWarps, column = lane % 4 * 2;
    const int firstUnit = slice.firstUnit + half * 8, unit = firstUnit + lane / 4;
    const int hidden = args.hidden, steps = args.steps;
    const bool realUnit = unit < hidden, wideRows = hidden % 8 == 0;
    const int timeStride = args.batch * args.directions * hidden * (slice.direction == 0 ? 1 : -1);
    const SampleRow *const rows = reinterpret_cast<const SampleRow *>(shared + layout.rows) + column;
    const SampleRow *const turnedRows = reinterpret_cast<const SampleRow *>(shared + layout.rows) + lane % 8;
    float2 *const cells = reinterpret_cast<float2 *>(shared + layout.cells) + half * 32 + lane;
    char *const turned = shared + layout.turned + warp * 128;
    const int ring = layout.inputs + warp * 512 + lane * 8;
    auto stateOf = [&](int sample) { return (size_t(slice.direction) * args.batch + sample) * hidden + unit; };
    const float bias = Cell::kRecurrentBias && args.recurrentBiasN != nullptr && realUnit ? args.recurrentBiasN[size_t(slice.direction) * hidden + unit] : 0.0f;
    const uint16_t *const initial = Cell::kCarriesCell ? args.cx : args.hx;
    const float *const unrounded = Cell::kCarriesCell ? args.cellsBefore : nullptr;
    for (int tile = group; tile < slice.tiles; tile += kWideForwardGroups) {
        float given[2] = {0, 0};
#pragma unroll
        for (int j = 0; j < 2; j++) {
            const SampleRow row = rows[tile * kTileSamples + j];
            if (row.length > 0 && realUnit) given[j] = carriedOr<Type>(unrounded, initial, stateOf(row.sample));
        }
        cells[tile * (kChipCells / 2)] = make_float2(given[0], given[1]);
    }
    if (group >= slice.tiles) return;

    const uint32_t fetchTo = sharedAddress(shared + ring);
    int fetchStep = 0, fetchTile = group, fetchStage = 0;
    auto fetch = [&] {
        if (fetchStep < steps) {
#pragma unroll
            for (int j = 0; j < 2; j++) {
                const SampleRow row = rows[fetchTile * kTileSamples + j];
                const int64_t cell = row.origin + int64_t(fetchStep) * timeStride + unit;
                Cell::fetch(fetchTo + fetchStage + j * 256, args.gateInputs, cell, fetchStep < row.length && realUnit);
            }
        }
        copyCommit();
        fetchStage = (fetchStage + kWideWarps * 512) % (kWideFetched * kWideWarps * 512);
        fetchTile += kWideForwardGroups;
        if (fetchTile >= slice.tiles) {
            fetchTile = group;
            fetchStep++;
        }
    };
#pragma unroll 1
    for (int i = 0; i < kWideFetched; i++) fetch();

    const int firstTile = Cell::tile(0, half), secondTile = Cell::tile(2, half);
    const int writeOffset = (slice.block * 2 + half) * 128 + chipStatePosition(lane % 8) * 16;
    bool lost = false;
    uint32_t before = 0; // n-tiles handed over before this step
    for (int step = 0; step < steps; step++, before += slice.tiles) {
        const bool travels = step + 1 < steps;
        for (int tile = group; tile < slice.tiles; tile += kWideForwardGroups) {
            const int place = slice.placeOf<kHandovers>(before, tile);
            copyWait<kWideFetched - 1>();
            typename Cell::Inputs inputs[2];
            int64_t at[2]; // the cells' places in tensors
            bool valid[2];
#pragma unroll
            for (int j = 0; j < 2; j++) {
                const SampleRow row = rows[tile * kTileSamples + j];
                at[j] = row.origin + int64_t(step) * timeStride + unit;
                valid[j] = step < row.length && realUnit;
                inputs[j] = Cell::fetched(*reinterpret_cast<const uint2 *>(shared + ring + fetchStage + j * 256), at[j]);
            }
            const float2 carried = cells[tile * (kChipCells / 2)];

            barrierWait(slice.full + tile * 8, step & 1, lost, args.error);
            const float4 *const partials = reinterpret_cast<const float4 *>(shared) + place * kWideWarps * 128 + lane;
            float gates[2][4] = {};
#pragma unroll
            for (int w = 0; w < kWideWarps; w++) {
                const float4 v = partials[w * 128 + firstTile * 32];
                gates[0][0] += v.x;
                gates[1][0] += v.y;
                gates[0][1] += v.z;
                gates[1][1] += v.w;
                if constexpr (kGates == 4) {
                    const float4 u = partials[w * 128 + secondTile * 32];
                    gates[0][2] += u.x;
                    gates[1][2] += u.y;
                    gates[0][3] += u.z;
                    gates[1][3] += u.w;
                } else {
                    const float2 u = reinterpret_cast<const float2 *>(partials + w * 128 + secondTile * 32)[half];
                    gates[0][2] += u.x;
                    gates[1][2] += u.y;
                }
            }
            __syncwarp();
            if (lane == 0) barrierArrive(slice.empty + place * 8);
            typename Cell::Result result[2];
#pragma unroll
            for (int j = 0; j < 2; j++) {
                result[j] = Cell::template apply<Type>(gates[j], inputs[j], j == 0 ? carried.x : carried.y, bias, args);
                // A padding unit's sums are 0 times h, NaN where h is infinite; it must not reach the real ones.
                *reinterpret_cast<uint16_t *>(turned + (column + j) * 16 + lane / 4 * 2) = realUnit ? Type::bits(result[j].h) : uint16_t(0);
            }
            __syncwarp();
            if (lane < 8) {
                const uint4 chunk = *reinterpret_cast<const uint4 *>(turned + lane * 16);
                if (travels) {
                    char *const to = slice.slot(tile, step) + writeOffset;
                    if (Cell::kMayBeWide && slice.twoParts) {
                        const uint32_t epoch = WideForwardPass<Cell>::partEpochOf(step);
                        storeWords(to, marked(highBytes(chunk), epoch));
                        storeWords(to + slice.partBytes, marked(lowBytes(chunk), epoch));
                    } else {
                        storePacket(to, wideState(chunk, WideForwardPass<Cell>::epochOf(step)));
                    }
                }
                const SampleRow row = turnedRows[tile * kTileSamples];
                if (wideRows && step < row.length && firstUnit < hidden) {
                    *reinterpret_cast<uint4 *>(args.y + row.origin + int64_t(step) * timeStride + firstUnit) = chunk;
                }
            }

            cells[tile * (kChipCells / 2)] = make_float2(result[0].carried, result[1].carried);
#pragma unroll
            for (int j = 0; j < 2; j++) {
                if (!valid[j]) continue;
                if (!wideRows) args.y[at[j]] = Type::bits(result[j].h);
                if (args.saves()) Cell::template save<Type>(args, at[j], result[j]);
                const SampleRow row = rows[tile * kTileSamples + j];
                if (step != row.length - 1) continue;
                if (args.hy != nullptr) args.hy[stateOf(row.sample)] = Type::bits(result[j].h);
                if (Cell::kCarriesCell && args.cy != nullptr) args.cy[stateOf(row.sample)] = Type::bits(result[j].carried);
                if (Cell::kCarriesCell && args.cellsAfter != nullptr) args.cellsAfter[stateOf(row.sample)] = result[j].carried;
            }
            fetch();
        }
    }
}

#endif // FRNN_HOPPER

template <class Cell, class Type, int kHidden>
__global__ void __launch_bounds__(kWideThreads, 1)
wideForward(const __grid_constant__ ForwardArgs args, const __grid_constant__ ChipPlace place) {
#ifdef FRNN_HOPPER
    constexpr WideGeometry kGeometry(kHidden, Cell::kTiles);
    FRNN_DYNAMIC_SHARED(shared);
    const int warp = warpIndex(), lane = threadIdx.x % 32, hidden = args.hidden;
    const int inLaunch = blockIdx.x / place.blocks, sampleTiles = (args.samplesPerSlice + kTileSamples - 1) / kTileSamples;
    const WideForwardLayout layout(kHidden, Cell::kTiles, sampleTiles);
    WideSlice slice(place.firstSlice + inLaunch, inLaunch, place.blocks, args.samplesPerSlice, args.slices, args.batch,
                    sharedAddress(shared + layout.barriers));
    if (threadIdx.x == 0) slice.initBarriers();
    SampleRow *const rows = reinterpret_cast<SampleRow *>(shared + layout.rows);
    fillRows(rows, args, slice.direction, slice.firstSample, slice.samples, slice.tileSamples, sampleTiles * kTileSamples);
    // Every block of the slice looks at the same states and so decides alike.
    bool unbounded = Cell::unbounded(args);
    if (Cell::kKeepsState && args.hx != nullptr) {
        const uint16_t *given = args.hx + (size_t(slice.direction) * args.batch + slice.firstSample) * hidden;
        const int chunks = (hidden + 7) / 8;
        for (int i = threadIdx.x; i < slice.samples * chunks; i += kWideThreads) {
            unbounded |= anyAboveOne<Type>(loadEight(given + size_t(i / chunks) * hidden, i % chunks * 8, hidden, hidden % 8 == 0));
        }
    }
    slice.twoParts = Cell::kMayBeWide && __syncthreads_or(unbounded);
    slice.partBytes = chipStateBytes(place.blocks);
    slice.slotBytes = slice.partBytes * (slice.twoParts ? 2 : 1);
    slice.slots = place.exchange + int64_t(inLaunch) * sampleTiles * 2 * slice.partBytes * (Cell::kMayBeWide ? 2 : 1);
    __syncthreads();
    if (args.lengths != nullptr) {
        const int own = max(0, min(kChipUnits, hidden - slice.firstUnit));
        zeroBehindLengths(args.y, 1, rows, sampleTiles * kTileSamples, args, slice.direction, slice.firstUnit, own);
    }

    if (warp < kWideWarps) {
        takeRegisters<kGeometry.multiplyingRegisters>();
        const WideForwardPass<Cell> pass(args, slice);
        WideProducts<WideForwardPass<Cell>, Type, kHidden> products(pass, slice, args.steps, args.error, shared, layout.weights, layout.handed, warp,
                                                                    lane, 0, (hidden + 7) / 8);
        products.run();
    } else {
        leaveRegisters<kGeometry.finishingRegisters>();
        wideFinish<Cell, Type, kHidden>(args, slice, layout, shared, warp - kWideWarps, lane);
    }
#endif
}

} // namespace frnn
