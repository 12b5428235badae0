// Forward pass of one recurrent layer stored in F32 whose products may round their operands to TF32, all steps in one launch, in the
// manner of cluster_forward.cuh: every block of a cluster owns `units` hidden units with their rows of W_hh as tensor-core fragments,
// and pushes its part of the new h to all blocks.
//
// What travels and is multiplied is h rounded to TF32 in 32-bit words; y, hy, the carried state and all that is saved are not
// rounded. A fragment of mma.m16n8k8 lies in its registers like one of m16n8k16 with a word in place of two halves: h lies in blocks
// of 128 bytes (4 units x 8 samples), and a lane takes the four units of one sample as the B fragments of two k-tiles, with k
// permuted alike in the weights.
//
// The m-tiles of a group of units are [gate][half of the group], so that a lane has all gates of its unit.
#pragma once

#include "tf32_device.cuh"

namespace frnn {

template <class Cell, int kHidden, int kCluster>
__global__ void __launch_bounds__(kTf32Threads, 1) tf32Forward(const __grid_constant__ ForwardArgsF32 args) {
#ifdef FRNN_HOPPER
    constexpr int kGates = Cell::kGates;
    constexpr Tf32ForwardGeometry kGeometry(kHidden, kCluster, kGates);
    constexpr int kUnits = kGeometry.units, kHalves = kGeometry.halves, kGroups = kGeometry.groups, kSplits = kGeometry.splits;
    constexpr int kTiles = kGeometry.tiles, kPairs = kGeometry.pairs, kCells = kGeometry.cells;
    // A finisher has one half of the units of a group, or where that has 8 units one half of the samples.
    constexpr bool kSplitSamples = kHalves == 1;
    constexpr int kChains = kTiles >= 2 ? 2 : 4; // independent sums per m-tile
    static_assert(kGroups * kSplits == kTf32Warps && kSplits >= 2, "groups need two finishing warps");
    static_assert(kUnits == kGroups * kHalves * 8 && kPairs * kSplits * 16 == kHidden, "units and k have to split evenly");

    FRNN_DYNAMIC_SHARED(shared);
    const int warp = warpIndex(), lane = threadIdx.x % 32;
    const int first = threadIdx.x == 0;
    const int group = warp % kGroups, split = warp / kGroups;
    const int rank = int(clusterRank());
    const ClusterSamples samples(args, blockIdx.x / kCluster);
    const int direction = samples.direction, hidden = args.hidden, batch = args.batch, steps = args.steps;
    const Tf32ForwardLayout layout(kGeometry, kHidden, samples.tiles);
    const uint32_t base = sharedAddress(shared);
    SampleRow *const rows = reinterpret_cast<SampleRow *>(shared + layout.rows);

    // One 16-byte load per row gives the fragments of two k-tiles.
    const int firstOfLane = rank * kUnits + group * kHalves * 8 + lane / 4;
    const float *const ownRows = args.weights + (size_t(direction) * kHidden + firstOfLane) * kGates * kHidden + lane % 4 * 4;
    Tf32Weights<kGeometry.fragments, kTf32ForwardKept> weights;
    weights.rest = shared + layout.weights + threadIdx.x * 16;
#pragma unroll
    for (int pair = 0; pair < kPairs; pair++) {
#pragma unroll
        for (int m = 0; m < kTiles; m++) {
            float4 v[2];
#pragma unroll
            for (int i = 0; i < 2; i++) {
                const int gate = (m * 2 + i) / kHalves, half = (m * 2 + i) % kHalves;
                v[i] = loadWeights<float4>(ownRows + (half * 8 * kGates + gate) * kHidden + (pair * kSplits + split) * 16);
            }
            weights.set((pair * 2) * kTiles + m, v[0].x, v[1].x, v[0].y, v[1].y);
            weights.set((pair * 2 + 1) * kTiles + m, v[0].z, v[1].z, v[0].w, v[1].w);
        }
    }

    auto incomingBytes = [&](int tile) { return samples.of(tile) * kHidden * 4; };
    if (first) openBarriers(base + layout.barriers, samples.tiles, incomingBytes);
    // Forward step s of a sample lies at origin + s * timeStride: direction 1 walks backwards from the sample's last step.
    const int timeStride = batch * args.directions * hidden * (direction == 0 ? 1 : -1);
    fillRows(rows, args, direction, samples.first, samples.count, samples.perTile, samples.tiles * kTileSamples);
    // All of h is cleared: what padding samples and units hold never reaches a real one, but it is read.
    for (int i = threadIdx.x; i < layout.weights / 16; i += kTf32Threads) reinterpret_cast<uint4 *>(shared)[i] = make_uint4(0, 0, 0, 0);
    __syncthreads();
    // Where four units of a sample lie in one copy of h: samples change places from block to block against bank conflicts.
    auto chunkAt = [](int block, int column) { return block * 128 + (((column & 1) * 4 + column / 2) ^ (block & 3)) * 16; };
    if (args.hx != nullptr) {
        for (int i = threadIdx.x; i < samples.tiles * kTileSamples * hidden; i += kTf32Threads) {
            const int place = i / hidden, u = i % hidden;
            const SampleRow row = rows[place];
            if (row.length <= 0) continue;
            const int at = place / kTileSamples * 2 * layout.stateBytes + chunkAt(u / 4, place % kTileSamples) + u % 4 * 4;
            *reinterpret_cast<uint32_t *>(shared + at) = roundTf32(args.hx[(size_t(direction) * batch + row.sample) * hidden + u]);
        }
    }
    if (args.lengths != nullptr) {
        const int own = max(0, min(kUnits, hidden - rank * kUnits));
        zeroBehindLengths(args.y, 1, rows, samples.tiles * kTileSamples, args, direction, rank * kUnits, own);
    }

    const bool finishing = split < 2;
    const int finisher = split % 2, finishingWarp = group * 2 + finisher;
    const int firstUnit = rank * kUnits + (group * kHalves + (kSplitSamples ? 0 : finisher)) * 8; // of the warp's 8 units
    const int unit = firstUnit + lane / 4;
    const int column = lane % 4 * 2 + (kSplitSamples ? finisher : 0); // of the lane's first cell in the n-tile
    auto rowAt = [&](int tile, int cell) { return rows[tile * kTileSamples + column + cell]; };
    auto stateOf = [&](const SampleRow &row) { return (size_t(direction) * batch + row.sample) * hidden + unit; };
    const int ownCarried = layout.carried + (finishingWarp * 32 + lane) * 4;
    auto carriedAt = [&](int tile, int cell) { return reinterpret_cast<float *>(shared + ownCarried + (tile * kCells + cell) * kGroups * 256); };

    if (finishing && Cell::kCarries) {
        const float *const initial = Cell::kCarriesCell ? args.cx : args.hx;
        const float *const unrounded = Cell::kCarriesCell ? args.cellsBefore : nullptr;
        for (int tile = 0; tile < samples.tiles; tile++) {
#pragma unroll
            for (int j = 0; j < kCells; j++) {
                const SampleRow row = rowAt(tile, j);
                const bool real = row.length > 0 && unit < hidden;
                *carriedAt(tile, j) = real ? carriedOr(unrounded, initial, stateOf(row)) : 0.0f;
            }
        }
    }
    const bool biased = Cell::kRecurrentBias && args.recurrentBiasN != nullptr && unit < hidden;
    const float bias = biased ? args.recurrentBiasN[size_t(direction) * hidden + unit] : 0.0f;

    // Gate inputs come through a ring, each cell's into a place of its own thread.
    constexpr int kStageBytes = kCells * kGroups * 2 * 512;
    const int ring = layout.inputs + (finishingWarp * 32 + lane) * 16;
    int fetchStep = 0, fetchTile = 0, fetchStage = 0;
    auto fetch = [&] {
#pragma unroll
        for (int j = 0; j < kCells; j++) {
            const SampleRow row = rowAt(fetchTile, j);
            const bool real = fetchStep < row.length && unit < hidden;
            const float *from = args.gateInputs;
            if (real) from += (row.origin + int64_t(fetchStep) * timeStride + unit) * kGates;
            copyAsyncFloats<kGates>(base + ring + fetchStage + j * kGroups * 1024, from, real);
        }
        copyCommit();
        fetchStage = fetchStage + kStageBytes == kStages * kStageBytes ? 0 : fetchStage + kStageBytes;
        if (++fetchTile == samples.tiles) {
            fetchTile = 0;
            fetchStep++;
        }
    };

    // A warp's h becomes chunks of four units of one sample, which neighbouring lanes push to different receivers, in an order that
    // begins with the own block.
    constexpr int kColumns = kSplitSamples ? 4 : 8, kChunkLanes = 2 * kColumns, kReceivers = 32 / kChunkLanes, kPushes = kCluster / kReceivers;
    static_assert(kPushes * kReceivers == kCluster, "receivers must fill whole pushes");
    const int pushColumn = kSplitSamples ? lane % 4 * 2 + finisher : lane % 8;
    const int pushPart = chunkAt(firstUnit / 4 + lane % kChunkLanes / kColumns, pushColumn);
    uint32_t peers[kPushes];
#pragma unroll
    for (int d = 0; d < kPushes; d++) peers[d] = peerAddress(base, (rank + d * kReceivers + lane / kChunkLanes) % kCluster);
    const int turned = layout.turned + finishingWarp * kCells * 128;
    const int turnPart = turned + (lane / 16 * kColumns + (kSplitSamples ? lane % 4 : column)) * 16 + lane / 4 % 4 * 4;
    const int chunkPart = turned + lane % kChunkLanes * 16;

    // Where the lane's cells are in this iteration, and how many steps they take part.
    int64_t cellIndex[kCells];
    int cellSteps[kCells];
    auto seek = [&](int step, int tile) {
#pragma unroll
        for (int j = 0; j < kCells; j++) {
            const SampleRow row = rowAt(tile, j);
            cellIndex[j] = row.origin + int64_t(step) * timeStride + unit;
            cellSteps[j] = unit < hidden ? row.length : 0;
        }
    };
    seek(0, 0);
    if (finishing) {
        for (int i = 0; i < kAhead; i++) fetch();
    }
    clusterSync();

    const int lanePart = chunkAt(split * 4 + lane % 4, lane / 4);
    const int partialsPart = layout.partials + lane * 8;
    bool lost = false;
    int turn = 0, stage = 0;
    for (int step = 0; step < steps; step++) {
        const int parity = step & 1;
        for (int tile = 0; tile < samples.tiles; tile++, turn ^= 1) {
            float inputs[kCells][kGates], carried[kCells];
            if (finishing) {
                copyWait<kAhead - 1>();
#pragma unroll
                for (int j = 0; j < kCells; j++) {
                    const float *const in = reinterpret_cast<const float *>(shared + ring + stage + j * kGroups * 1024);
#pragma unroll
                    for (int g = 0; g < kGates; g++) inputs[j][g] = in[g];
                    carried[j] = Cell::kCarries ? *carriedAt(tile, j) : 0.0f;
                }
                stage = stage + kStageBytes == kStages * kStageBytes ? 0 : stage + kStageBytes;
            }
            const int state = lanePart + (tile * 2 + parity) * layout.stateBytes, next = (tile * 2 + (parity ^ 1)) * layout.stateBytes;
            if (step > 0) {
                const uint32_t barrier = base + layout.barriers + tile * 16 + parity * 8;
                barrierWait(barrier, (step - 1) >> 1 & 1, lost, args.error);
                if (first && !lost) barrierExpect(barrier, incomingBytes(tile));
            }

            float sums[kTiles][kChains][4] = {};
#pragma unroll
            for (int pair = 0; pair < kPairs; pair++) {
                const uint4 h = *reinterpret_cast<const uint4 *>(shared + state + pair * kSplits * 512);
#pragma unroll
                for (int m = 0; m < kTiles; m++) weights.multiplyAdd(sums[m][pair * 2 % kChains], pair * 2 * kTiles + m, h.x, h.y);
#pragma unroll
                for (int m = 0; m < kTiles; m++) weights.multiplyAdd(sums[m][(pair * 2 + 1) % kChains], (pair * 2 + 1) * kTiles + m, h.z, h.w);
            }
#pragma unroll
            for (int m = 0; m < kTiles; m++) {
#pragma unroll
                for (int chain = 1; chain < kChains; chain++) {
#pragma unroll
                    for (int i = 0; i < 4; i++) sums[m][0][i] += sums[m][chain][i];
                }
            }

            // Everything a lane hands over is what the same lane of a finishing warp needs: of each m-tile two gates of a sample, or a
            // gate of two samples.
            auto sumsFor = [&](int f, int m) {
                return kSplitSamples ? make_float2(sums[m][0][f], sums[m][0][2 + f]) : make_float2(sums[m][0][f * 2], sums[m][0][f * 2 + 1]);
            };
            auto partialsAt = [&](int f, int source) {
                const int slot = ((turn * kGroups + group) * 2 + f) * (kSplits - 1) + source;
                return reinterpret_cast<float2 *>(shared + partialsPart + slot * kTiles * 256);
            };
#pragma unroll
            for (int f = 0; f < 2; f++) {
                if (f == split) continue;
                float2 *const to = partialsAt(f, split > f ? split - 1 : split);
#pragma unroll
                for (int m = 0; m < kTiles; m++) to[m * 32] = sumsFor(f, m);
            }
            namedBarrier(group + 1, kSplits * 32);
            if (!finishing) continue;

            float gates[kCells][kGates];
#pragma unroll
            for (int m = 0; m < kTiles; m++) {
                float2 total = split == 0 ? sumsFor(0, m) : sumsFor(1, m);
#pragma unroll
                for (int s = 0; s < kSplits - 1; s++) {
                    const float2 v = partialsAt(split, s)[m * 32];
                    total.x += v.x;
                    total.y += v.y;
                }
                gates[0][kSplitSamples ? m * 2 : m] = total.x;
                gates[kCells - 1][kSplitSamples ? m * 2 + 1 : m] = total.y;
            }
            typename Cell::Result result[kCells];
#pragma unroll
            for (int j = 0; j < kCells; j++) {
                result[j] = Cell::apply(gates[j], inputs[j], carried[j], bias, args.cellClip, args.relu);
                // A padding unit's sums are 0 times h, NaN where h is infinite; it must not reach the real ones.
                const uint32_t h = unit < hidden ? roundTf32(result[j].h) : 0;
                *reinterpret_cast<uint32_t *>(shared + turnPart + j * 16) = h;
            }
            __syncwarp();
            const uint4 chunk = *reinterpret_cast<const uint4 *>(shared + chunkPart);
            if (step < steps - 1 && pushColumn < samples.of(tile)) {
                const uint32_t barrierThere = layout.barriers + tile * 16 + (parity ^ 1) * 8;
#pragma unroll
                for (int d = 0; d < kPushes; d++) storePeer(peers[d] + next + pushPart, chunk, peers[d] + barrierThere);
            }

            // The rest of the iteration lies in the shadow of the exchange.
#pragma unroll
            for (int j = 0; j < kCells; j++) {
                if (Cell::kCarries) *carriedAt(tile, j) = result[j].carried;
                if (step >= cellSteps[j]) continue;
                args.y[cellIndex[j]] = result[j].h;
                if (args.saves()) Cell::save(args, cellIndex[j], result[j]);
                if (step + 1 != cellSteps[j]) continue;
                const size_t last = stateOf(rowAt(tile, j));
                if (args.hy != nullptr) args.hy[last] = result[j].h;
                if (Cell::kCarriesCell && args.cy != nullptr) args.cy[last] = result[j].carried;
                if (Cell::kCarriesCell && args.cellsAfter != nullptr) args.cellsAfter[last] = result[j].carried;
            }
            fetch();
            if (samples.tiles > 1) {
                const bool lastTile = tile + 1 == samples.tiles;
                seek(lastTile ? step + 1 : step, lastTile ? 0 : tile + 1);
            } else {
#pragma unroll
                for (int j = 0; j < kCells; j++) cellIndex[j] += timeStride;
            }
        }
    }
    copyWait<0>();
    // No block may leave while a peer can still push to it.
    clusterSync();
#endif
}

} // namespace frnn
