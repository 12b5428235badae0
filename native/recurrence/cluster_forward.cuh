// Forward pass of one recurrent layer, all steps in one launch: one cluster per slice of samples and direction.
//
// Every block owns `units` hidden units and keeps their rows of W_hh in registers as tensor-core fragments. Per step a
// block multiplies them with all of h (its own copy in shared memory), adds the gate inputs, applies the cell and pushes
// its part of the new h into the shared memory of all blocks of the cluster, where a transaction barrier counts the bytes.
//
// h lies in blocks of 128 bytes (8 units x 8 samples) in the order in which the product reads it: a lane takes the eight
// units of one sample as one 16-byte chunk and so the B fragments of two k-tiles, with k permuted alike in the weights.
// The slot of a block counts from the receiver's own rank, so that at no time two blocks push to the same receiver.
//
// A cluster's samples are cut into n-tiles of 8. Each has its own buffers and barriers: while one is travelling, the next
// is computed.
#pragma once

#include "cluster_args.h"
#include "cluster_tiles.h"
#include "persistent_device.cuh"

namespace frnn {

// One lane's view of a cell (unit, sample) of the layer.
struct CellPlace {
    int unit;
    int sample; // in the batch
    int length;
    bool real; // neither padding of units nor of samples
};

template <class Cell, class Type, int kHidden, int kCluster, int kSplits>
__global__ void __launch_bounds__(ForwardGeometry(kHidden, kCluster, kSplits, Cell::kGroupUnits, Cell::kGates).warps * 32, 1)
clusterForward(const __grid_constant__ ForwardArgs args) {
#ifdef FRNN_HOPPER
    constexpr ForwardGeometry kGeometry(kHidden, kCluster, kSplits, Cell::kGroupUnits, Cell::kGates);
    constexpr int kUnits = kGeometry.units, kGroups = kGeometry.groups, kThreads = kGeometry.warps * 32;
    constexpr int kGates = Cell::kGates, kTiles = Cell::kTiles, kHalves = Cell::kGroupUnits / 8;
    constexpr int kPairsOfTiles = kHidden / 32 / kSplits; // pairs of k-tiles of one warp
    constexpr int kFinishers = kGeometry.finishers;
    // With several warps to a group, two finish it: each one half of the units, or of the samples where there are 8 units.
    constexpr bool kSplitSamples = kFinishers == 2 && kHalves == 1;
    constexpr int kBlocks = kFinishers == 2 && kHalves == 2 ? 1 : kHalves; // blocks of 8 units in a finishing warp
    constexpr int kCells = kSplitSamples ? 1 : 2;                         // cells of a lane in one such block
    constexpr int kChains = kTiles >= 2 ? 2 : 4;                          // independent sums per m-tile
    static_assert(kHidden % (32 * kSplits) == 0, "k has to split evenly");
    static_assert(kUnits % Cell::kGroupUnits == 0 && kGroups <= 15 + (kSplits == 1), "units must fill groups");
    static_assert(kGeometry.cellsPerLane == kBlocks * kCells, "plan and kernel disagree about cells");

    extern __shared__ __align__(128) char shared[];
    const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
    const int group = warp % kGroups, split = warp / kGroups;
    const int rank = kCluster > 1 ? int(clusterRank()) : 0;
    const int cluster = blockIdx.x / kCluster;
    const int direction = cluster / args.slices, slice = cluster % args.slices;
    const int hidden = args.hidden, batch = args.batch, steps = args.steps, directions = args.directions;

    const int firstSample = slice * args.samplesPerSlice;
    const int samples = min(args.samplesPerSlice, batch - firstSample);
    const int sampleTiles = (args.samplesPerSlice + kTileSamples - 1) / kTileSamples;
    const int tileSamples = (samples + sampleTiles - 1) / sampleTiles; // even shares, so that no tile is late
    const ForwardLayout layout(kGeometry, kHidden, kSplits, sampleTiles);
    const uint32_t base = sharedAddress(shared);
    int *const lengths = reinterpret_cast<int *>(shared + layout.lengths);
    auto samplesOf = [&](int tile) { return max(0, min(tileSamples, samples - tile * tileSamples)); };

    // Weights: one 16-byte load per row gives the fragments of two k-tiles.
    const bool alignedRows = hidden % 8 == 0;
    uint32_t weights[kTiles][kPairsOfTiles * 2][4];
#pragma unroll
    for (int pair = 0; pair < kPairsOfTiles; pair++) {
        const int slotBlock = (pair * kSplits + split) * 4 + lane % 4;
        const int source = (rank - slotBlock / (kUnits / 8) + kCluster) % kCluster;
        const int k = source * kUnits + slotBlock % (kUnits / 8) * 8;
#pragma unroll
        for (int m = 0; m < kTiles; m++) {
#pragma unroll
            for (int i = 0; i < 2; i++) {
                const int unit = rank * kUnits + group * Cell::kGroupUnits + Cell::half(m, i) * 8 + lane / 4;
                uint4 v = make_uint4(0, 0, 0, 0);
                if (unit < hidden) {
                    const size_t row = (size_t(direction) * hidden + unit) * kGates + Cell::gate(m, i);
                    v = loadEight(args.weights + row * hidden, k, hidden, alignedRows);
                }
                weights[m][pair * 2][i] = v.x;
                weights[m][pair * 2][i + 2] = v.y;
                weights[m][pair * 2 + 1][i] = v.z;
                weights[m][pair * 2 + 1][i + 2] = v.w;
            }
        }
    }

    if (kCluster > 1 && threadIdx.x == 0) {
        for (int b = 0; b < sampleTiles * 2; b++) barrierInit(base + layout.barriers + b * 8);
        barrierInitVisible();
        for (int b = 0; b < sampleTiles * 2; b++) {
            barrierExpect(base + layout.barriers + b * 8, samplesOf(b / 2) * kHidden * 2);
        }
    }
    for (int i = threadIdx.x; i < sampleTiles * kTileSamples; i += kThreads) {
        const int inTile = i % kTileSamples, inSlice = i / kTileSamples * tileSamples + inTile;
        const bool real = inTile < samplesOf(i / kTileSamples);
        lengths[i] = !real ? 0 : args.lengths == nullptr ? steps : args.lengths[firstSample + inSlice];
    }
    // All of h is cleared: what padding samples hold never reaches a real one, but it is read.
    for (int i = threadIdx.x; i < layout.partials / 16; i += kThreads) {
        reinterpret_cast<uint4 *>(shared)[i] = make_uint4(0, 0, 0, 0);
    }
    __syncthreads();
    if (args.hx != nullptr) {
        for (int tile = 0; tile < sampleTiles; tile++) {
            const int count = samplesOf(tile);
            const uint16_t *source = args.hx + (size_t(direction) * batch + firstSample + tile * tileSamples) * hidden;
#pragma unroll 4
            for (int i = threadIdx.x; i < count * hidden; i += kThreads) {
                const int n = i / hidden, u = i % hidden;
                const int slotBlock = (rank - u / kUnits + kCluster) % kCluster * (kUnits / 8) + u % kUnits / 8;
                const int chunk = ((n & 1) * 4 + n / 2) ^ (slotBlock & 3);
                *reinterpret_cast<uint16_t *>(shared + tile * 2 * layout.stateBytes + slotBlock * 128 + chunk * 16 + u % 8 * 2) =
                    source[i];
            }
        }
    }

    const bool finishing = split < kFinishers;
    const int half = kFinishers == 2 && kHalves == 2 ? split : 0;
    const int sampleColumn = lane % 4 * 2 + (kSplitSamples ? split : 0); // of the lane's first cell
    auto place = [&](int tile, int block, int cell) {
        const int column = sampleColumn + cell;
        const int unit = rank * kUnits + group * Cell::kGroupUnits + (half + block) * 8 + lane / 4;
        const bool real = column < samplesOf(tile) && unit < hidden;
        return CellPlace{unit, firstSample + tile * tileSamples + column, lengths[tile * kTileSamples + column], real};
    };
    // Direction 1 walks backwards from each sample's last step. Behind the length both directions visit t = step.
    auto timeOf = [&](int step, int length) { return direction == 1 && step < length ? length - 1 - step : step; };
    auto cellOf = [&](int time, const CellPlace &p) {
        return ((size_t(time) * batch + p.sample) * directions + direction) * hidden + p.unit;
    };
    auto stateOf = [&](const CellPlace &p) { return (size_t(direction) * batch + p.sample) * hidden + p.unit; };
    auto carriedAt = [&](int tile, int index) {
        const int slot = (tile * kGroups + group) * kFinishers + (kFinishers == 2 ? split : 0);
        return reinterpret_cast<float *>(shared + layout.cells) + (slot * kGeometry.cellsPerLane + index) * 32 + lane;
    };

    if (finishing) {
        for (int tile = 0; tile < sampleTiles; tile++) {
#pragma unroll
            for (int b = 0; b < kBlocks; b++) {
#pragma unroll
                for (int j = 0; j < kCells; j++) {
                    const CellPlace p = place(tile, b, j);
                    const uint16_t *initial = Cell::kCarriesCell ? args.cx : args.hx;
                    *carriedAt(tile, b * kCells + j) = p.real && initial != nullptr ? Type::value(initial[stateOf(p)]) : 0.0f;
                }
            }
        }
    }
    float bias[kBlocks];
#pragma unroll
    for (int b = 0; b < kBlocks; b++) {
        const int unit = place(0, b, 0).unit;
        const bool given = Cell::kRecurrentBias && args.recurrentBiasN != nullptr && unit < hidden;
        bias[b] = given ? args.recurrentBiasN[size_t(direction) * hidden + unit] : 0.0f;
    }

    // Gate inputs are asked for one iteration ahead and brought into L2 four iterations ahead.
    using Inputs = typename Cell::Inputs;
    auto loadInputs = [&](int step, int tile, Inputs(&in)[kBlocks][kCells]) {
#pragma unroll
        for (int b = 0; b < kBlocks; b++) {
#pragma unroll
            for (int j = 0; j < kCells; j++) {
                const CellPlace p = place(tile, b, j);
                in[b][j] = Inputs{};
                if (p.real && step < p.length) in[b][j] = Cell::load(args.gateInputs + cellOf(timeOf(step, p.length), p) * kGates);
            }
        }
    };
    auto prefetchInputs = [&](int step, int tile) {
#pragma unroll
        for (int b = 0; b < kBlocks; b++) {
#pragma unroll
            for (int j = 0; j < kCells; j++) {
                const CellPlace p = place(tile, b, j);
                if (p.real && step < p.length) prefetchL2(args.gateInputs + cellOf(timeOf(step, p.length), p) * kGates);
            }
        }
    };

    // Destinations: lanes with equal chunks serve different receivers.
    constexpr int kChunkLanes = kSplitSamples ? 4 : 8, kReceivers = 32 / kChunkLanes;
    constexpr int kPushes = (kCluster + kReceivers - 1) / kReceivers;
    const int chunkPosition = kSplitSamples ? split * 4 + lane % 4 : lane % 8;
    const int chunkSample = kSplitSamples ? sampleColumn : sampleColumn + (lane / 4 & 1);
    uint32_t peers[kPushes];
#pragma unroll
    for (int d = 0; d < kPushes; d++) {
        const int slot = d * kReceivers + lane / kChunkLanes;
        peers[d] = kCluster > 1 ? peerAddress(base, (rank + slot) % kCluster) : base;
    }
    const bool wideRows = hidden % 8 == 0;
    const int ownBlock = group * kHalves + half; // of 8 units within this block

    Inputs current[kBlocks][kCells];
    if (finishing) {
        loadInputs(0, 0, current);
        for (int step = 0; step < 4; step++) prefetchInputs(step, 0);
    }
    if (kCluster > 1) {
        clusterSync();
    } else {
        __syncthreads();
    }

    const char *const lanePart =
        shared + split * 512 + lane % 4 * 128 + ((((lane / 4 & 1) * 4 + lane / 8) ^ (lane % 4)) * 16);
    bool lost = false;
    int turn = 0;
    for (int step = 0; step < steps; step++) {
        const int parity = step & 1;
        for (int tile = 0; tile < sampleTiles; tile++, turn ^= 1) {
            const bool lastTile = tile + 1 == sampleTiles;
            Inputs next[kBlocks][kCells];
            if (finishing) loadInputs(lastTile ? step + 1 : step, lastTile ? 0 : tile + 1, next);
            float carried[kBlocks][kCells];
#pragma unroll
            for (int b = 0; b < kBlocks; b++) {
#pragma unroll
                for (int j = 0; j < kCells; j++) carried[b][j] = Cell::kCarries && finishing ? *carriedAt(tile, b * kCells + j) : 0.0f;
            }
            const uint32_t barrier = base + layout.barriers + tile * 16;
            if (kCluster > 1 && step > 0) {
                barrierWait(barrier + parity * 8, (step - 1) >> 1 & 1, lost, args.error);
                if (threadIdx.x == 0) barrierExpect(barrier + parity * 8, samplesOf(tile) * kHidden * 2);
            }

            float sums[kTiles][kChains][4] = {};
            const char *const state = lanePart + (tile * 2 + parity) * layout.stateBytes;
#pragma unroll
            for (int pair = 0; pair < kPairsOfTiles; pair++) {
                const uint4 h = *reinterpret_cast<const uint4 *>(state + pair * kSplits * 512);
                constexpr int kPairChains = kChains / 2;
#pragma unroll
                for (int m = 0; m < kTiles; m++) {
                    Type::multiplyAdd(sums[m][pair % kPairChains * 2], weights[m][pair * 2], h.x, h.y);
                    Type::multiplyAdd(sums[m][pair % kPairChains * 2 + 1], weights[m][pair * 2 + 1], h.z, h.w);
                }
            }
#pragma unroll
            for (int m = 0; m < kTiles; m++) {
#pragma unroll
                for (int chain = 1; chain < kChains; chain++) {
#pragma unroll
                    for (int i = 0; i < 4; i++) sums[m][0][i] += sums[m][chain][i];
                }
            }

            // The sum of gate g for (half, sample) is element [tile of the gate][row half * 2 + sample].
            auto sumOf = [&](int g, int h, int j) { return sums[Cell::tile(g, h)][0][Cell::row(g, h) * 2 + j]; };
            float gates[kBlocks][kCells][kGates];
            if constexpr (kSplits == 1) {
#pragma unroll
                for (int b = 0; b < kBlocks; b++) {
#pragma unroll
                    for (int j = 0; j < kCells; j++) {
#pragma unroll
                        for (int g = 0; g < kGates; g++) gates[b][j][g] = sumOf(g, b, j);
                    }
                }
            } else {
                // Everything a lane hands over is what the same lane of the finishing warp needs, in pairs.
                constexpr int kPairs = kGeometry.pairs;
                auto partialsAt = [&](int finisher, int source) {
                    const int slot = ((turn * kGroups + group) * kFinishers + finisher) * (kSplits - 1) + source;
                    return reinterpret_cast<float2 *>(shared + layout.partials) + slot * kPairs * 32 + lane;
                };
#pragma unroll
                for (int f = 0; f < kFinishers; f++) {
                    if (f == split) continue;
                    float2 *const to = partialsAt(f, split > f ? split - 1 : split);
#pragma unroll
                    for (int q = 0; q < kPairs; q++) {
                        to[q * 32] = kSplitSamples ? make_float2(sumOf(q * 2, 0, f), sumOf(q * 2 + 1, 0, f))
                                                   : make_float2(sumOf(q, f, 0), sumOf(q, f, 1));
                    }
                }
                namedBarrier(group + 1, kSplits * 32);
                if (finishing) {
#pragma unroll
                    for (int q = 0; q < kPairs; q++) {
                        float2 total = split == 0 ? (kSplitSamples ? make_float2(sumOf(q * 2, 0, 0), sumOf(q * 2 + 1, 0, 0))
                                                                   : make_float2(sumOf(q, 0, 0), sumOf(q, 0, 1)))
                                                  : (kSplitSamples ? make_float2(sumOf(q * 2, 0, 1), sumOf(q * 2 + 1, 0, 1))
                                                                   : make_float2(sumOf(q, 1, 0), sumOf(q, 1, 1)));
#pragma unroll
                        for (int s = 0; s < kSplits - 1; s++) {
                            const float2 v = partialsAt(split, s)[q * 32];
                            total.x += v.x;
                            total.y += v.y;
                        }
                        gates[0][0][kSplitSamples ? q * 2 : q] = total.x;
                        gates[0][kCells - 1][kSplitSamples ? q * 2 + 1 : q] = total.y;
                    }
                }
            }

            if (finishing) {
                typename Cell::Result result[kBlocks][kCells];
#pragma unroll
                for (int b = 0; b < kBlocks; b++) {
#pragma unroll
                    for (int j = 0; j < kCells; j++) {
                        result[b][j] = Cell::template apply<Type>(gates[b][j], current[b][j], carried[b][j], bias[b], args);
                        if (Cell::kCarries) *carriedAt(tile, b * kCells + j) = result[b][j].carried;
                    }
                    // Lanes exchange until each holds the eight units of one sample.
                    const bool oddUnit = lane & 4, oddPair = lane & 8, upperFour = lane & 16;
                    const float h0 = result[b][0].h, h1 = result[b][kCells - 1].h;
                    const float got = __shfl_xor_sync(~0u, kSplitSamples || oddUnit ? h0 : h1, 4);
                    const uint32_t two = oddUnit ? Type::pack(got, h1) : Type::pack(h0, got);
                    const uint32_t otherTwo = __shfl_xor_sync(~0u, two, 8);
                    const uint32_t low = oddPair ? otherTwo : two, high = oddPair ? two : otherTwo;
                    const uint32_t otherLow = __shfl_xor_sync(~0u, low, 16), otherHigh = __shfl_xor_sync(~0u, high, 16);
                    const uint4 chunk = upperFour ? make_uint4(otherLow, otherHigh, low, high) : make_uint4(low, high, otherLow, otherHigh);

                    const int ahead = (tile * 2 + (parity ^ 1)) * layout.stateBytes;
                    const bool realChunk = chunkSample < samplesOf(tile);
                    if constexpr (kCluster == 1) {
                        const int slotBlock = ownBlock + b;
                        if (lane < kChunkLanes) {
                            *reinterpret_cast<uint4 *>(shared + ahead + slotBlock * 128 + (chunkPosition ^ (slotBlock & 3)) * 16) = chunk;
                        }
                    } else if (step + 1 < steps && realChunk) {
#pragma unroll
                        for (int d = 0; d < kPushes; d++) {
                            const int slot = d * kReceivers + lane / kChunkLanes;
                            const int slotBlock = slot * (kUnits / 8) + ownBlock + b;
                            if (kCluster % kReceivers == 0 || slot < kCluster) {
                                storePeer(peers[d] + ahead + slotBlock * 128 + (chunkPosition ^ (slotBlock & 3)) * 16, chunk,
                                          peers[d] + layout.barriers + tile * 16 + (parity ^ 1) * 8);
                            }
                        }
                    }
                    if (wideRows && lane < kChunkLanes && realChunk) {
                        const int unit = rank * kUnits + (ownBlock + b) * 8;
                        const CellPlace p{unit, firstSample + tile * tileSamples + chunkSample,
                                          lengths[tile * kTileSamples + chunkSample], unit < hidden};
                        const uint4 shown = step < p.length ? chunk : make_uint4(0, 0, 0, 0);
                        if (p.real) *reinterpret_cast<uint4 *>(args.y + cellOf(timeOf(step, p.length), p)) = shown;
                    }
                }
                prefetchInputs(step + 4, tile);
#pragma unroll
                for (int b = 0; b < kBlocks; b++) {
#pragma unroll
                    for (int j = 0; j < kCells; j++) {
                        const CellPlace p = place(tile, b, j);
                        if (!p.real) continue;
                        const size_t cell = cellOf(timeOf(step, p.length), p);
                        const uint16_t h = Type::bits(result[b][j].h);
                        if (!wideRows) args.y[cell] = step < p.length ? h : uint16_t(0);
                        if (step >= p.length) continue;
                        if (args.savedGates != nullptr) Cell::template save<Type>(args, cell, result[b][j]);
                        if (step == p.length - 1) {
                            if (args.hy != nullptr) args.hy[stateOf(p)] = h;
                            if (Cell::kCarriesCell && args.cy != nullptr) args.cy[stateOf(p)] = Type::bits(result[b][j].carried);
                        }
                    }
                }
#pragma unroll
                for (int b = 0; b < kBlocks; b++) {
#pragma unroll
                    for (int j = 0; j < kCells; j++) current[b][j] = next[b][j];
                }
            }
            if (kCluster == 1) __syncthreads();
        }
    }
    // No block may leave while a peer can still push to it.
    if (kCluster > 1) clusterSync();
#endif
}

} // namespace frnn
