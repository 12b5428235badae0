// Forward pass of one recurrent F32 layer, all steps in one launch, in the manner of cluster_forward.cuh: every block of a
// cluster owns `units` hidden units with their rows of W_hh, and pushes its part of the new h to all blocks.
//
// Products are multiply-adds of full F32. A unit's sums over k are shared by neighbouring lanes: a lane has every gate's
// weights for its part of k and multiplies them with all samples of an n-tile, so that each weight is used eight times. When
// the parts are added, each of these lanes ends with one sample of the unit (or two) and applies the cell to it.
#pragma once

#include "f32_device.cuh"
#include "zoneout_draw.cuh"

namespace frnn {

template <class Cell, int kHidden, int kCluster, int kSamples>
__global__ void __launch_bounds__(kF32Threads, 1) f32Forward(const __grid_constant__ ForwardArgsF32 args) {
#ifdef FRNN_HOPPER
    constexpr int kGates = Cell::kGates;
    constexpr F32ForwardGeometry kGeometry(kHidden, kCluster, kSamples, kGates);
    constexpr int kUnits = kGeometry.units, kSlices = kGeometry.slices, kCells = kGeometry.cells, kWarpUnits = kGeometry.warpUnits;
    constexpr int kChunks = kHidden / 4 / kSlices; // of four k, of one lane
    static_assert(kSlices * kUnits == kF32Threads && kSlices <= 32 && kWarpUnits % 4 == 0, "lanes must fill warps");
    static_assert(kChunks * kSlices * 4 == kHidden, "k has to split evenly");

    FRNN_DYNAMIC_SHARED(shared);
    const int thread = threadIdx.x, warp = warpIndex(), lane = thread % 32, slice = thread % kSlices;
    const int rank = kCluster > 1 ? int(clusterRank()) : 0;
    const int cluster = blockIdx.x / kCluster;
    const int direction = cluster / args.slices, firstSample = cluster % args.slices * args.samplesPerSlice;
    const int hidden = args.hidden, batch = args.batch, steps = args.steps, directions = args.directions;

    const int samples = min(args.samplesPerSlice, batch - firstSample);
    const int mostTiles = (args.samplesPerSlice + kSamples - 1) / kSamples;
    const int tileSamples = (samples + mostTiles - 1) / mostTiles; // even shares, so that no tile is late
    // Those that have samples: a barrier that expects no bytes would run ahead of the threads that wait for it.
    const int sampleTiles = (samples + tileSamples - 1) / tileSamples;
    const F32ForwardLayout layout(kGeometry, kHidden, kSamples, sampleTiles);
    const uint32_t base = sharedAddress(shared);
    SampleRow *const rows = reinterpret_cast<SampleRow *>(shared + layout.rows);
    auto samplesOf = [&](int tile) { return max(0, min(tileSamples, samples - tile * tileSamples)); };

    const int unitInBlock = thread / kSlices, unit = rank * kUnits + unitInBlock;
    const float *const ownRows = args.weights + (size_t(direction) * kHidden + unit) * kGates * kHidden;
    F32Weights<kGeometry.weights> weights;
    weights.rest = shared + layout.weights + thread * 16;
#pragma unroll
    for (int chunk = 0; chunk < kChunks; chunk++) {
#pragma unroll
        for (int g = 0; g < kGates; g++) {
            weights.set(chunk * kGates + g, loadWeights<float4>(ownRows + g * kHidden + (chunk * kSlices + slice) * 4));
        }
    }

    auto incomingBytes = [&](int tile) { return samplesOf(tile) * kHidden * 4; };
    if (kCluster > 1 && thread == 0) {
        openBarriers(base + layout.barriers, sampleTiles, incomingBytes);
    }
    // Forward step s of a sample lies at origin + s * timeStride: direction 1 walks backwards from the sample's last step.
    const int timeStride = batch * directions * hidden * (direction == 0 ? 1 : -1);
    fillRows<kSamples>(rows, args, direction, firstSample, samples, tileSamples, sampleTiles * kSamples);
    // All of h is cleared: what padding samples and units hold never reaches a real one, but it is read.
    for (int i = thread; i < layout.weights / 16; i += kF32Threads) reinterpret_cast<uint4 *>(shared)[i] = make_uint4(0, 0, 0, 0);
    __syncthreads();
    auto stateOf = [&](const SampleRow &row, int u) { return (size_t(direction) * batch + row.sample) * hidden + u; };
    if (args.hx != nullptr) {
        for (int i = thread; i < sampleTiles * kSamples * hidden; i += kF32Threads) {
            const int place = i / hidden, u = i % hidden;
            const SampleRow row = rows[place];
            if (row.length <= 0) continue;
            float *const state = reinterpret_cast<float *>(shared + place / kSamples * 2 * layout.stateBytes);
            state[place % kSamples * kHidden + u] = args.hx[stateOf(row, u)];
        }
    }
    if (args.lengths != nullptr) {
        const int own = max(0, min(kUnits, hidden - rank * kUnits));
        zeroBehindLengths(args.y, 1, rows, sampleTiles * kSamples, args, direction, rank * kUnits, own);
    }

    // Where a unit has more lanes than samples, the first of them speaks for the others.
    const bool speaks = kSamples >= kSlices || slice % (kSlices / (kSamples < kSlices ? kSamples : kSlices)) == 0;
    const int column = slice * kSamples / kSlices; // of the lane's first cell in the n-tile
    auto rowAt = [&](int tile, int cell) { return rows[tile * kSamples + column + cell]; };
    auto carriedAt = [&](int tile, int cell) {
        return reinterpret_cast<float *>(shared + layout.cells + ((tile * kCells + cell) * kF32Threads + thread) * 4);
    };
    if (Cell::kCarries) {
        const float *const initial = Cell::kCarriesCell ? args.cx : args.hx;
        const float *const unrounded = Cell::kCarriesCell ? args.cellsBefore : nullptr;
        for (int tile = 0; tile < sampleTiles; tile++) {
#pragma unroll
            for (int j = 0; j < kCells; j++) {
                const SampleRow row = rowAt(tile, j);
                const bool real = row.length > 0 && unit < hidden;
                *carriedAt(tile, j) = real ? carriedOr(unrounded, initial, stateOf(row, unit)) : 0.0f;
            }
        }
    }
    const bool biased = Cell::kRecurrentBias && args.recurrentBiasN != nullptr && unit < hidden;
    const float bias = biased ? args.recurrentBiasN[size_t(direction) * hidden + unit] : 0.0f;

    // Gate inputs come through a ring, each cell's into a place of its own thread.
    constexpr int kStageBytes = kCells * kF32Threads * 16;
    const int ring = layout.inputs + thread * 16;
    int fetchStep = 0, fetchTile = 0, fetchStage = 0;
    auto fetch = [&] {
#pragma unroll
        for (int j = 0; j < kCells; j++) {
            const SampleRow row = rowAt(fetchTile, j);
            const bool real = fetchStep < row.length && unit < hidden;
            const float *from = args.gateInputs;
            if (real) from += (row.origin + int64_t(fetchStep) * timeStride + unit) * kGates;
            copyAsyncFloats<kGates>(base + ring + fetchStage + j * kF32Threads * 16, from, real);
        }
        copyCommit();
        fetchStage = fetchStage + kStageBytes == kStages * kStageBytes ? 0 : fetchStage + kStageBytes;
        if (++fetchTile == sampleTiles) {
            fetchTile = 0;
            fetchStep++;
        }
    };

    // What a warp pushes: chunks of four units of one sample, each to all blocks, in an order that begins with the own one.
    constexpr int kPushChunks = kSamples * kWarpUnits / 4, kPairs = kPushChunks * kCluster;
    constexpr int kPushes = kCluster > 1 ? (kPairs + 31) / 32 : 0;
    static_assert(32 % kPushChunks == 0, "a lane pushes the same chunk to several blocks");
    const int pushSample = lane % kPushChunks / (kWarpUnits / 4), pushUnits = lane % (kWarpUnits / 4) * 4;
    char *const turned = shared + layout.turned + warp * kSamples * kWarpUnits * 4;
    const int pushPart = (pushSample * kHidden + rank * kUnits + warp * kWarpUnits + pushUnits) * 4;

    for (int i = 0; i < kAhead; i++) fetch();
    if (kCluster > 1) {
        clusterSync();
    } else {
        __syncthreads();
    }

    bool lost = false;
    int stage = 0;
    for (int step = 0; step < steps; step++) {
        const int parity = step & 1;
        for (int tile = 0; tile < sampleTiles; tile++) {
            [[maybe_unused]] Keep keeps[kCells];
            if constexpr (Cell::kZonesOut) {
                auto elementOf = [&](int n) {
                    const SampleRow row = rows[tile * kSamples + n];
                    const int64_t time = timeOfStep(args, direction, row.length, step);
                    return (time * batch + row.sample) * hidden + rank * kUnits + warp * kWarpUnits;
                };
                const ZoneoutDraw<kWarpUnits, kSamples, Cell::kCarriesCell> draw(args.zoneout, direction, hidden, lane, elementOf);
#pragma unroll
                for (int j = 0; j < kCells; j++) keeps[j] = draw.of(column + j, unitInBlock % kWarpUnits, elementOf(column + j));
            }
            const int state = (tile * 2 + parity) * layout.stateBytes, next = (tile * 2 + (parity ^ 1)) * layout.stateBytes;
            if (kCluster > 1 && step > 0) {
                const uint32_t barrier = base + layout.barriers + tile * 16 + parity * 8;
                barrierWait(barrier, (step - 1) >> 1 & 1, lost, args.error);
                if (thread == 0 && !lost) barrierExpect(barrier, incomingBytes(tile));
            }

            float sums[kSamples][kGates] = {};
#pragma unroll
            for (int chunk = 0; chunk < kChunks; chunk++) {
                float4 w[kGates];
#pragma unroll
                for (int g = 0; g < kGates; g++) w[g] = weights.at(chunk * kGates + g);
#pragma unroll
                for (int n = 0; n < kSamples; n++) {
                    const float4 h = *reinterpret_cast<const float4 *>(shared + state + (n * kHidden + (chunk * kSlices + slice) * 4) * 4);
#pragma unroll
                    for (int g = 0; g < kGates; g++) sums[n][g] = dotAdd(w[g], h, sums[n][g]);
                }
            }
            addSlices<kSlices>(sums, slice);

            copyWait<kAhead - 1>();
            typename Cell::Result result[kCells];
#pragma unroll
            for (int j = 0; j < kCells; j++) {
                const float *const in = reinterpret_cast<const float *>(shared + ring + stage + j * kF32Threads * 16);
                float inputs[kGates];
#pragma unroll
                for (int g = 0; g < kGates; g++) inputs[g] = in[g];
                const float carried = Cell::kCarries ? *carriedAt(tile, j) : 0.0f;
                result[j] = Cell::apply(sums[j], inputs, carried, bias, args.cellClip, args.relu);
                if constexpr (Cell::kZonesOut) {
                    const float before = *reinterpret_cast<const float *>(shared + state + ((column + j) * kHidden + unit) * 4);
                    result[j].h = zonedOut(keeps[j].h, before, result[j].h);
                    result[j].carried = Cell::kCarriesCell ? zonedOut(keeps[j].c, carried, result[j].carried) : result[j].h;
                }
                // A padding unit's sums are 0 times h, NaN where h is infinite; it must not reach the real ones.
                if (unit >= hidden) result[j].h = 0;
                if (Cell::kCarries) *carriedAt(tile, j) = result[j].carried;
            }
            stage = stage + kStageBytes == kStages * kStageBytes ? 0 : stage + kStageBytes;

            // Through shared memory, until each lane holds four units of one sample.
#pragma unroll
            for (int j = 0; j < kCells; j++) {
                if (!speaks) continue;
                if (kCluster > 1) *reinterpret_cast<float *>(turned + ((column + j) * kWarpUnits + unitInBlock % kWarpUnits) * 4) = result[j].h;
                else *reinterpret_cast<float *>(shared + next + ((column + j) * kHidden + unit) * 4) = result[j].h;
            }
            if (kCluster > 1) {
                __syncwarp();
                const uint4 chunk = *reinterpret_cast<const uint4 *>(turned + (pushSample * kWarpUnits + pushUnits) * 4);
#pragma unroll
                for (int d = 0; d < kPushes; d++) {
                    const int offset = d * (32 / kPushChunks) + lane / kPushChunks;
                    if (offset < kCluster && step < steps - 1 && pushSample < samplesOf(tile)) {
                        const uint32_t peer = peerAddress(base, (rank + offset) % kCluster);
                        storePeer(peer + next + pushPart, chunk, peer + layout.barriers + tile * 16 + (parity ^ 1) * 8);
                    }
                }
                // The next n-tile's h must not overtake what a slower lane still reads.
                __syncwarp();
            }

            // The rest of the iteration lies in the shadow of the exchange.
#pragma unroll
            for (int j = 0; j < kCells; j++) {
                const SampleRow row = rowAt(tile, j);
                if (!speaks || unit >= hidden || step >= row.length) continue;
                const int64_t cell = row.origin + int64_t(step) * timeStride + unit;
                args.y[cell] = result[j].h;
                if (args.saves()) Cell::save(args, cell, result[j]);
                if (step + 1 != row.length) continue;
                if (args.hy != nullptr) args.hy[stateOf(row, unit)] = result[j].h;
                if (Cell::kCarriesCell && args.cy != nullptr) args.cy[stateOf(row, unit)] = result[j].carried;
                if (Cell::kCarriesCell && args.cellsAfter != nullptr) args.cellsAfter[stateOf(row, unit)] = result[j].carried;
            }
            fetch();
            if (kCluster == 1) __syncthreads();
        }
    }
    copyWait<0>();
    // No block may leave while a peer can still push to it.
    if (kCluster > 1) clusterSync();
#endif
}

} // namespace frnn
