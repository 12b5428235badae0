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
    char *slots;          // [n-tile][step parity]: what is multiplied, chunks of 8 rows of k x 8 samples
    uint32_t full, empty; // barriers: of each n-tile, and of each place for one that is handed over

    __device__ __forceinline__ WideSlice(int number, int inLaunch, int blocks, int samplesPerSlice, int slices, int batch, uint32_t barriers)
        : direction(number / slices), firstSample(number % slices * samplesPerSlice), block(int(blockIdx.x) - inLaunch * blocks),
          firstUnit(block * kChipUnits), samples(min(samplesPerSlice, batch - firstSample)), twoParts(false), partBytes(0), slotBytes(0),
          slots(nullptr), full(barriers), empty(barriers + kWideMostSampleTiles * 8) {
        const int most = (samplesPerSlice + kTileSamples - 1) / kTileSamples;
        tileSamples = (samples + most - 1) / most;
        tiles = (samples + tileSamples - 1) / tileSamples;
    }

    // Where an n-tile's partial sums lie; `before`: n-tiles handed over before this step.
    template <int kHandovers>
    __device__ __forceinline__ int placeOf(uint32_t before, int tile) const {
        return tiles <= kHandovers ? tile : int((before + tile) % kHandovers);
    }
    __device__ __forceinline__ int samplesOf(int tile) const { return max(0, min(tileSamples, samples - tile * tileSamples)); }
    __device__ __forceinline__ char *slot(int tile, int step) const { return slots + (tile * 2 + (step & 1)) * slotBytes; }

    // Called by one thread: warps that multiply fill, those that finish empty.
    __device__ __forceinline__ void initBarriers() const {
        for (int tile = 0; tile < tiles; tile++) barrierInit(full + tile * 8, kWideWarps);
        for (int i = 0; i < kWideMostHandovers; i++) barrierInit(empty + i * 8, kWideGroupWarps);
    }
};

template <class Pass, class Type, int kHidden>
struct WideProducts {
    static constexpr int kTiles = Pass::kTiles;
    static constexpr WideGeometry kGeometry{kHidden, kTiles};
    static constexpr int kPairs = kGeometry.pairs, kTogether = kGeometry.together, kRing = kGeometry.ring, kHandovers = kGeometry.handovers;
    static constexpr int kKept = kGeometry.fragments.kept;
    static constexpr int kOperands = kTogether * kPairs;

    const Pass &pass;
    const WideSlice &slice;
    const int steps;
    uint32_t *const error;
    char *const shared;
    char *const rest;        // of the weights, behind those in registers
    uint32_t *const handed;  // clock at which this warp was done with a turn, kWideWarps apart
    const int warp, lane, turns;
    const int places; // for n-tiles handed over: no more than there are, so that none is handed over again before it is taken
    const int firstChunk, lanePairs; // of this lane: chunks of 8 rows of k, pairs that hold real ones
    const bool whole;                // all chunks of all lanes of the warp are real
    const char *own = nullptr;       // of this lane, in the first slot
    bool lost = false;
    int step = 0, turn = 0, askedStep = 0, askedTurn = 0; // to be multiplied and to be asked for next
    int asked = 0;                                        // turns between the two
    int place = 0;                                        // of the n-tile to be handed over next
    uint32_t round = 0;                                   // of the places
    uint32_t weights[kKept][4];

    // The block multiplies `realChunks` chunks from passChunk on.
    __device__ __forceinline__ WideProducts(const Pass &ofPass, const WideSlice &ofSlice, int allSteps, uint32_t *errorWord, char *sharedMemory,
                                            int weightsAt, int handedAt, int warpNumber, int laneNumber, int passChunk, int realChunks)
        : pass(ofPass), slice(ofSlice), steps(allSteps), error(errorWord), shared(sharedMemory),
          rest(sharedMemory + weightsAt + warpNumber * (kGeometry.fragments.count - kKept) * 512 + laneNumber * 16),
          handed(reinterpret_cast<uint32_t *>(sharedMemory + handedAt) + warpNumber), warp(warpNumber), lane(laneNumber),
          turns((slice.tiles + kTogether - 1) / kTogether), places(min(kHandovers, slice.tiles)), firstChunk(passChunk + warp * kPairs * 4 + lane % 4),
          lanePairs(max(0, min(kPairs, (realChunks - warp * kPairs * 4 - lane % 4 + 3) / 4))), whole((warp + 1) * kPairs * 4 <= realChunks) {
        // At first every state may be asked for. There are no more turns than lanes.
        if (lane < turns) handed[lane * kWideWarps] = cycles() - (1u << 30);
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

    // This lane's first 16 bytes of what is multiplied in `ofStep`.
    __device__ __forceinline__ const char *stateAt(int tile, int ofStep) const {
        return own + (tile * 2 + ((ofStep + Pass::kSlotOf) & 1)) * slice.slotBytes;
    }

    // Before the first step forward the state is hx, as it was given.
    __device__ __forceinline__ void takeGiven(uint4 (&v)[kOperands]) const {
#pragma unroll
        for (int i = 0; i < kOperands; i++) {
            const int tile = turn * kTogether + i / kPairs, pair = i % kPairs;
            v[i] = make_uint4(0, 0, 0, 0);
            if (pair < lanePairs && lane / 4 < slice.samplesOf(tile)) v[i] = pass.given(slice.firstSample + tile * slice.tileSamples + lane / 4, firstChunk + pair * 4);
        }
    }

    // Rare enough that registers weigh more than the time of several round trips.
    __device__ __forceinline__ void takeTwoParts(uint4 (&v)[kOperands]) {
#pragma unroll
        for (int i = 0; i < kOperands; i++) {
            const int tile = turn * kTogether + i / kPairs, here = i % kPairs < lanePairs && tile < slice.tiles ? 1 : 0;
            const char *const from = stateAt(tile, step) + i % kPairs * 512;
            const uint32_t epoch = Pass::partEpochOf(step + Pass::kSlotOf);
            uint4 high[1], low[1];
            receive<1>(from, epoch, here, high, lost, error);
            receive<1>(from + slice.partBytes, epoch, here, low, lost, error);
            v[i] = joined(high[0], low[0]);
        }
    }

    // Earlier looks would come back with what was there before.
    __device__ __forceinline__ bool due(int ofTurn, uint32_t now) const { return now - handed[ofTurn * kWideWarps] >= Pass::kFirstLook; }

    __device__ __forceinline__ void ask(uint4 (&v)[kOperands]) {
#pragma unroll
        for (int t = 0; t < kTogether; t++) {
            const int tile = askedTurn * kTogether + t;
            const char *const from = stateAt(tile, askedStep);
            const bool there = t == 0 || tile < slice.tiles;
            if (whole && there) {
#pragma unroll
                for (int pair = 0; pair < kPairs; pair++) v[t * kPairs + pair] = Pass::load(from + pair * 512);
            } else {
#pragma unroll
                for (int pair = 0; pair < kPairs; pair++) {
                    v[t * kPairs + pair] = there && pair < lanePairs ? Pass::load(from + pair * 512) : Pass::nothing(askedStep + Pass::kSlotOf);
                }
            }
        }
        asked++;
        if (++askedTurn == turns) {
            askedTurn = 0;
            askedStep++;
        }
    }

    // Into what room there is behind the turn in `kSlot`, which is multiplied but not yet handed over.
    template <int kSlot, int kAhead = 0>
    __device__ __forceinline__ void askAhead(uint4 (&operand)[kRing][kOperands], uint32_t now) {
        if (asked == kAhead && kAhead + 1 < turns && askedStep < steps && due(askedTurn, now)) ask(operand[(kSlot + 1 + kAhead) % kRing]);
        if constexpr (kAhead + 1 < kRing) askAhead<kSlot, kAhead + 1>(operand, now);
    }

    // Until all that was asked for is of this step.
    __device__ __forceinline__ void settle(uint4 (&v)[kOperands]) {
        const int slot = step + Pass::kSlotOf;
        for (Patience patience; Pass::stale(v, slot) && patience.left(lost, error);) {
#pragma unroll
            for (int i = 0; i < kOperands; i++) {
                if (Pass::stale(v[i], slot)) v[i] = Pass::load(stateAt(turn * kTogether + i / kPairs, step) + i % kPairs * 512);
            }
        }
        Pass::template settled<Type>(v, slot);
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

    __device__ __forceinline__ void multiplyAll(float (&sums)[kTogether][kTiles][4], const uint4 (&v)[kOperands]) {
        __syncwarp();
#pragma unroll
        for (int i = 0; i < kPairs * 2 * kTiles; i++) multiply(i, sums, v);
    }

    __device__ __forceinline__ void handOver(const float (&sums)[kTogether][kTiles][4]) {
#pragma unroll
        for (int t = 0; t < kTogether; t++) {
            const int tile = turn * kTogether + t;
            if (t > 0 && tile >= slice.tiles) break;
            barrierWait(slice.empty + place * 8, ~round & 1, lost, error);
            float4 *const partials = reinterpret_cast<float4 *>(shared) + (place * kWideWarps + warp) * 128 + lane;
#pragma unroll
            for (int m = 0; m < kTiles; m++) partials[m * 32] = make_float4(sums[t][m][0], sums[t][m][1], sums[t][m][2], sums[t][m][3]);
            if (lane == 0) handed[turn * kWideWarps] = cycles();
            __syncwarp();
            if (lane == 0) barrierArrive(slice.full + tile * 8);
            if (++place == places) {
                place = 0;
                round++;
            }
        }
        if (++turn == turns) {
            turn = 0;
            step++;
        }
    }

    // One turn, whose state is or comes in operand[kSlot]. False: it was the last.
    template <int kSlot>
    __device__ __forceinline__ bool takeTurn(uint4 (&operand)[kRing][kOperands]) {
        uint4(&v)[kOperands] = operand[kSlot];
        if (asked == 0) {
            while (!due(turn, cycles())) {
            }
            ask(v);
        }
        settle(v);
        asked--;
        const uint32_t now = cycles();
        float sums[kTogether][kTiles][4] = {};
        multiplyAll(sums, v);
        askAhead<kSlot>(operand, now); // while the last products are on their way out of the tensor cores
        handOver(sums);
        return step < steps;
    }

    // All steps.
    __device__ __forceinline__ void run() {
        __syncwarp();
        own = slice.slots + firstChunk * 128 + chipStatePosition(lane / 4) * 16;
        if constexpr (Pass::kGiven) {
            const int before = Pass::kMayBeTwoParts && slice.twoParts ? steps : 1;
            while (step < before) {
                uint4 v[kOperands];
                if (step == 0) {
                    takeGiven(v);
                } else if constexpr (Pass::kMayBeTwoParts) {
                    takeTwoParts(v);
                }
                float sums[kTogether][kTiles][4] = {};
                multiplyAll(sums, v);
                handOver(sums);
            }
            if (step == steps) return;
            askedStep = step;
        }
        uint4 operand[kRing][kOperands];
        for (;;) {
            if (!takeTurn<0>(operand)) return;
            if constexpr (kRing > 1) {
                if (!takeTurn<1>(operand)) return;
            }
            if constexpr (kRing > 2) {
                if (!takeTurn<2>(operand)) return;
            }
        }
    }
};

#endif // FRNN_HOPPER

} // namespace frnn
