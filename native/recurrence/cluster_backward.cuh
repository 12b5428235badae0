// Backward pass through time of one recurrent layer, all steps in one launch: one cluster per slice of samples and direction.
//
// Every block owns `units` hidden units and keeps their rows of W_hh in registers, as in forward. Per step it forms the gate
// gradients of its units, multiplies them with its rows: a share of dh of all units. Each share is pushed to the block that
// owns the unit and summed there in the order of the ranks, so that the result has the same bits every time.
//
// Shares travel in fp32 exactly as the tensor cores leave them: one m-tile (16 units x 8 samples) is 512 contiguous bytes.
// dh, dc and all pointwise arithmetic are fp32.
#pragma once

#include "cluster_args.h"
#include "cluster_tiles.h"
#include "persistent_device.cuh"
#include "sample_rows.cuh"
#include "zoneout_draw.cuh"

namespace frnn {

template <class Cell, class Type, int kHidden, int kCluster, int kWarps, int kSplits>
__global__ void __launch_bounds__(kWarps * 32, 1) clusterBackward(const __grid_constant__ BackwardArgs args) {
#ifdef FRNN_HOPPER
    constexpr int kGates = Cell::kGates, kThreads = kWarps * 32, kMostCarried = 3;
    constexpr BackwardGeometry kGeometry(kHidden, kCluster, kSplits, kGates);
    constexpr int kUnits = kGeometry.units, kCellsPerTile = kGeometry.cells, kCells = kCellsPerTile / kThreads;
    constexpr int kDepthTiles = kGeometry.paddedRows / 16 / kSplits;  // k-tiles of one warp
    constexpr int kRowGroups = kWarps / kSplits;                      // warps that share the units of dh
    constexpr int kRowTiles = kHidden / 16 / kRowGroups;              // m-tiles of one warp
    // m-tiles at a time and independent sums for each, as registers allow.
    constexpr int kAtOnce = kRowTiles >= 2 && kWarps < 16 ? 2 : 1, kChains = kAtOnce == 2 && kWarps > 8 ? 1 : 2;
    static_assert(kSplits == 1 || kCluster == 1, "the sum is split either over blocks or over warps");
    static_assert(kUnits % 16 == 0 && kRowTiles * kRowGroups * 16 == kHidden, "m-tiles must split evenly over warps");
    static_assert(kCells * kThreads == kCellsPerTile, "cells must split evenly over threads");
    static_assert(Cell::kCarriedFloats <= kMostCarried, "more carried values than the kernel has room for");

    FRNN_DYNAMIC_SHARED(shared);
    // Few warps have registers to spare for what the compiler would rather compute again.
    constexpr bool kHold = kThreads <= 256;
    auto held = [](auto value) {
        if constexpr (kHold) hold(value);
        return value;
    };
    const int warp = warpIndex(), thread = held(int(threadIdx.x)), lane = held(thread % 32);
    const int rowGroup = warp % kRowGroups, split = warp / kRowGroups;
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
    const BackwardLayout layout(kGeometry, Cell::kCarriedFloats, sampleTiles);
    const uint32_t base = sharedAddress(shared);
    SampleRow *const rows = reinterpret_cast<SampleRow *>(shared + layout.rows);
    auto samplesOf = [&](int tile) { return max(0, min(tileSamples, samples - tile * tileSamples)); };
    // A push carries two samples, so an odd last one brings its neighbour along.
    auto incomingBytes = [&](int tile) { return kCluster * kUnits * ((samplesOf(tile) + 1) / 2 * 2) * 4; };

    // Weights: the m dimension of the product is the unit of dh, k runs over the block's own (unit, gate) rows. Rotated by
    // rank, so that blocks do not push to the same receiver at the same time.
    auto rowTileOf = [&](int m) { return (rowGroup * kRowTiles + m + rank * (kUnits / 16)) % (kHidden / 16); };
    uint32_t weights[kRowTiles][kDepthTiles][4];
    {
        constexpr bool kWholeRows = kGeometry.paddedRows == kUnits * kGates;
        const uint16_t *own = args.weights + (size_t(direction) * kHidden + size_t(rank) * kUnits) * kGates * kHidden;
#pragma unroll
        for (int m = 0; m < kRowTiles; m++) {
            const int unit = rowTileOf(m) * 16 + lane / 4 * 2;
#pragma unroll
            for (int depth = 0; depth < kDepthTiles; depth++) {
#pragma unroll
                for (int part = 0; part < 2; part++) {
                    const int row = (split * kDepthTiles + depth / 2 * 2) * 16 + lane % 4 * 8 + depth % 2 * 4 + part * 2;
                    uint32_t v[2] = {0, 0}; // of rows row and row+1: units unit and unit+1
#pragma unroll
                    for (int e = 0; e < 2; e++) {
                        if (kWholeRows || row + e < kUnits * kGates) v[e] = loadWeights<uint32_t>(own + (row + e) * kHidden + unit);
                    }
                    weights[m][depth][part * 2] = __byte_perm(v[0], v[1], 0x5410);
                    weights[m][depth][part * 2 + 1] = __byte_perm(v[0], v[1], 0x7632);
                }
            }
        }
    }

    if (kCluster > 1 && threadIdx.x == 0) {
        openBarriers(base + layout.barriers, sampleTiles, incomingBytes);
    }
    // Forward step s of a sample lies at origin + s * timeStride: direction 1 walks backwards from the sample's last step.
    const int timeStride = held(batch * directions * hidden * (direction == 0 ? 1 : -1));
    fillRows(rows, args, direction, firstSample, samples, tileSamples, sampleTiles * kTileSamples);
    // Shares of padding samples are never pushed and staged gradients of padding rows never written, but both are read.
    for (int i = threadIdx.x; i < layout.rows / 16; i += kThreads) {
        reinterpret_cast<uint4 *>(shared)[i] = make_uint4(0, 0, 0, 0);
    }
    __syncthreads();

    // A thread's cells, in the order in which shares arrive: [m-tile][lane][unit of two][sample of two].
    static_assert(kThreads % 128 == 0, "a thread's cells are whole m-tiles apart");
    const int firstUnit = held(thread / 128 * 16 + thread % 128 / 16 * 2 + (thread / 2 & 1));
    auto unitOf = [&](int c) { return firstUnit + c * (kThreads / 8); };
    const int column = held((thread / 4 & 3) * 2 + (thread & 1)); // the same for all cells of a thread
    auto rowAt = [&](int tile) { return rows[tile * kTileSamples + column]; };
    auto realUnit = [&](int c) { return rank * kUnits + unitOf(c) < hidden; };
    auto stateOf = [&](const SampleRow &row, int c) {
        return (size_t(direction) * batch + row.sample) * hidden + rank * kUnits + unitOf(c);
    };
    const int ownCarried = held(layout.carried + thread * 4);
    auto carriedAt = [&](int tile, int c) {
        return reinterpret_cast<float *>(shared + ownCarried + (tile * Cell::kCarriedFloats * kCellsPerTile + c * kThreads) * 4);
    };

    for (int tile = 0; tile < sampleTiles; tile++) {
#pragma unroll
        for (int c = 0; c < kCells; c++) {
            const SampleRow row = rowAt(tile);
            float initial[kMostCarried] = {};
            if (row.length > 0 && realUnit(c)) {
                const int64_t last = row.origin + int64_t(row.length - 1) * timeStride + rank * kUnits + unitOf(c);
                Cell::template begin<Type>(args, last, stateOf(row, c), initial);
            }
#pragma unroll
            for (int i = 0; i < Cell::kCarriedFloats; i++) carriedAt(tile, c)[i * kCellsPerTile] = initial[i];
        }
    }
    const int ownUnits = max(0, min(kUnits, hidden - rank * kUnits));
    zeroGatesBehindLengths(kGates, rows, sampleTiles * kTileSamples, args, direction, rank * kUnits, ownUnits);

    // What forward saved comes through rings of the warps, one for each cell of a thread. The 32 cells of a warp are 4 units
    // of 8 samples. Where rows allow it each lane copies one piece: of the gates (two lanes per sample), of what came before
    // (cell or state) or of dy. Elsewhere lanes fetch their own cells, at the price of waiting.
    //   a sample's place in a stage: gates 0..31, before 32..47, dy 48..55
    const bool chunked = hidden % 4 == 0;
    const int piece = lane / 8; // 0, 1 gates, 2 before, 3 dy
    const int fetchColumn = piece < 2 ? lane / 2 : lane % 8;
    const int pieceUnit = piece < 2 ? lane % 2 * 2 : 0;
    const int pieceBytes = piece < 2 ? 16 : piece == 2 ? Cell::kBeforeBytes * 4 : 8;
    const int bytesPerCell = piece < 2 ? 8 : piece == 2 ? Cell::kBeforeBytes : 2;
    const int placeInSample = piece < 2 ? lane % 2 * 16 : piece == 2 ? 32 : 48;
    const int earlier = held(piece == 2 ? Cell::kBeforeSteps : 0); // forward steps that the piece lies before the cell's
    const char *const pieceBase = reinterpret_cast<const char *>(piece < 2 ? static_cast<const void *>(args.savedGates)
                                                                 : piece == 2 ? Cell::before(args)
                                                                              : static_cast<const void *>(args.dy));
    constexpr int kStageBytes = kTileSamples * kSavedPitch, kRingBytes = kStages * kStageBytes;
    auto ringOf = [&](int c) { return c * kWarps * kRingBytes; };
    const int ring = layout.saved + warp * kRingBytes;
    const uint32_t fetchTo = held(base + ring + fetchColumn * kSavedPitch + placeInSample);
    const int ownSaved = held(ring + column * kSavedPitch);
    const int warpUnit = firstUnit - (thread / 16 & 1) * 2 - (thread / 2 & 1); // first of the warp
    const int64_t fetchStride = held(int64_t(timeStride) * bytesPerCell);
    const char *fetchFrom; // moves on with every step
    int fetchSteps;        // that the sample takes
    int fetchStep = steps - 1, fetchTile = 0, fetchStage = 0; // forward steps
    auto fetchSeek = [&] {
        const SampleRow row = rows[fetchTile * kTileSamples + fetchColumn];
        fetchSteps = pieceBase != nullptr ? row.length : 0;
        const int64_t cell = row.origin + int64_t(fetchStep - earlier) * timeStride + rank * kUnits + pieceUnit + warpUnit;
        fetchFrom = pieceBase + cell * bytesPerCell;
    };
    auto fetch = [&] {
        if (chunked) {
            const bool inTime = fetchStep >= earlier && fetchStep < fetchSteps;
#pragma unroll
            for (int c = 0; c < kCells; c++) {
                const int valid = inTime && rank * kUnits + warpUnit + c * (kThreads / 8) < hidden ? pieceBytes : 0;
                const uint32_t to = fetchTo + ringOf(c) + fetchStage;
                const char *const from = fetchFrom + c * (kThreads / 8) * bytesPerCell;
                if (pieceBytes == 16) copyAsync16(to, from, valid);
                else copyAsync8(to, from, valid);
            }
        } else {
            const SampleRow row = rowAt(fetchTile);
#pragma unroll
            for (int c = 0; c < kCells; c++) {
                const int64_t cell = row.origin + int64_t(fetchStep) * timeStride + rank * kUnits + unitOf(c);
                const bool real = fetchStep >= 0 && fetchStep < row.length && realUnit(c);
                Cell::copy(args, real, cell, fetchStep >= Cell::kBeforeSteps ? cell - Cell::kBeforeSteps * int64_t(timeStride) : -1,
                           shared + ownSaved + ringOf(c) + fetchStage, unitOf(c) % 4);
            }
        }
        copyCommit();
        fetchStage = fetchStage + kStageBytes == kRingBytes ? 0 : fetchStage + kStageBytes;
        if (sampleTiles > 1) {
            if (++fetchTile == sampleTiles) {
                fetchTile = 0;
                fetchStep--;
            }
            fetchSeek();
        } else {
            fetchStep--;
            fetchFrom -= fetchStride;
        }
    };

    uint32_t pushTo[kRowTiles], pushBarrier[kRowTiles]; // where an m-tile's share goes
#pragma unroll
    for (int m = 0; m < kRowTiles; m++) {
        const uint32_t peer = kCluster > 1 ? peerAddress(base, rowTileOf(m) * 16 / kUnits) : base;
        pushTo[m] = held(peer + (rank * kSplits + split) * kCellsPerTile * 4 + rowTileOf(m) % (kUnits / 16) * 512 + lane * 16);
        pushBarrier[m] = held(peer + layout.barriers);
    }
    const int ownInbox = held(thread * 4);
    const int ownStaged = held(layout.staged + column * kGeometry.stride + firstUnit * kGates * 2);
    const int operandPart = held(layout.staged + lane / 4 * kGeometry.stride + split * kDepthTiles * 32 + lane % 4 * 16);
    auto arrived = [&](int tile, int parity, int c) {
        const char *inbox = shared + ownInbox + (tile * 2 + parity) * layout.inboxBytes + c * kThreads * 4;
        float sum = 0;
#pragma unroll
        for (int source = 0; source < kGeometry.sources; source++) {
            sum += *reinterpret_cast<const float *>(inbox + source * kCellsPerTile * 4);
        }
        return sum;
    };

    // Where the thread's cells are in this iteration, and how many steps their sample takes.
    int64_t sampleIndex;
    int sampleSteps;
    auto seek = [&](int forwardStep, int tile) {
        const SampleRow row = rowAt(tile);
        sampleIndex = row.origin + int64_t(forwardStep) * timeStride + rank * kUnits;
        sampleSteps = row.length;
    };
    seek(steps - 1, 0);
    fetchSeek();
    for (int i = 0; i < kAhead; i++) fetch();
    if (kCluster > 1) {
        clusterSync();
    } else {
        __syncthreads();
    }

    bool lost = false;
    int turn = 0, stage = 0;
    for (int step = 0; step < steps; step++) {
        const int parity = step & 1, forwardStep = steps - 1 - step;
        for (int tile = 0; tile < sampleTiles; tile++, turn ^= 1) {
            copyWait<kAhead - 1>();
            __syncwarp();
            typename Cell::Prepared prepared[kCells];
#pragma unroll
            for (int c = 0; c < kCells; c++) {
                const typename Cell::Saved saved = Cell::get(shared + ownSaved + ringOf(c) + stage, firstUnit % 4);
                float carried[kMostCarried] = {};
#pragma unroll
                for (int i = 0; i < Cell::kCarriedFloats; i++) carried[i] = carriedAt(tile, c)[i * kCellsPerTile];
                if constexpr (Cell::kZonesOut) {
                    auto elementOf = [&](int n) {
                        const SampleRow row = rows[tile * kTileSamples + n];
                        const int64_t time = timeOfStep(args, direction, row.length, forwardStep);
                        return (time * batch + row.sample) * hidden + rank * kUnits + warpUnit + c * (kThreads / 8);
                    };
                    const ZoneoutDraw<4, kTileSamples, Cell::kCarriesCell> draw(args.zoneout, direction, hidden, lane, elementOf);
                    prepared[c] = Cell::template prepare<Type>(args, saved, carried, draw.of(column, firstUnit - warpUnit, elementOf(column)));
                } else {
                    prepared[c] = Cell::template prepare<Type>(args, saved, carried);
                }
            }
            stage = stage + kStageBytes == kRingBytes ? 0 : stage + kStageBytes;
            const int pushHere = held((tile * 2 + (parity ^ 1)) * layout.inboxBytes), barrierThere = held(tile * 16 + (parity ^ 1) * 8);
            const int expected = held(incomingBytes(tile));
            const uint32_t barrier = held(base + layout.barriers + tile * 16 + parity * 8);
            if (kCluster > 1 && step > 0) {
                barrierWait(barrier, (step - 1) >> 1 & 1, lost, args.error);
                if (thread == 0 && !lost) barrierExpect(barrier, expected);
            }

            const int stagedTurn = turn * kTileSamples * kGeometry.stride;
            typename Cell::Gradient gradient[kCells];
#pragma unroll
            for (int c = 0; c < kCells; c++) {
                float dh = arrived(tile, parity, c) + prepared[c].besides();
                if (forwardStep == sampleSteps - 1 || forwardStep == 0) {
                    const SampleRow row = rowAt(tile);
                    if (realUnit(c) && row.length > 0) {
                        if (forwardStep == sampleSteps - 1) dh = carriedOr<Type>(args.dhCarried, args.dhy, stateOf(row, c));
                        if (forwardStep == 0) Cell::template first<Type>(args, stateOf(row, c), prepared[c]);
                    }
                }
                float carried[kMostCarried];
                const bool real = forwardStep < sampleSteps && realUnit(c);
                gradient[c] = Cell::template apply<Type>(real, prepared[c], dh, carried);
#pragma unroll
                for (int i = 0; i < Cell::kCarriedFloats; i++) {
                    if (real) carriedAt(tile, c)[i * kCellsPerTile] = carried[i];
                }
                Cell::stage(gradient[c], shared + ownStaged + stagedTurn + c * (kThreads / 8) * kGates * 2);
            }
            __syncthreads();

            uint4 operand[kDepthTiles / 2];
#pragma unroll
            for (int pair = 0; pair < kDepthTiles / 2; pair++) {
                operand[pair] = *reinterpret_cast<const uint4 *>(shared + operandPart + stagedTurn + pair * 64);
            }
            const bool realPair = lane % 4 * 2 < samplesOf(tile);
#pragma unroll
            for (int m0 = 0; m0 < kRowTiles; m0 += kAtOnce) {
                float sums[kAtOnce][kChains][4] = {};
#pragma unroll
                for (int pair = 0; pair < kDepthTiles / 2; pair++) {
#pragma unroll
                    for (int m = 0; m < kAtOnce; m++) {
                        Type::multiplyAdd(sums[m][0], weights[m0 + m][pair * 2], operand[pair].x, operand[pair].y);
                        Type::multiplyAdd(sums[m][kChains - 1], weights[m0 + m][pair * 2 + 1], operand[pair].z, operand[pair].w);
                    }
                }
#pragma unroll
                for (int m = 0; m < kAtOnce; m++) {
#pragma unroll
                    for (int i = 0; i < 4 && kChains == 2; i++) sums[m][0][i] += sums[m][kChains - 1][i];
                    uint4 share;
                    share.x = __float_as_uint(sums[m][0][0]);
                    share.y = __float_as_uint(sums[m][0][1]);
                    share.z = __float_as_uint(sums[m][0][2]);
                    share.w = __float_as_uint(sums[m][0][3]);
                    if constexpr (kCluster == 1) {
                        *reinterpret_cast<uint4 *>(shared + (pushTo[m0 + m] - base) + pushHere) = share;
                    } else if (realPair) {
                        storePeer(pushTo[m0 + m] + pushHere, share, pushBarrier[m0 + m] + barrierThere);
                    }
                }
            }

            // The rest of the iteration lies in the shadow of the exchange.
#pragma unroll
            for (int c = 0; c < kCells; c++) {
                const bool real = forwardStep < sampleSteps && realUnit(c);
                Cell::store(args, real, sampleIndex + unitOf(c), gradient[c], hidden % 2 == 0);
                if (forwardStep == 0 && real && args.dGatesFirst != nullptr) {
                    Cell::storeFirst(args.dGatesFirst + stateOf(rowAt(tile), c) * kGates, gradient[c]);
                }
            }
            fetch();
            if (sampleTiles > 1) {
                const bool lastTile = tile + 1 == sampleTiles;
                seek(lastTile ? forwardStep - 1 : forwardStep, lastTile ? 0 : tile + 1);
            } else {
                sampleIndex -= timeStride;
            }
            if (kCluster == 1) __syncthreads();
        }
    }

    for (int tile = 0; tile < sampleTiles; tile++) {
        const int parity = steps & 1;
        if (kCluster > 1) barrierWait(base + layout.barriers + tile * 16 + parity * 8, (steps - 1) >> 1 & 1, lost, args.error);
#pragma unroll
        for (int c = 0; c < kCells; c++) {
            const SampleRow last = rowAt(tile);
            if (last.length <= 0 || !realUnit(c)) continue;
            float carried[kMostCarried] = {};
#pragma unroll
            for (int i = 0; i < Cell::kCarriedFloats; i++) carried[i] = carriedAt(tile, c)[i * kCellsPerTile];
            const size_t state = stateOf(last, c);
            const float dh = arrived(tile, parity, c) + Cell::besides(carried);
            if (args.dhx != nullptr) args.dhx[state] = Type::bits(dh);
            if (args.dhCarried != nullptr) args.dhCarried[state] = dh;
            if (Cell::kCarriesCell && args.dcx != nullptr) args.dcx[state] = Type::bits(carried[0]);
            if (Cell::kCarriesCell && args.dcCarried != nullptr) args.dcCarried[state] = carried[0];
        }
    }
    copyWait<0>();
    // No block may leave while a peer can still push to it.
    if (kCluster > 1) clusterSync();
#endif
}

} // namespace frnn
