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
#include "sample_rows.cuh"
#include "zoneout_draw.cuh"

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
    // A finishing warp so has one block of 8 units and 8 or 4 samples, a lane 2 or 1 of its cells.
    constexpr bool kSplitSamples = kFinishers == 2 && kHalves == 1;
    constexpr int kCells = kSplitSamples ? 1 : 2;
    // Independent sums per m-tile: more where a warp has few m-tiles, one where 16 warps keep the tensor cores busy anyway.
    constexpr int kChains = kGeometry.warps >= 16 ? 1 : kTiles >= 2 ? 2 : 4;
    static_assert(kHidden % (32 * kSplits) == 0, "k has to split evenly");
    static_assert(kUnits % Cell::kGroupUnits == 0 && kGroups <= 15 + (kSplits == 1), "units must fill groups");
    static_assert(kHalves == kFinishers || kHalves == 1, "groups of 16 units need two finishing warps");
    static_assert(kCluster > 1 || !kSplitSamples, "a block on its own turns whole chunks round");
    static_assert(kGeometry.cellsPerLane == kCells, "plan and kernel disagree about cells");

    FRNN_DYNAMIC_SHARED(shared);
    // Few warps have registers to spare for what the compiler would rather compute again.
    constexpr bool kHold = kThreads <= 256;
    auto held = [](auto value) {
        if constexpr (kHold) hold(value);
        return value;
    };
    const int warp = warpIndex(), lane = held(int(threadIdx.x % 32));
    const int first = held(int(threadIdx.x == 0));
    const int group = warp % kGroups, split = warp / kGroups;
    const int rank = kCluster > 1 ? int(clusterRank()) : 0;
    const int cluster = blockIdx.x / kCluster;
    const int direction = cluster / args.slices, slice = cluster % args.slices;
    const int hidden = args.hidden, batch = args.batch, steps = args.steps, directions = args.directions;

    const int firstSample = slice * args.samplesPerSlice;
    const int samples = min(args.samplesPerSlice, batch - firstSample);
    const int mostTiles = (args.samplesPerSlice + kTileSamples - 1) / kTileSamples;
    const int tileSamples = (samples + mostTiles - 1) / mostTiles; // even shares, so that no tile is late
    // Those that have samples: a barrier that expects no bytes would run ahead of the threads that wait for it.
    const int sampleTiles = (samples + tileSamples - 1) / tileSamples;
    const ForwardLayout layout(kGeometry, kHidden, kSplits, kGates, sampleTiles);
    const uint32_t base = sharedAddress(shared);
    SampleRow *const rows = reinterpret_cast<SampleRow *>(shared + layout.rows);
    auto samplesOf = [&](int tile) { return max(0, min(tileSamples, samples - tile * tileSamples)); };

    // Weights: one 16-byte load per row gives the fragments of two k-tiles. Unconditional: what is run only once costs the
    // fetch of its instructions.
    const int firstOfLane = rank * kUnits + group * Cell::kGroupUnits + lane / 4;
    const uint16_t *const ownRows = args.weights + (size_t(direction) * kHidden + firstOfLane) * kGates * kHidden;
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
                const uint4 v = loadWeights<uint4>(ownRows + (Cell::half(m, i) * 8 * kGates + Cell::gate(m, i)) * kHidden + k);
                weights[m][pair * 2][i] = v.x;
                weights[m][pair * 2][i + 2] = v.y;
                weights[m][pair * 2 + 1][i] = v.z;
                weights[m][pair * 2 + 1][i + 2] = v.w;
            }
        }
    }

    if (kCluster > 1 && threadIdx.x == 0) {
        openBarriers(base + layout.barriers, sampleTiles, [&](int tile) { return samplesOf(tile) * kHidden * 2; });
    }
    // Forward step s of a sample lies at origin + s * timeStride: direction 1 walks backwards from the sample's last step.
    const int timeStride = held(batch * directions * hidden * (direction == 0 ? 1 : -1));
    fillRows(rows, args, direction, firstSample, samples, tileSamples, sampleTiles * kTileSamples);
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
        const int own = max(0, min(kUnits, hidden - rank * kUnits));
        zeroBehindLengths(args.y, 1, rows, sampleTiles * kTileSamples, args, direction, rank * kUnits, own);
    }

    const bool finishing = split < kFinishers;
    const int finisher = kFinishers == 2 ? split : 0;
    const int ownBlock = group * kHalves + (kHalves == 2 ? finisher : 0); // of 8 units within this block
    const int firstUnit = rank * kUnits + ownBlock * 8;                   // of that block of units
    const int unit = firstUnit + lane / 4;
    const int column = lane % 4 * 2 + (kSplitSamples ? split : 0); // of the lane's first cell in the n-tile
    auto rowAt = [&](int tile, int cell) { return rows[tile * kTileSamples + column + cell]; };
    auto stateOf = [&](const SampleRow &row) { return (size_t(direction) * batch + row.sample) * hidden + unit; };
    const int finishingWarp = group * kFinishers + finisher;
    const int ownCells = held(layout.cells + (finishingWarp * kCells * 32 + lane) * 4);
    auto carriedAt = [&](int tile, int cell) {
        return reinterpret_cast<float *>(shared + ownCells + (tile * kGroups * kFinishers * kCells + cell) * 128);
    };

    if (finishing && Cell::kCarries) {
        const uint16_t *initial = Cell::kCarriesCell ? args.cx : args.hx;
        for (int tile = 0; tile < sampleTiles; tile++) {
#pragma unroll
            for (int j = 0; j < kCells; j++) {
                const SampleRow row = rowAt(tile, j);
                const bool given = row.length > 0 && unit < hidden && initial != nullptr;
                *carriedAt(tile, j) = given ? Type::value(initial[stateOf(row)]) : 0.0f;
            }
        }
    }
    if (finishing && Cell::kCarriesCell && args.cellsBefore != nullptr) {
        for (int tile = 0; tile < sampleTiles; tile++) {
#pragma unroll
            for (int j = 0; j < kCells; j++) {
                const SampleRow row = rowAt(tile, j);
                if (row.length > 0 && unit < hidden) *carriedAt(tile, j) = args.cellsBefore[stateOf(row)];
            }
        }
    }
    const bool biased = Cell::kRecurrentBias && args.recurrentBiasN != nullptr && unit < hidden;
    const float bias = biased ? args.recurrentBiasN[size_t(direction) * hidden + unit] : 0.0f;

    // Gate inputs come through a ring of the finishing warp. Where rows lie on 16 bytes, each lane copies one chunk: a row
    // of 8 units is 64 bytes (LSTM), 48 (GRU) or 16 (RNN). Elsewhere lanes fetch their own cells, at the price of waiting.
    constexpr int kChunksPerRow = kGates, kFetchRows = kSplitSamples ? 4 : 8, kPitch = inputPitch(kGates);
    static_assert(kChunksPerRow * kFetchRows <= 32, "one chunk per lane");
    constexpr int kStageBytes = kTileSamples * kPitch, kRingBytes = kStages * kStageBytes;
    const int ring = layout.inputs + finishingWarp * kRingBytes;
    const bool chunked = kGates == 4 ? hidden % 2 == 0 : hidden % 8 == 0;
    const int fetchRow = min(lane / kChunksPerRow, kFetchRows - 1), fetchChunk = lane % kChunksPerRow;
    const int fetchColumn = kSplitSamples ? fetchRow * 2 + split : fetchRow;
    const bool fetchReal = (kGates == 4 ? firstUnit + fetchChunk * 2 : firstUnit) < hidden;
    const int ownInputs = held(ring + (kSplitSamples ? lane % 4 : column) * kPitch + lane / 4 * kGates * 2);
    const uint32_t fetchTo = held(base + ring + fetchRow * kPitch + fetchChunk * 16);
    const int64_t fetchStride = held(int64_t(timeStride) * kGates * 2);
    const char *fetchFrom; // moves on with every step
    int fetchSteps;        // that the row takes
    int fetchStep = 0, fetchTile = 0, fetchStage = 0;
    auto fetchSeek = [&] {
        const SampleRow row = rows[fetchTile * kTileSamples + fetchColumn];
        fetchSteps = fetchReal ? row.length : 0;
        const int64_t index = (row.origin + int64_t(fetchStep) * timeStride + firstUnit) * kGates + fetchChunk * 8;
        fetchFrom = reinterpret_cast<const char *>(args.gateInputs + index);
    };
    auto fetch = [&] {
        if (chunked) {
            if (lane < kChunksPerRow * kFetchRows) copyAsync16(fetchTo + fetchStage, fetchFrom, fetchStep < fetchSteps ? 16 : 0);
        } else {
#pragma unroll
            for (int j = 0; j < kCells; j++) {
                const SampleRow row = rowAt(fetchTile, j);
                typename Cell::Inputs in = {};
                if (fetchStep < row.length && unit < hidden) {
                    in = Cell::load(args.gateInputs + (row.origin + int64_t(fetchStep) * timeStride + unit) * kGates);
                }
                Cell::put(in, shared + ownInputs + fetchStage + j * kPitch);
            }
        }
        copyCommit();
        fetchStage = fetchStage + kStageBytes == kRingBytes ? 0 : fetchStage + kStageBytes;
        if (sampleTiles > 1) {
            if (++fetchTile == sampleTiles) {
                fetchTile = 0;
                fetchStep++;
            }
            fetchSeek();
        } else {
            fetchStep++;
            fetchFrom += fetchStride;
        }
    };

    // Destinations: lanes with equal chunks serve different receivers.
    constexpr int kChunkLanes = kSplitSamples ? 4 : 8, kReceivers = 32 / kChunkLanes;
    constexpr int kPushes = (kCluster + kReceivers - 1) / kReceivers;
    const int chunkPosition = kSplitSamples ? split * 4 + lane % 4 : lane % 8;
    const int chunkColumn = kSplitSamples ? column : column + (lane / 4 & 1);
    static_assert(kCluster % kReceivers == 0 || kPushes == 1, "receivers must fill whole pushes");
    uint32_t pushTo[kPushes], pushBarrier[kPushes];
#pragma unroll
    for (int d = 0; d < kPushes; d++) {
        const int slot = d * kReceivers + lane / kChunkLanes, slotBlock = slot * (kUnits / 8) + ownBlock;
        const uint32_t peer = kCluster > 1 ? peerAddress(base, (rank + slot) % kCluster) : base;
        pushTo[d] = held(peer + slotBlock * 128 + (chunkPosition ^ (slotBlock & 3)) * 16);
        pushBarrier[d] = held(peer + layout.barriers);
    }
    const bool pushing = lane / kChunkLanes < kCluster;
    // Where the lane puts its first cell's h, and from where it takes its chunk; the next cell is a constant behind.
    constexpr int kTurnStep = kCluster == 1 ? 64 : 16;
    const int turned = layout.chunks + finishingWarp * 128;
    const int turnPart = held((kCluster == 1 ? ownBlock * 128 + ((lane % 4) ^ (ownBlock & 3)) * 16 : turned + column * 16) + lane / 4 * 2);
    const int chunkPart = held(kCluster == 1 ? ownBlock * 128 + (chunkPosition ^ (ownBlock & 3)) * 16 : turned + chunkColumn * 16);
    const int wideRows = held(int(hidden % 8 == 0));
    // Where the h of the lane's first cell lies that the product reads: slot 0 is the block's own.
    [[maybe_unused]] const int ownState = ownBlock * 128 + (((column & 1) * 4 + column / 2) ^ (ownBlock & 3)) * 16 + lane / 4 * 2;

    // Where the lane's cells and its chunk of y are in this iteration, and how many steps they take part.
    int64_t cellIndex[kCells], chunkIndex;
    int cellSteps[kCells], chunkSteps, pushSteps, lastStep;
    auto seek = [&](int step, int tile) {
        const int64_t passed = int64_t(step) * timeStride;
#pragma unroll
        for (int j = 0; j < kCells; j++) {
            const SampleRow row = rowAt(tile, j);
            cellIndex[j] = row.origin + passed + unit;
            cellSteps[j] = unit < hidden ? row.length : 0;
        }
        const SampleRow row = rows[tile * kTileSamples + chunkColumn];
        chunkIndex = row.origin + passed + firstUnit;
        chunkSteps = wideRows && lane < kChunkLanes && firstUnit < hidden ? row.length : 0;
        pushSteps = pushing && chunkColumn < samplesOf(tile) ? steps - 1 : 0;
        // The first step after which one of the cells needs more than the usual stores.
        lastStep = INT_MAX;
#pragma unroll
        for (int j = 0; j < kCells; j++) {
            if (cellSteps[j] > 0) lastStep = min(lastStep, wideRows ? cellSteps[j] - 1 : 0);
        }
    };

    seek(0, 0);
    fetchSeek();
    if (finishing) {
        for (int i = 0; i < kAhead; i++) fetch();
    }
    if (kCluster > 1) {
        clusterSync();
    } else {
        __syncthreads();
    }

    const int lanePart = held(split * 512 + lane % 4 * 128 + ((((lane / 4 & 1) * 4 + lane / 8) ^ (lane % 4)) * 16));
    const int partialsPart = held(layout.partials + lane * 8);
    const float clip = held(args.cellClip > 0 ? args.cellClip : __int_as_float(0x7f800000));
    bool lost = false;
    int turn = 0, stage = 0;
    for (int step = 0; step < steps; step++) {
        const int parity = step & 1;
        for (int tile = 0; tile < sampleTiles; tile++, turn ^= 1) {
            float carried[kCells];
            typename Cell::Inputs inputs[kCells];
            if (finishing) {
                copyWait<kAhead - 1>();
                __syncwarp();
#pragma unroll
                for (int j = 0; j < kCells; j++) {
                    inputs[j] = Cell::get(shared + ownInputs + stage + j * kPitch);
                    carried[j] = Cell::kCarries ? *carriedAt(tile, j) : 0.0f;
                }
                stage = stage + kStageBytes == kRingBytes ? 0 : stage + kStageBytes;
            }
            [[maybe_unused]] Keep keep[kCells];
            if constexpr (Cell::kZonesOut) {
                if (finishing) {
                    auto elementOf = [&](int n) {
                        const SampleRow row = rows[tile * kTileSamples + n];
                        return (int64_t(timeOfStep(args, direction, row.length, step)) * batch + row.sample) * hidden + firstUnit;
                    };
                    const ZoneoutDraw<8, kTileSamples, Cell::kCarriesCell> draw(args.zoneout, direction, hidden, lane, elementOf);
#pragma unroll
                    for (int j = 0; j < kCells; j++) keep[j] = draw.of(column + j, lane / 4, elementOf(column + j));
                }
            }
            // All addresses of this iteration, before the wait.
            const int statePart = held(lanePart + (tile * 2 + parity) * layout.stateBytes);
            // One block holds all of h: its warps turn theirs round where the next step reads it.
            const int ahead = (tile * 2 + (parity ^ 1)) * layout.stateBytes;
            const int turnHere = held(turnPart + (kCluster == 1 ? ahead : 0)), chunkHere = held(chunkPart + (kCluster == 1 ? ahead : 0));
            const int expected = held(samplesOf(tile) * kHidden * 2);
            uint32_t pushHere[kPushes], barrierThere[kPushes];
#pragma unroll
            for (int d = 0; d < kPushes; d++) {
                pushHere[d] = held(pushTo[d] + ahead);
                barrierThere[d] = held(pushBarrier[d] + tile * 16 + (parity ^ 1) * 8);
            }
            const uint32_t barrier = held(base + layout.barriers + tile * 16 + parity * 8);
            if (kCluster > 1 && step > 0) {
                barrierWait(barrier, (step - 1) >> 1 & 1, lost, args.error);
                if (first && !lost) barrierExpect(barrier, expected);
            }

            float sums[kTiles][kChains][4] = {};
#pragma unroll
            for (int pair = 0; pair < kPairsOfTiles; pair++) {
                const uint4 h = *reinterpret_cast<const uint4 *>(shared + statePart + pair * kSplits * 512);
#pragma unroll
                for (int m = 0; m < kTiles; m++) {
                    Type::multiplyAdd(sums[m][pair * 2 % kChains], weights[m][pair * 2], h.x, h.y);
                    Type::multiplyAdd(sums[m][(pair * 2 + 1) % kChains], weights[m][pair * 2 + 1], h.z, h.w);
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
            float gates[kCells][kGates];
            if constexpr (kSplits == 1) {
#pragma unroll
                for (int j = 0; j < kCells; j++) {
#pragma unroll
                    for (int g = 0; g < kGates; g++) gates[j][g] = sumOf(g, 0, j);
                }
            } else {
                // Everything a lane hands over is what the same lane of the finishing warp needs, in pairs.
                constexpr int kPairs = kGeometry.pairs;
                auto partialsAt = [&](int finisher, int source) {
                    const int slot = ((turn * kGroups + group) * kFinishers + finisher) * (kSplits - 1) + source;
                    return reinterpret_cast<float2 *>(shared + partialsPart + slot * kPairs * 256);
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
                        gates[0][kSplitSamples ? q * 2 : q] = total.x;
                        gates[kCells - 1][kSplitSamples ? q * 2 + 1 : q] = total.y;
                    }
                }
            }

            if (finishing) {
                typename Cell::Result result[kCells];
#pragma unroll
                for (int j = 0; j < kCells; j++) result[j] = Cell::template apply<Type>(gates[j], inputs[j], carried[j], bias, clip, args.relu);
                if constexpr (Cell::kZonesOut) {
#pragma unroll
                    for (int j = 0; j < kCells; j++) {
                        float before = carried[j];
                        if (!Cell::kCarries || Cell::kCarriesCell) {
                            const int at = (tile * 2 + parity) * layout.stateBytes + (ownState ^ (j * 64));
                            before = Type::value(*reinterpret_cast<const uint16_t *>(shared + at));
                        }
                        result[j].h = zonedOut(keep[j].h, before, result[j].h);
                        result[j].carried = Cell::kCarriesCell ? zonedOut(keep[j].c, carried[j], result[j].carried)
                                                               : Type::value(Type::bits(result[j].h));
                    }
                }
                // Through shared memory, until each lane holds the eight units of one sample.
                uint16_t h[kCells];
#pragma unroll
                for (int j = 0; j < kCells; j++) {
                    // A padding unit's sums are 0 times h, NaN where h is infinite; it must not reach the real ones.
                    h[j] = unit < hidden ? Type::bits(result[j].h) : uint16_t(0);
                    *reinterpret_cast<uint16_t *>(shared + turnHere + j * kTurnStep) = h[j];
                }
                __syncwarp();
                const uint4 chunk = *reinterpret_cast<const uint4 *>(shared + chunkHere);
                if (kCluster > 1 && step < pushSteps) {
#pragma unroll
                    for (int d = 0; d < kPushes; d++) storePeer(pushHere[d], chunk, barrierThere[d]);
                }

                // The rest of the iteration lies in the shadow of the exchange.
                storeIf(step < chunkSteps, args.y + chunkIndex, chunk);
#pragma unroll
                for (int j = 0; j < kCells; j++) {
                    if (Cell::kCarries) *carriedAt(tile, j) = result[j].carried;
                    if (args.saves()) Cell::template save<Type>(step < cellSteps[j], args, cellIndex[j], result[j]);
                }
                if (step >= lastStep) {
#pragma unroll
                    for (int j = 0; j < kCells; j++) {
                        storeIf(!wideRows && step < cellSteps[j], args.y + cellIndex[j], h[j]);
                        if (step + 1 != cellSteps[j]) continue;
                        const size_t state = stateOf(rowAt(tile, j));
                        if (args.hy != nullptr) args.hy[state] = h[j];
                        if (Cell::kCarriesCell && args.cy != nullptr) args.cy[state] = Type::bits(result[j].carried);
                        if (Cell::kCarriesCell && args.cellsAfter != nullptr) args.cellsAfter[state] = result[j].carried;
                    }
                }
                fetch();
                if (sampleTiles > 1) {
                    const bool lastTile = tile + 1 == sampleTiles;
                    seek(lastTile ? step + 1 : step, lastTile ? 0 : tile + 1);
                } else {
#pragma unroll
                    for (int j = 0; j < kCells; j++) cellIndex[j] += timeStride;
                    chunkIndex += timeStride;
                }
            }
            if (kCluster == 1) __syncthreads();
        }
    }
    copyWait<0>();
    // No block may leave while a peer can still push to it.
    if (kCluster > 1) clusterSync();
#endif
}

} // namespace frnn
