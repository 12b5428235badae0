// Forward pass of one recurrent layer, all steps in one launch, its hidden units spread over many multiprocessors.
//
// Every block owns 16 units and keeps their rows of W_hh on the chip as tensor-core fragments, each of its warps for one
// eighth of k. Per step a warp takes its part of h from L2 straight into registers, multiplies, and hands its sums to the
// four warps that add them in fixed order, apply the cell and store their part of the new h to L2, where all blocks wait
// for it.
//
// Waiting needs no flags. States of LSTM, GRU and tanh are at most 1 in magnitude, so that bit 14 of each value is free (in
// BF16 and F16 alike): it tells apart the two steps that use the same slot in turn, and every word of h says by itself
// whether it has arrived. NaN travels as a number above 1. States without such a bound (ReLU, or a GRU that was given one)
// travel in two parts of 8 bits per value, with bit 14 free again.
//
// A slot is written again two steps later. Its writer has then received h of the step between from every block, and a
// block publishes that only when all its warps have read the slot.
//
// A slice's samples are cut into n-tiles of 8, each with slots of its own: while one is travelling, the next is computed.
// Even and odd n-tiles are finished by different warps.
#pragma once

#include "chip_launch.h"
#include "chip_state.cuh"

namespace frnn {

template <class Cell, class Type, int kHidden>
__global__ void __launch_bounds__(kChipThreads, 1)
chipForward(const __grid_constant__ ForwardArgs args, const __grid_constant__ ChipPlace place) {
#ifdef FRNN_HOPPER
    constexpr int kGates = Cell::kGates, kTiles = Cell::kTiles;
    constexpr int kPairs = kHidden / 32 / kChipWarps; // pairs of k-tiles of one warp
    FRNN_DYNAMIC_SHARED(shared);
    const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
    const int slice = place.firstSlice + blockIdx.x / place.blocks, block = blockIdx.x % place.blocks;
    const int direction = slice / args.slices, firstSample = slice % args.slices * args.samplesPerSlice;
    const int hidden = args.hidden, batch = args.batch, steps = args.steps, directions = args.directions;
    const int firstUnit = block * kChipUnits;

    const int samples = min(args.samplesPerSlice, batch - firstSample);
    const int sampleTiles = (args.samplesPerSlice + kTileSamples - 1) / kTileSamples;
    const int tileSamples = (samples + sampleTiles - 1) / sampleTiles; // even shares, so that no tile is late
    const int usedTiles = (samples + tileSamples - 1) / tileSamples;
    constexpr ChipFragments kFragments = chipForwardFragments(kHidden, kGates);
    const ChipForwardLayout layout(kHidden, kGates, sampleTiles);
    SampleRow *const rows = reinterpret_cast<SampleRow *>(shared + layout.rows);
    auto samplesOf = [&](int tile) { return max(0, min(tileSamples, samples - tile * tileSamples)); };

    // Weights: one 16-byte load per row gives the fragments of two k-tiles.
    auto unitsOfPair = [&](int pair) { return ((warp * kPairs + pair) * 4 + lane % 4) * 8; }; // first of the 8 a lane reads
    const uint16_t *const ownRows = args.weights + (size_t(direction) * kHidden + firstUnit + lane / 4) * kGates * kHidden;
    uint32_t weights[kFragments.kept][4];
    char *const weightsRest = shared + layout.weights + warp * (kFragments.count - kFragments.kept) * 512 + lane * 16;
#pragma unroll
    for (int pair = 0; pair < kPairs; pair++) {
#pragma unroll
        for (int m = 0; m < kTiles; m++) {
            uint4 v[2];
#pragma unroll
            for (int i = 0; i < 2; i++) {
                v[i] = loadWeights<uint4>(ownRows + (Cell::half(m, i) * 8 * kGates + Cell::gate(m, i)) * kHidden + unitsOfPair(pair));
            }
            keep(weights, weightsRest, pair * 2 * kTiles + m, {v[0].x, v[1].x, v[0].y, v[1].y});
            keep(weights, weightsRest, (pair * 2 + 1) * kTiles + m, {v[0].z, v[1].z, v[0].w, v[1].w});
        }
    }

    const int timeStride = batch * directions * hidden * (direction == 0 ? 1 : -1);
    fillRows(rows, args, direction, firstSample, samples, tileSamples, sampleTiles * kTileSamples);
    // Every block of the slice looks at the same states and so decides alike.
    bool unbounded = Cell::unbounded(args);
    if (Cell::kKeepsState && args.hx != nullptr) {
        const uint16_t *given = args.hx + (size_t(direction) * batch + firstSample) * hidden;
        for (int i = threadIdx.x; i < samples * hidden; i += kChipThreads) unbounded |= (given[i] & 0x7fff) > Type::kOne;
    }
    const bool wide = Cell::kMayBeWide && __syncthreads_or(unbounded);
    const int parts = wide ? 2 : 1;
    __syncthreads();

    if (args.lengths != nullptr) {
        const int own = max(0, min(kChipUnits, hidden - firstUnit));
        zeroBehindLengths(args.y, 1, rows, sampleTiles * kTileSamples, args, direction, firstUnit, own);
    }

    // A finishing warp has 8 of the units and 4 of the samples of an n-tile: one cell per lane.
    const int finisher = warp / 4, half = warp % 4 / 2, odd = warp % 2;
    const int column = lane % 4 * 2 + odd, unit = firstUnit + half * 8 + lane / 4;
    auto carriedAt = [&](int tile) {
        return reinterpret_cast<float *>(shared + layout.cells) + (tile * 4 + warp % 4) * 32 + lane;
    };
    auto stateOf = [&](const SampleRow &row) { return (size_t(direction) * batch + row.sample) * hidden + unit; };
    auto inputsAt = [&](const SampleRow &row, int step) {
        return args.gateInputs + (row.origin + int64_t(step) * timeStride + unit) * kGates;
    };
    auto loadInputs = [&](const SampleRow &row, int step) {
        typename Cell::Inputs in = {};
        if (step < row.length && unit < hidden) in = Cell::load(inputsAt(row, step));
        return in;
    };
    auto prefetchInputs = [&](const SampleRow &row, int step) {
        if (step < row.length && unit < hidden) bringIntoL2(inputsAt(row, step));
    };
    const float bias = Cell::kRecurrentBias && args.recurrentBiasN != nullptr && unit < hidden
                           ? args.recurrentBiasN[size_t(direction) * hidden + unit]
                           : 0.0f;
    for (int tile = finisher; tile < usedTiles; tile += 2) {
        const SampleRow row = rows[tile * kTileSamples + column];
        const uint16_t *initial = Cell::kCarriesCell ? args.cx : args.hx;
        const bool given = row.length > 0 && unit < hidden && initial != nullptr;
        *carriedAt(tile) = given ? Type::value(initial[stateOf(row)]) : 0.0f;
        if (Cell::kCarriesCell && args.cellsBefore != nullptr && row.length > 0 && unit < hidden) *carriedAt(tile) = args.cellsBefore[stateOf(row)];
        for (int step = tile == finisher ? 1 : 0; step < 4; step++) prefetchInputs(row, step);
    }
    typename Cell::Inputs inputs = {};
    if (finisher < usedTiles) inputs = loadInputs(rows[finisher * kTileSamples + column], 0);

    // Slots of the slice: [n-tile][step parity][part].
    const int partBytes = chipStateBytes(place.blocks), slotBytes = partBytes * parts;
    char *const slots = place.exchange + int64_t(blockIdx.x / place.blocks) * sampleTiles * 2 * partBytes * (Cell::kMayBeWide ? 2 : 1);
    const int readOffset = (warp * kPairs * 4 + lane % 4) * 128 + chipStatePosition(lane / 4) * 16;
    const int writeOffset = (block * 2 + half) * 128 + chipStatePosition(lane * 2 + odd) * 16; // of the lanes that write
    const int realBlocks = (hidden + 7) / 8;
    const int lanePairs = max(0, min(kPairs, (realBlocks - warp * kPairs * 4 - lane % 4 + 3) / 4)); // that hold real units
    const bool wideRows = hidden % 8 == 0;

    bool lost = false;
    int turn = 0;
    uint32_t multiplied = 0;
    for (int step = 0; step < steps; step++) {
        for (int tile = 0; tile < usedTiles; tile++, turn ^= 1) {
            char *const tileSlots = slots + tile * 2 * slotBytes;
            const int real = lane / 4 < samplesOf(tile) ? lanePairs : 0;
            uint4 operand[kPairs];
            if (step == 0) {
                const int sample = firstSample + tile * tileSamples + lane / 4;
#pragma unroll
                for (int pair = 0; pair < kPairs; pair++) {
                    operand[pair] = make_uint4(0, 0, 0, 0);
                    if (args.hx != nullptr && pair < real) {
                        operand[pair] = loadEight(args.hx + (size_t(direction) * batch + sample) * hidden, unitsOfPair(pair), hidden, hidden % 8 == 0);
                    }
                }
            } else {
                const char *from = tileSlots + ((step - 1) & 1) * slotBytes + readOffset;
                const uint32_t epoch = (step - 1) & 2 ? kChipOddEpoch : 0;
                if (usedTiles == 1) {
                    while (cycles() - multiplied < kChipFirstLook) {
                    }
                }
                receive<kPairs>(from, epoch, real, operand, lost, args.error);
                if (wide) {
                    uint4 low[kPairs];
                    receive<kPairs>(from + partBytes, epoch, real, low, lost, args.error);
#pragma unroll
                    for (int pair = 0; pair < kPairs; pair++) operand[pair] = joined(operand[pair], low[pair]);
                } else {
                    restoreNan<Type, kPairs>(operand);
                }
            }
            __syncwarp();

            float sums[kTiles][4] = {};
#pragma unroll
            for (int pair = 0; pair < kPairs; pair++) {
#pragma unroll
                for (int m = 0; m < kTiles; m++) {
                    multiplyAddKept<Type>(sums[m], weights, weightsRest, pair * 2 * kTiles + m, operand[pair].x, operand[pair].y);
                }
#pragma unroll
                for (int m = 0; m < kTiles; m++) {
                    multiplyAddKept<Type>(sums[m], weights, weightsRest, (pair * 2 + 1) * kTiles + m, operand[pair].z, operand[pair].w);
                }
            }
            float4 *const partials = reinterpret_cast<float4 *>(shared) + turn * kChipWarps * 128 + lane;
#pragma unroll
            for (int h = 0; h < 2; h++) {
#pragma unroll
                for (int e = 0; e < 2; e++) {
                    auto sumOf = [&](int g) { return g < kGates ? sums[Cell::tile(g, h)][Cell::row(g, h) * 2 + e] : 0.0f; };
                    partials[warp * 128 + (h * 2 + e) * 32] = make_float4(sumOf(0), sumOf(1), sumOf(2), sumOf(3));
                }
            }
            // The sets of partial sums are used in turn: behind this barrier nobody reads the other one.
            __syncthreads();
            multiplied = cycles();
            if (finisher != (tile & 1)) continue;

            const SampleRow row = rows[tile * kTileSamples + column];
            float gates[4] = {};
#pragma unroll
            for (int w = 0; w < kChipWarps; w++) {
                const float4 v = partials[w * 128 + warp % 4 * 32];
                gates[0] += v.x;
                gates[1] += v.y;
                gates[2] += v.z;
                gates[3] += v.w;
            }
            const typename Cell::Result result = Cell::template apply<Type>(gates, inputs, *carriedAt(tile), bias, args);
            // A padding unit's sums are 0 times h, NaN where h is infinite; it must not reach the real ones.
            const float h = unit < hidden ? result.h : 0.0f;
            const uint4 chunk = gatherUnits<Type>(h, lane);
            if (lane < 4 && column < samplesOf(tile) && step + 1 < steps) {
                char *const to = tileSlots + (step & 1) * slotBytes + writeOffset;
                const uint32_t epoch = step & 2 ? kChipOddEpoch : 0;
                if (wide) {
                    storeWords(to, marked(highBytes(chunk), epoch));
                    storeWords(to + partBytes, marked(lowBytes(chunk), epoch));
                } else {
                    storeWords(to, marked(boundedNan(chunk), epoch));
                }
            }

            // The rest of the iteration lies in the shadow of the exchange.
            *carriedAt(tile) = result.carried;
            const bool valid = step < row.length;
            const int64_t origin = row.origin + int64_t(step) * timeStride;
            if (valid && wideRows && lane < 4 && firstUnit + half * 8 < hidden) {
                *reinterpret_cast<uint4 *>(args.y + origin + firstUnit + half * 8) = chunk;
            }
            if (valid && unit < hidden) {
                if (!wideRows) args.y[origin + unit] = Type::bits(result.h);
                if (args.saves()) Cell::template save<Type>(args, origin + unit, result);
                if (step == row.length - 1) {
                    if (args.hy != nullptr) args.hy[stateOf(row)] = Type::bits(result.h);
                    if (Cell::kCarriesCell && args.cy != nullptr) args.cy[stateOf(row)] = Type::bits(result.carried);
                    if (Cell::kCarriesCell && args.cellsAfter != nullptr) args.cellsAfter[stateOf(row)] = result.carried;
                }
            }
            prefetchInputs(row, step + 4);
            const bool lastTile = tile + 2 >= usedTiles;
            inputs = loadInputs(rows[(lastTile ? finisher : tile + 2) * kTileSamples + column], lastTile ? step + 1 : step);
        }
    }
#endif
}

} // namespace frnn
