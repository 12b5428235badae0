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
    // Independent sums per m-tile: more where a warp has few m-tiles and registers to spare.
    constexpr int kChains = kTiles >= 2 || kPairsOfTiles * kGeometry.warps >= 128 ? 2 : 4;
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
    SampleRow *const rows = reinterpret_cast<SampleRow *>(shared + layout.rows);
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
    // Forward step s of a sample lies at origin + s * timeStride: direction 1 walks backwards from the sample's last step.
    const int timeStride = batch * directions * hidden * (direction == 0 ? 1 : -1);
    for (int i = threadIdx.x; i < sampleTiles * kTileSamples; i += kThreads) {
        const int tile = i / kTileSamples, inTile = i % kTileSamples;
        const int sample = firstSample + tile * tileSamples + inTile;
        SampleRow row = {0, 0, sample};
        if (inTile < samplesOf(tile)) {
            row.length = args.lengths == nullptr ? steps : args.lengths[sample];
            const int64_t firstTime = direction == 0 ? 0 : row.length - 1;
            row.origin = ((firstTime * batch + sample) * directions + direction) * hidden;
        }
        rows[i] = row;
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

    if (args.lengths != nullptr) {
        // y is zero behind a sample's length.
        const int own = max(0, min(kUnits, hidden - rank * kUnits));
        for (int i = 0; i < sampleTiles * kTileSamples; i++) {
            const SampleRow row = rows[i];
            if (row.length == 0) continue;
            for (int k = threadIdx.x; k < (steps - row.length) * own; k += kThreads) {
                const int64_t time = row.length + k / own;
                args.y[((time * batch + row.sample) * directions + direction) * hidden + rank * kUnits + k % own] = 0;
            }
        }
    }

    const bool finishing = split < kFinishers;
    const int half = kFinishers == 2 && kHalves == 2 ? split : 0;
    const int ownBlock = group * kHalves + half;                             // of 8 units within this block
    const int firstUnit = rank * kUnits + ownBlock * 8;                      // of that block of units
    const int column = lane % 4 * 2 + (kSplitSamples ? split : 0);           // of the lane's first cell in the n-tile
    auto unitOf = [&](int block) { return firstUnit + block * 8 + lane / 4; };
    auto rowAt = [&](int tile, int cell) { return rows[tile * kTileSamples + column + cell]; };
    auto stateOf = [&](const SampleRow &row, int block) {
        return (size_t(direction) * batch + row.sample) * hidden + unitOf(block);
    };
    float *const ownCells = reinterpret_cast<float *>(shared + layout.cells) +
                            (group * kFinishers + (kFinishers == 2 ? split : 0)) * kGeometry.cellsPerLane * 32 + lane;
    auto carriedAt = [&](int tile, int index) { return ownCells + (tile * kGroups * kFinishers * kGeometry.cellsPerLane + index) * 32; };

    if (finishing && Cell::kCarries) {
        const uint16_t *initial = Cell::kCarriesCell ? args.cx : args.hx;
        for (int tile = 0; tile < sampleTiles; tile++) {
#pragma unroll
            for (int b = 0; b < kBlocks; b++) {
#pragma unroll
                for (int j = 0; j < kCells; j++) {
                    const SampleRow row = rowAt(tile, j);
                    const bool given = row.length > 0 && unitOf(b) < hidden && initial != nullptr;
                    *carriedAt(tile, b * kCells + j) = given ? Type::value(initial[stateOf(row, b)]) : 0.0f;
                }
            }
        }
    }
    float bias[kBlocks];
#pragma unroll
    for (int b = 0; b < kBlocks; b++) {
        const bool given = Cell::kRecurrentBias && args.recurrentBiasN != nullptr && unitOf(b) < hidden;
        bias[b] = given ? args.recurrentBiasN[size_t(direction) * hidden + unitOf(b)] : 0.0f;
    }

    // Gate inputs: asked for one iteration ahead, brought into L2 four steps ahead.
    using Inputs = typename Cell::Inputs;
    auto inputsAt = [&](const SampleRow &row, int step, int block) {
        return args.gateInputs + (row.origin + int64_t(step) * timeStride + unitOf(block)) * kGates;
    };
    auto loadInputs = [&](const SampleRow (&row)[kCells], int step, Inputs(&in)[kBlocks][kCells]) {
#pragma unroll
        for (int b = 0; b < kBlocks; b++) {
#pragma unroll
            for (int j = 0; j < kCells; j++) {
                in[b][j] = Inputs{};
                if (step < row[j].length && unitOf(b) < hidden) in[b][j] = Cell::load(inputsAt(row[j], step, b));
            }
        }
    };
    auto prefetchInputs = [&](const SampleRow (&row)[kCells], int step) {
#pragma unroll
        for (int b = 0; b < kBlocks; b++) {
#pragma unroll
            for (int j = 0; j < kCells; j++) {
                if (step < row[j].length && unitOf(b) < hidden) prefetchL2(inputsAt(row[j], step, b));
            }
        }
    };

    // Destinations: lanes with equal chunks serve different receivers.
    constexpr int kChunkLanes = kSplitSamples ? 4 : 8, kReceivers = 32 / kChunkLanes;
    constexpr int kPushes = (kCluster + kReceivers - 1) / kReceivers;
    const int chunkPosition = kSplitSamples ? split * 4 + lane % 4 : lane % 8;
    const int chunkColumn = kSplitSamples ? column : column + (lane / 4 & 1);
    uint32_t peers[kPushes];
    int pushOffsets[kPushes][kBlocks];
#pragma unroll
    for (int d = 0; d < kPushes; d++) {
        const int slot = d * kReceivers + lane / kChunkLanes;
        peers[d] = kCluster > 1 ? peerAddress(base, (rank + slot) % kCluster) : base;
#pragma unroll
        for (int b = 0; b < kBlocks; b++) {
            const int slotBlock = slot * (kUnits / 8) + ownBlock + b;
            pushOffsets[d][b] = slotBlock * 128 + (chunkPosition ^ (slotBlock & 3)) * 16;
        }
    }
    const bool wideRows = hidden % 8 == 0;

    SampleRow row[kCells];
    Inputs inputs[kBlocks][kCells];
#pragma unroll
    for (int j = 0; j < kCells; j++) row[j] = rowAt(0, j);
    if (finishing) {
        loadInputs(row, 0, inputs);
        for (int step = 1; step < 4; step++) prefetchInputs(row, step);
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
                uint4 chunk[kBlocks];
#pragma unroll
                for (int b = 0; b < kBlocks; b++) {
#pragma unroll
                    for (int j = 0; j < kCells; j++) {
                        result[b][j] = Cell::template apply<Type>(gates[b][j], inputs[b][j], carried[b][j], bias[b], args);
                    }
                    // Lanes exchange until each holds the eight units of one sample.
                    const bool oddUnit = lane & 4, oddPair = lane & 8, upperFour = lane & 16;
                    const float h0 = result[b][0].h, h1 = result[b][kCells - 1].h;
                    const float got = __shfl_xor_sync(~0u, kSplitSamples || oddUnit ? h0 : h1, 4);
                    const uint32_t two = oddUnit ? Type::pack(got, h1) : Type::pack(h0, got);
                    const uint32_t otherTwo = __shfl_xor_sync(~0u, two, 8);
                    const uint32_t low = oddPair ? otherTwo : two, high = oddPair ? two : otherTwo;
                    const uint32_t otherLow = __shfl_xor_sync(~0u, low, 16), otherHigh = __shfl_xor_sync(~0u, high, 16);
                    chunk[b] = upperFour ? make_uint4(otherLow, otherHigh, low, high) : make_uint4(low, high, otherLow, otherHigh);

                    const int ahead = (tile * 2 + (parity ^ 1)) * layout.stateBytes;
                    if constexpr (kCluster == 1) {
                        if (lane < kChunkLanes) *reinterpret_cast<uint4 *>(shared + ahead + pushOffsets[0][b]) = chunk[b];
                    } else if (step + 1 < steps && chunkColumn < samplesOf(tile)) {
#pragma unroll
                        for (int d = 0; d < kPushes; d++) {
                            if (kCluster % kReceivers == 0 || d * kReceivers + lane / kChunkLanes < kCluster) {
                                storePeer(peers[d] + ahead + pushOffsets[d][b], chunk[b],
                                          peers[d] + layout.barriers + tile * 16 + (parity ^ 1) * 8);
                            }
                        }
                    }
                }

                // The rest of the iteration lies in the shadow of the exchange.
                const int64_t passed = int64_t(step) * timeStride;
                if (wideRows && lane < kChunkLanes) {
                    const SampleRow chunkRow = rows[tile * kTileSamples + chunkColumn];
#pragma unroll
                    for (int b = 0; b < kBlocks; b++) {
                        if (step < chunkRow.length && firstUnit + b * 8 < hidden) {
                            *reinterpret_cast<uint4 *>(args.y + chunkRow.origin + passed + firstUnit + b * 8) = chunk[b];
                        }
                    }
                }
#pragma unroll
                for (int b = 0; b < kBlocks; b++) {
#pragma unroll
                    for (int j = 0; j < kCells; j++) {
                        if (Cell::kCarries) *carriedAt(tile, b * kCells + j) = result[b][j].carried;
                        if (step >= row[j].length || unitOf(b) >= hidden) continue;
                        const int64_t cell = row[j].origin + passed + unitOf(b);
                        if (!wideRows) args.y[cell] = Type::bits(result[b][j].h);
                        if (args.savedGates != nullptr) Cell::template save<Type>(args, cell, result[b][j]);
                        if (step == row[j].length - 1) {
                            if (args.hy != nullptr) args.hy[stateOf(row[j], b)] = Type::bits(result[b][j].h);
                            if (Cell::kCarriesCell && args.cy != nullptr) args.cy[stateOf(row[j], b)] = Type::bits(result[b][j].carried);
                        }
                    }
                }
                prefetchInputs(row, step + 4);
                const bool lastTile = tile + 1 == sampleTiles;
                if (sampleTiles > 1) {
#pragma unroll
                    for (int j = 0; j < kCells; j++) row[j] = rowAt(lastTile ? 0 : tile + 1, j);
                }
                loadInputs(row, lastTile ? step + 1 : step, inputs);
            }
            if (kCluster == 1) __syncthreads();
        }
    }
    // No block may leave while a peer can still push to it.
    if (kCluster > 1) clusterSync();
#endif
}

} // namespace frnn
