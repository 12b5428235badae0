// The warps that multiply, of both passes: each takes its eighth of k of one n-tile after the other straight from L2 into registers,
// asked for some turns ahead, multiplies it with the weights it keeps and leaves its sums in shared memory.
//
// A pass says where weights lie, how what is received tells of which step it is, and in which order sums are left.
#pragma once

#include "chip_state.cuh"
#include "wide_tiles.h"

namespace frnn {

#ifdef FRNN_HOPPER

// What all warps of a block know of its work.
struct WideSlice {
    int direction, firstSample, block, firstUnit;
    int samples, tileSamples, tiles; // even shares, so that no n-tile is late
    bool twoParts;                   // forward: the state has no bound and travels as high and low bytes
    int partBytes, slotBytes;
    char *slots; // [n-tile][step parity]: what is multiplied, chunks of 8 rows of k x 8 samples
    uint32_t full, empty; // barriers of the n-tiles handed over

    __device__ __forceinline__ WideSlice(int number, int inLaunch, int blocks, int samplesPerSlice, int slices, int batch, uint32_t barriers)
        : direction(number / slices), firstSample(number % slices * samplesPerSlice), block(int(blockIdx.x) - inLaunch * blocks),
          firstUnit(block * kChipUnits), samples(min(samplesPerSlice, batch - firstSample)), twoParts(false), partBytes(0), slotBytes(0),
          slots(nullptr), full(barriers), empty(barriers + kWideHandovers * 8) {
        const int most = (samplesPerSlice + kTileSamples - 1) / kTileSamples;
        tileSamples = (samples + most - 1) / most;
        tiles = (samples + tileSamples - 1) / tileSamples;
    }

    __device__ __forceinline__ int samplesOf(int tile) const { return max(0, min(tileSamples, samples - tile * tileSamples)); }
    __device__ __forceinline__ char *slot(int tile, int step) const { return slots + (tile * 2 + (step & 1)) * slotBytes; }

    // Called by one thread: warps that multiply fill, four that finish empty.
    __device__ __forceinline__ void initBarriers() const {
        for (int i = 0; i < kWideHandovers; i++) {
            barrierInit(full + i * 8, kWideWarps);
            barrierInit(empty + i * 8, 4);
        }
    }
};

template <class Pass, class Type, int kHidden>
struct WideProducts {
    static constexpr int kTiles = Pass::kTiles;
    static constexpr WideGeometry kGeometry{kHidden, kTiles};
    static constexpr int kPairs = kGeometry.pairs, kTogether = kGeometry.together, kRing = kGeometry.ring, kKept = kGeometry.fragments.kept;
    static constexpr int kOperands = kTogether * kPairs;

    const Pass &pass;
    const WideSlice &slice;
    const int steps;
    uint32_t *const error;
    char *const shared;
    char *const rest;        // of the weights, behind those in registers
    uint32_t *const handed;  // clock at which this warp was done with a turn, kWideWarps apart
    const int warp, lane, turns;
    const int firstChunk, lanePairs; // of this lane: chunks of 8 rows of k, pairs that hold real ones
    bool lost = false;
    int step = 0, turn = 0, askedStep = 0, askedTurn = 0;
    uint32_t handedOver = 0; // n-tiles
    uint32_t weights[kKept][4];

    // The block multiplies `realChunks` chunks from passChunk on.
    __device__ __forceinline__ WideProducts(const Pass &ofPass, const WideSlice &ofSlice, int allSteps, uint32_t *errorWord, char *sharedMemory,
                                            int weightsAt, int handedAt, int warpNumber, int laneNumber, int passChunk, int realChunks)
        : pass(ofPass), slice(ofSlice), steps(allSteps), error(errorWord), shared(sharedMemory),
          rest(sharedMemory + weightsAt + warpNumber * (kGeometry.fragments.count - kKept) * 512 + laneNumber * 16),
          handed(reinterpret_cast<uint32_t *>(sharedMemory + handedAt) + warpNumber), warp(warpNumber), lane(laneNumber),
          turns((slice.tiles + kTogether - 1) / kTogether), firstChunk(passChunk + warp * kPairs * 4 + lane % 4),
          lanePairs(max(0, min(kPairs, (realChunks - warp * kPairs * 4 - lane % 4 + 3) / 4))) {
#pragma unroll
        for (int pair = 0; pair < kPairs; pair++) {
#pragma unroll
            for (int m = 0; m < kTiles; m++) {
                uint32_t fragments[2][4]; // of two k-tiles
                pass.template weightFragments<kHidden>(m, firstChunk + pair * 4, lane, fragments);
                keep(weights, rest, pair * 2 * kTiles + m, fragments[0]);
                keep(weights, rest, (pair * 2 + 1) * kTiles + m, fragments[1]);
            }
        }
    }

    __device__ __forceinline__ int real(int tile) const { return lane / 4 < slice.samplesOf(tile) ? lanePairs : 0; }
    // This lane's first 16 bytes of what is multiplied in `ofStep`.
    __device__ __forceinline__ const char *stateAt(int tile, int ofStep) const {
        return slice.slot(tile, ofStep + Pass::kSlotOf) + firstChunk * 128 + chipStatePosition(lane / 4) * 16;
    }

    // Before the first step forward the state is hx, as it was given.
    __device__ __forceinline__ void takeGiven(uint4 (&v)[kOperands]) const {
#pragma unroll
        for (int i = 0; i < kOperands; i++) {
            const int tile = turn * kTogether + i / kPairs, pair = i % kPairs;
            v[i] = make_uint4(0, 0, 0, 0);
            if (pair < real(tile)) v[i] = pass.given(slice.firstSample + tile * slice.tileSamples + lane / 4, firstChunk + pair * 4);
        }
    }

    // Rare enough that registers weigh more than the time of several round trips.
    __device__ __forceinline__ void takeTwoParts(uint4 (&v)[kOperands]) {
#pragma unroll
        for (int i = 0; i < kOperands; i++) {
            const int tile = turn * kTogether + i / kPairs, here = i % kPairs < real(tile) ? 1 : 0;
            const char *const from = stateAt(tile, step) + i % kPairs * 512;
            const uint32_t epoch = Pass::epochOf(step + Pass::kSlotOf);
            uint4 high[1], low[1];
            receive<1>(from, epoch, here, high, lost, error);
            receive<1>(from + slice.partBytes, epoch, here, low, lost, error);
            v[i] = joined(high[0], low[0]);
        }
    }

    // Earlier looks would come back with what was there before.
    __device__ __forceinline__ bool due(int ofTurn) const { return cycles() - handed[ofTurn * kWideWarps] >= Pass::kFirstLook; }

    __device__ __forceinline__ uint4 askPair(int ofStep, int tile, int pair) const {
        if (pair < real(tile)) return Pass::load(stateAt(tile, ofStep) + pair * 512);
        return Pass::nothing(ofStep + Pass::kSlotOf);
    }

    __device__ __forceinline__ void ask(int ofStep, int ofTurn, uint4 (&v)[kOperands]) const {
#pragma unroll
        for (int i = 0; i < kOperands; i++) v[i] = askPair(ofStep, ofTurn * kTogether + i / kPairs, i % kPairs);
    }

    __device__ __forceinline__ void askWhenDue(uint4 (&v)[kOperands]) const {
        while (!due(askedTurn)) {
        }
        ask(askedStep, askedTurn, v);
    }

    // Until all that was asked for is of this step.
    __device__ __forceinline__ void settle(uint4 (&v)[kOperands]) {
        for (Patience patience;;) {
            bool stale = false;
#pragma unroll
            for (int i = 0; i < kOperands; i++) {
                if (Pass::stale(v[i], step + Pass::kSlotOf)) {
                    stale = true;
                    v[i] = Pass::load(stateAt(turn * kTogether + i / kPairs, step) + i % kPairs * 512);
                }
            }
            if (!stale || !patience.left(lost, error)) break;
        }
        Pass::template settled<Type>(v, step + Pass::kSlotOf);
    }

    __device__ __forceinline__ void multiply(int index, float (&sums)[kTogether][kTiles][4], const uint4 (&v)[kOperands]) {
        uint32_t fragment[4];
        if (index < kKept) {
#pragma unroll
            for (int i = 0; i < 4; i++) fragment[i] = weights[index][i];
        } else {
            const uint4 kept = *reinterpret_cast<const uint4 *>(rest + (index - kKept) * 512);
            fragment[0] = kept.x;
            fragment[1] = kept.y;
            fragment[2] = kept.z;
            fragment[3] = kept.w;
        }
        const int pair = index / (2 * kTiles), m = index % kTiles;
        const bool second = index / kTiles % 2;
#pragma unroll
        for (int t = 0; t < kTogether; t++) {
            const uint4 &operand = v[t * kPairs + pair];
            Type::multiplyAdd(sums[t][m], fragment, second ? operand.z : operand.x, second ? operand.w : operand.y);
        }
    }

    __device__ __forceinline__ void handOver(const float (&sums)[kTogether][kTiles][4]) {
#pragma unroll
        for (int t = 0; t < kTogether; t++) {
            if (turn * kTogether + t >= slice.tiles) break;
            const int buffer = handedOver % kWideHandovers;
            barrierWait(slice.empty + buffer * 8, ~(handedOver / kWideHandovers) & 1, lost, error);
            float4 *const partials = reinterpret_cast<float4 *>(shared) + (buffer * kWideWarps + warp) * 128 + lane;
#pragma unroll
            for (int i = 0; i < 4; i++) partials[i * 32] = Pass::partial(sums[t], i);
            if (lane == 0) handed[turn * kWideWarps] = cycles();
            __syncwarp();
            if (lane == 0) barrierArrive(slice.full + buffer * 8);
            handedOver++;
        }
    }

    // One turn, whose state is or comes in operand[kSlot]; kAhead: turns between asking for a state and its product. False: it was the last.
    template <int kAhead, int kSlot>
    __device__ __forceinline__ bool takeTurn(uint4 (&operand)[kRing][kOperands]) {
        uint4(&v)[kOperands] = operand[kSlot];
        const bool asking = askedStep > 0 && askedStep < steps && !slice.twoParts;
        if (kAhead < kRing && asking) askWhenDue(operand[(kSlot + kAhead) % kRing]);
        if (Pass::kGiven && step == 0) {
            takeGiven(v);
        } else if (Pass::kMayBeTwoParts && slice.twoParts) {
            takeTwoParts(v);
        } else {
            if (!Pass::kGiven && step == 0) ask(step, turn, v);
            settle(v);
        }
        __syncwarp();

        float sums[kTogether][kTiles][4] = {};
        const bool early = kAhead == kRing && asking && due(askedTurn); // else not before the products are done
#pragma unroll
        for (int pair = 0; pair < kPairs; pair++) {
#pragma unroll
            for (int j = 0; j < 2 * kTiles; j++) multiply(pair * 2 * kTiles + j, sums, v);
            if constexpr (kAhead == kRing) {
                if (!early) continue;
#pragma unroll
                for (int t = 0; t < kTogether; t++) v[t * kPairs + pair] = askPair(askedStep, askedTurn * kTogether + t, pair);
            }
        }
        handOver(sums);
        if (kAhead == kRing && asking && !early) askWhenDue(v);

        if (++askedTurn == turns) {
            askedTurn = 0;
            askedStep++;
        }
        if (++turn == turns) {
            turn = 0;
            step++;
        }
        return step < steps;
    }

    template <int kAhead>
    __device__ __forceinline__ void runAhead() {
        uint4 operand[kRing][kOperands];
        askedTurn = kAhead;
        for (;;) {
            if (!takeTurn<kAhead, 0>(operand)) return;
            if constexpr (kRing > 1) {
                if (!takeTurn<kAhead, 1>(operand)) return;
            }
            if constexpr (kRing > 2) {
                if (!takeTurn<kAhead, 2>(operand)) return;
            }
        }
    }

    // All steps.
    __device__ __forceinline__ void run() {
        const int ahead = Pass::turnsAhead(turns, kRing);
        if (ahead == 0) return runAhead<0>();
        if (ahead == 1) return runAhead<1>();
        if constexpr (kRing > 1) {
            if (ahead == 2) return runAhead<2>();
        }
        if constexpr (kRing > 2) runAhead<3>();
    }
};

#endif // FRNN_HOPPER

} // namespace frnn
