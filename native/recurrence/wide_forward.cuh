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

// How the multiplying warps go forward: m runs over gate rows of the block's units, k over all units, the marks of chip_state.cuh.
template <class Cell>
struct WideForwardPass {
    static constexpr int kTiles = Cell::kTiles, kGates = Cell::kGates;
    static constexpr int kSlotOf = -1; // a step multiplies the state after the one before
    static constexpr bool kGiven = true, kMayBeTwoParts = Cell::kMayBeWide;
    static constexpr uint32_t kFirstLook = kChipFirstLook;

    const ForwardArgs &args;
    const WideSlice &slice;

    __device__ __forceinline__ WideForwardPass(const ForwardArgs &forwardArgs, const WideSlice &ofSlice) : args(forwardArgs), slice(ofSlice) {}

    static __device__ __forceinline__ int turnsAhead(int turns, int ring) { return wideForwardTurnsAhead(turns, ring); }
    static __device__ __forceinline__ uint32_t epochOf(int slot) { return slot & 2 ? kChipOddEpoch : 0; }
    static __device__ __forceinline__ uint4 load(const char *from) { return loadWords(from); }
    static __device__ __forceinline__ uint4 nothing(int slot) { return marked(make_uint4(0, 0, 0, 0), epochOf(slot)); }
    static __device__ __forceinline__ bool stale(uint4 v, int slot) {
        const uint32_t epoch = epochOf(slot);
        return (((v.x ^ epoch) | (v.y ^ epoch) | (v.z ^ epoch) | (v.w ^ epoch)) & kChipOddEpoch) != 0;
    }
    template <class Type, int kCount>
    static __device__ __forceinline__ void settled(uint4 (&v)[kCount], int slot) {
#pragma unroll
        for (int i = 0; i < kCount; i++) v[i] = marked(v[i], epochOf(slot));
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

    // For finishing warp i: all gates of a cell in one lane.
    static __device__ __forceinline__ float4 partial(const float (&sums)[kTiles][4], int i) {
        auto sumOf = [&](int g) { return g < kGates ? sums[Cell::tile(g, i / 2)][Cell::row(g, i / 2) * 2 + i % 2] : 0.0f; };
        return make_float4(sumOf(0), sumOf(1), sumOf(2), sumOf(3));
    }
};

// The warps that finish: two groups of four, for even and odd n-tiles. A warp has 8 of the units and 4 of the samples of an
// n-tile: one cell per lane.
template <class Cell, class Type>
__device__ __forceinline__ void wideFinish(const ForwardArgs &args, const WideSlice &slice, const WideForwardLayout &layout, char *shared, int warp,
                                           int lane) {
    constexpr int kGates = Cell::kGates;
    const int group = warp / 4, half = warp % 4 / 2, odd = warp % 2;
    const int column = lane % 4 * 2 + odd, firstUnit = slice.firstUnit + half * 8, unit = firstUnit + lane / 4;
    const int hidden = args.hidden, steps = args.steps;
    const bool realUnit = unit < hidden, wideRows = hidden % 8 == 0;
    const int timeStride = args.batch * args.directions * hidden * (slice.direction == 0 ? 1 : -1);
    const SampleRow *const rows = reinterpret_cast<const SampleRow *>(shared + layout.rows) + column;
    float *const cells = reinterpret_cast<float *>(shared + layout.cells) + warp % 4 * 32 + lane;
    auto stateOf = [&](int sample) { return (size_t(slice.direction) * args.batch + sample) * hidden + unit; };
    auto inputsAt = [&](const SampleRow &row, int step) { return args.gateInputs + (row.origin + int64_t(step) * timeStride + unit) * kGates; };
    auto loadInputs = [&](int tile, int step) {
        const SampleRow row = rows[tile * kTileSamples];
        typename Cell::Inputs in = {};
        if (step < row.length && realUnit) in = Cell::load(inputsAt(row, step));
        return in;
    };
    auto prefetchInputs = [&](const SampleRow &row, int step) {
        if (step < row.length && realUnit) bringIntoL2(inputsAt(row, step));
    };
    const float bias = Cell::kRecurrentBias && args.recurrentBiasN != nullptr && realUnit ? args.recurrentBiasN[size_t(slice.direction) * hidden + unit] : 0.0f;
    for (int tile = group; tile < slice.tiles; tile += 2) {
        const SampleRow row = rows[tile * kTileSamples];
        const uint16_t *initial = Cell::kCarriesCell ? args.cx : args.hx;
        const bool given = row.length > 0 && realUnit && initial != nullptr;
        cells[tile * kChipCells] = given ? Type::value(initial[stateOf(row.sample)]) : 0.0f;
        for (int step = 0; step < 4; step++) prefetchInputs(row, step);
    }
    if (group >= slice.tiles) return;

    typename Cell::Inputs inputs = loadInputs(group, 0);
    const int writeOffset = (slice.block * 2 + half) * 128 + chipStatePosition(column) * 16;
    bool lost = false;
    uint32_t before = 0; // n-tiles handed over before this step
    for (int step = 0; step < steps; step++, before += slice.tiles) {
        for (int tile = group; tile < slice.tiles; tile += 2) {
            const uint32_t number = before + tile;
            const int buffer = number % kWideHandovers;
            barrierWait(slice.full + buffer * 8, number / kWideHandovers & 1, lost, args.error);
            const float4 *const partials = reinterpret_cast<const float4 *>(shared) + buffer * kWideWarps * 128 + warp % 4 * 32 + lane;
            float gates[4] = {};
#pragma unroll
            for (int w = 0; w < kWideWarps; w++) {
                const float4 v = partials[w * 128];
                gates[0] += v.x;
                gates[1] += v.y;
                gates[2] += v.z;
                gates[3] += v.w;
            }
            __syncwarp();
            if (lane == 0) barrierArrive(slice.empty + buffer * 8);
            float &carried = cells[tile * kChipCells];
            const typename Cell::Result result = Cell::template apply<Type>(gates, inputs, carried, bias, args);
            // A padding unit's sums are 0 times h, NaN where h is infinite; it must not reach the real ones.
            const uint4 chunk = gatherUnits<Type>(realUnit ? result.h : 0.0f, lane);
            if (lane < 4 && column < slice.samplesOf(tile) && step + 1 < steps) {
                char *const to = slice.slot(tile, step) + writeOffset;
                const uint32_t epoch = step & 2 ? kChipOddEpoch : 0;
                if (Cell::kMayBeWide && slice.twoParts) {
                    storeWords(to, marked(highBytes(chunk), epoch));
                    storeWords(to + slice.partBytes, marked(lowBytes(chunk), epoch));
                } else {
                    storeWords(to, marked(boundedNan(chunk), epoch));
                }
            }

            // The rest of the iteration lies in the shadow of the exchange.
            carried = result.carried;
            const SampleRow row = rows[tile * kTileSamples];
            if (step < row.length) {
                const int64_t origin = row.origin + int64_t(step) * timeStride;
                if (wideRows && lane < 4 && firstUnit < hidden) *reinterpret_cast<uint4 *>(args.y + origin + firstUnit) = chunk;
                if (realUnit) {
                    if (!wideRows) args.y[origin + unit] = Type::bits(result.h);
                    if (args.savedGates != nullptr) Cell::template save<Type>(args, origin + unit, result);
                    if (step == row.length - 1) {
                        if (args.hy != nullptr) args.hy[stateOf(row.sample)] = Type::bits(result.h);
                        if (Cell::kCarriesCell && args.cy != nullptr) args.cy[stateOf(row.sample)] = Type::bits(result.carried);
                    }
                }
            }
            prefetchInputs(row, step + 4);
            const bool lastTile = tile + 2 >= slice.tiles;
            inputs = loadInputs(lastTile ? group : tile + 2, lastTile ? step + 1 : step);
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
        wideFinish<Cell, Type>(args, slice, layout, shared, warp - kWideWarps, lane);
    }
#endif
}

} // namespace frnn
