// Backward pass through time of one recurrent layer stored in F32 whose products may round their operands to TF32, all steps in one
// launch, in the manner of cluster_backward.cuh: every block forms the gate gradients of its units, multiplies them with its rows of
// W_hh to a share of dh of all units, and pushes each share to the block that owns the unit, where shares are added in the order of
// the ranks.
//
// Gate gradients are rounded to TF32 for the product alone. Shares travel exactly as the tensor cores leave them: one m-tile (16
// units x 8 samples) is 512 contiguous bytes.
#pragma once

#include "tf32_device.cuh"

namespace frnn {

template <class Cell, int kHidden, int kCluster>
__global__ void __launch_bounds__(kTf32Threads, 1) tf32Backward(const __grid_constant__ BackwardArgsF32 args) {
#ifdef FRNN_HOPPER
    constexpr int kGates = Cell::kGates;
    constexpr Tf32BackwardGeometry kGeometry(kHidden, kCluster, kGates);
    constexpr int kUnits = kGeometry.units, kRowTiles = kGeometry.rowTiles, kPairs = kGeometry.pairs, kCells = kGeometry.cells;
    constexpr int kChains = kRowTiles >= 4 ? 1 : 4 / kRowTiles; // independent sums per m-tile
    static_assert(kUnits % 16 == 0 && kRowTiles * kTf32Warps * 16 == kHidden, "m-tiles must split evenly over warps");
    static_assert(kPairs * 16 == kUnits * kGates && kCells * kTf32Threads == kUnits * kTileSamples, "rows and cells must split evenly");

    FRNN_DYNAMIC_SHARED(shared);
    const int warp = warpIndex(), thread = threadIdx.x, lane = thread % 32;
    const int rank = int(clusterRank());
    const ClusterSamples samples(args, blockIdx.x / kCluster);
    const int direction = samples.direction, hidden = args.hidden, batch = args.batch, steps = args.steps;
    const Tf32BackwardLayout layout(kGeometry, kCluster, Cell::kCarriedFloats, samples.tiles);
    const uint32_t base = sharedAddress(shared);
    SampleRow *const rows = reinterpret_cast<SampleRow *>(shared + layout.rows);
    // A push carries two samples, so an odd last one brings its neighbour along.
    auto incomingBytes = [&](int tile) { return kCluster * kUnits * ((samples.of(tile) + 1) / 2 * 2) * 4; };

    // The m dimension of the product is the unit of dh, k runs over the block's own (unit, gate) rows. Rotated by rank, so that
    // blocks do not push to the same receiver at the same time.
    auto rowTileOf = [&](int m) { return (warp * kRowTiles + m + rank * (kUnits / 16)) % (kHidden / 16); };
    const float *const ownRows = args.weights + (size_t(direction) * kHidden + rank * kUnits) * kGates * kHidden;
    Tf32Weights<kGeometry.fragments, kTf32BackwardKept> weights;
    weights.rest = shared + layout.weights + thread * 16;
#pragma unroll
    for (int depth = 0; depth < kPairs * 2; depth++) {
#pragma unroll
        for (int m = 0; m < kRowTiles; m++) {
            const int row = depth / 2 * 16 + lane % 4 * 4 + depth % 2 * 2, unit = rowTileOf(m) * 16 + lane / 4 * 2;
            const float2 v = loadWeights<float2>(ownRows + row * kHidden + unit), w = loadWeights<float2>(ownRows + (row + 1) * kHidden + unit);
            weights.set(depth * kRowTiles + m, v.x, v.y, w.x, w.y);
        }
    }

    if (thread == 0) openBarriers(base + layout.barriers, samples.tiles, incomingBytes);
    // Forward step s of a sample lies at origin + s * timeStride: direction 1 walks backwards from the sample's last step.
    const int timeStride = batch * args.directions * hidden * (direction == 0 ? 1 : -1);
    fillRows(rows, args, direction, samples.first, samples.count, samples.perTile, samples.tiles * kTileSamples);
    // Shares of padding samples are never pushed, but they are read.
    for (int i = thread; i < layout.staged / 16; i += kTf32Threads) reinterpret_cast<uint4 *>(shared)[i] = make_uint4(0, 0, 0, 0);
    __syncthreads();

    // A thread's cells, in the order in which shares arrive: [m-tile][lane][unit of two][sample of two].
    const int firstUnit = thread / 128 * 16 + thread % 128 / 16 * 2 + (thread / 2 & 1);
    const int column = (thread / 4 & 3) * 2 + (thread & 1); // the same for all cells of a thread
    auto inBlock = [&](int c) { return firstUnit + c * (kTf32Threads / 8); };
    auto unitOf = [&](int c) { return rank * kUnits + inBlock(c); };
    auto realUnit = [&](int c) { return unitOf(c) < hidden; };
    auto rowAt = [&](int tile) { return rows[tile * kTileSamples + column]; };
    auto stateOf = [&](const SampleRow &row, int c) { return (size_t(direction) * batch + row.sample) * hidden + unitOf(c); };
    const int ownCarried = layout.carried + thread * 4;
    constexpr int kCarriedStep = kCells * kTf32Threads;
    auto carriedAt = [&](int tile, int c) {
        return reinterpret_cast<float *>(shared + ownCarried + (tile * Cell::kCarriedFloats * kCells + c) * kTf32Threads * 4);
    };
    for (int tile = 0; tile < samples.tiles; tile++) {
#pragma unroll
        for (int c = 0; c < kCells; c++) {
            const SampleRow row = rowAt(tile);
            float initial[2] = {0, 0};
            const int64_t last = row.origin + int64_t(row.length - 1) * timeStride + unitOf(c);
            if (row.length > 0 && realUnit(c)) Cell::begin(args, last, stateOf(row, c), initial);
#pragma unroll
            for (int i = 0; i < Cell::kCarriedFloats; i++) carriedAt(tile, c)[i * kCarriedStep] = initial[i];
        }
    }
    const int ownUnits = max(0, min(kUnits, hidden - rank * kUnits));
    zeroGatesBehindLengths(kGates, rows, samples.tiles * kTileSamples, args, direction, rank * kUnits, ownUnits);

    // What forward saved comes through a ring, each cell's into places of its own thread: gates, and behind those of all threads what
    // came before (cell or state) and dy.
    constexpr int kGateBytes = kGates > 1 ? kCells * kTf32Threads * 16 : 0, kStageBytes = kCells * kTf32Threads * kGeometry.savedBytes;
    const int gatesRing = layout.saved + thread * 16, pairsRing = layout.saved + kGateBytes + thread * 8;
    int fetchStep = steps - 1, fetchTile = 0, fetchStage = 0; // forward steps
    auto fetch = [&] {
        const SampleRow row = rowAt(fetchTile);
#pragma unroll
        for (int c = 0; c < kCells; c++) {
            const bool real = fetchStep >= 0 && fetchStep < row.length && realUnit(c);
            const int64_t cell = real ? row.origin + int64_t(fetchStep) * timeStride + unitOf(c) : 0;
            if (kGates > 1) copyAsyncFloats<4>(base + gatesRing + fetchStage + c * kTf32Threads * 16, args.savedGates + cell * 4, real);
            const uint32_t to = base + pairsRing + fetchStage + c * kTf32Threads * 8;
            const bool earlier = real && fetchStep >= Cell::kBeforeSteps, given = real && args.dy != nullptr;
            const float *const before = Cell::before(args);
            copyAsyncFloats<1>(to, earlier ? before + cell - Cell::kBeforeSteps * int64_t(timeStride) : before, earlier);
            copyAsyncFloats<1>(to + 4, given ? args.dy + cell : before, given);
        }
        copyCommit();
        fetchStage = fetchStage + kStageBytes == kStages * kStageBytes ? 0 : fetchStage + kStageBytes;
        if (++fetchTile == samples.tiles) {
            fetchTile = 0;
            fetchStep--;
        }
    };

    uint32_t pushTo[kRowTiles], pushBarrier[kRowTiles]; // where an m-tile's share goes
#pragma unroll
    for (int m = 0; m < kRowTiles; m++) {
        const uint32_t peer = peerAddress(base, rowTileOf(m) * 16 / kUnits);
        pushTo[m] = peer + rank * kUnits * kTileSamples * 4 + rowTileOf(m) % (kUnits / 16) * 512 + lane * 16;
        pushBarrier[m] = peer + layout.barriers;
    }
    const int ownStaged = layout.staged + column * kGeometry.stride + firstUnit * kGates * 4;
    const int operandPart = layout.staged + lane / 4 * kGeometry.stride + lane % 4 * 16;
    auto arrived = [&](int tile, int parity, int c) {
        const char *const inbox = shared + (tile * 2 + parity) * layout.inboxBytes + (c * kTf32Threads + thread) * 4;
        float sum = 0;
#pragma unroll
        for (int source = 0; source < kCluster; source++) {
            sum += *reinterpret_cast<const float *>(inbox + source * kUnits * kTileSamples * 4);
        }
        return sum;
    };

    // Where the thread's cells are in this iteration, and how many steps their sample takes.
    int64_t sampleIndex;
    int sampleSteps;
    auto seek = [&](int forwardStep, int tile) {
        const SampleRow row = rowAt(tile);
        sampleIndex = row.origin + int64_t(forwardStep) * timeStride;
        sampleSteps = row.length;
    };
    seek(steps - 1, 0);
    for (int i = 0; i < kAhead; i++) fetch();
    clusterSync();

    bool lost = false;
    int turn = 0, stage = 0;
    for (int step = 0; step < steps; step++) {
        const int parity = step & 1, forwardStep = steps - 1 - step;
        for (int tile = 0; tile < samples.tiles; tile++, turn ^= 1) {
            copyWait<kAhead - 1>();
            float gates[kCells][4], before[kCells], dy[kCells], carried[kCells][2];
#pragma unroll
            for (int c = 0; c < kCells; c++) {
                const float4 four = kGates > 1 ? *reinterpret_cast<const float4 *>(shared + gatesRing + stage + c * kTf32Threads * 16) : float4{};
                const float2 two = *reinterpret_cast<const float2 *>(shared + pairsRing + stage + c * kTf32Threads * 8);
                gates[c][0] = four.x;
                gates[c][1] = four.y;
                gates[c][2] = four.z;
                gates[c][3] = four.w;
                before[c] = two.x;
                dy[c] = two.y;
                carried[c][0] = carried[c][1] = 0;
#pragma unroll
                for (int i = 0; i < Cell::kCarriedFloats; i++) carried[c][i] = carriedAt(tile, c)[i * kCarriedStep];
            }
            stage = stage + kStageBytes == kStages * kStageBytes ? 0 : stage + kStageBytes;
            if (step > 0) {
                const uint32_t barrier = base + layout.barriers + tile * 16 + parity * 8;
                barrierWait(barrier, (step - 1) >> 1 & 1, lost, args.error);
                if (thread == 0 && !lost) barrierExpect(barrier, incomingBytes(tile));
            }

            const int stagedTurn = turn * layout.stagedBytes;
            typename Cell::Gradient gradient[kCells];
#pragma unroll
            for (int c = 0; c < kCells; c++) {
                float dh = arrived(tile, parity, c) + Cell::besides(carried[c]);
                const bool real = forwardStep < sampleSteps && realUnit(c);
                if (real && (forwardStep == sampleSteps - 1 || forwardStep == 0)) {
                    const size_t state = stateOf(rowAt(tile), c);
                    if (forwardStep == sampleSteps - 1) dh = carriedOr(args.dhCarried, args.dhy, state);
                    if (forwardStep == 0) before[c] = Cell::first(args, state, before[c]);
                }
                gradient[c] = Cell::apply(args, gates[c], before[c], dh + dy[c], carried[c]);
                if (!real) gradient[c] = {};
#pragma unroll
                for (int i = 0; i < Cell::kCarriedFloats; i++) {
                    if (real) carriedAt(tile, c)[i * kCarriedStep] = carried[c][i];
                }
                uint32_t rounded[kGates];
#pragma unroll
                for (int g = 0; g < kGates; g++) rounded[g] = roundTf32(gradient[c].recurrent[g]);
                uint32_t *const to = reinterpret_cast<uint32_t *>(shared + ownStaged + stagedTurn + c * (kTf32Threads / 8) * kGates * 4);
                if constexpr (kGates == 4) {
                    *reinterpret_cast<uint4 *>(to) = make_uint4(rounded[0], rounded[1], rounded[2], rounded[3]);
                } else {
#pragma unroll
                    for (int g = 0; g < kGates; g++) to[g] = rounded[g];
                }
            }
            __syncthreads();

            float sums[kRowTiles][kChains][4] = {};
#pragma unroll
            for (int pair = 0; pair < kPairs; pair++) {
                const uint4 d = *reinterpret_cast<const uint4 *>(shared + operandPart + stagedTurn + pair * 64);
#pragma unroll
                for (int m = 0; m < kRowTiles; m++) weights.multiplyAdd(sums[m][pair * 2 % kChains], pair * 2 * kRowTiles + m, d.x, d.y);
#pragma unroll
                for (int m = 0; m < kRowTiles; m++) {
                    weights.multiplyAdd(sums[m][(pair * 2 + 1) % kChains], (pair * 2 + 1) * kRowTiles + m, d.z, d.w);
                }
            }
            const bool realPair = lane % 4 * 2 < samples.of(tile);
            const int pushHere = (tile * 2 + (parity ^ 1)) * layout.inboxBytes, barrierThere = tile * 16 + (parity ^ 1) * 8;
#pragma unroll
            for (int m = 0; m < kRowTiles; m++) {
#pragma unroll
                for (int chain = 1; chain < kChains; chain++) {
#pragma unroll
                    for (int i = 0; i < 4; i++) sums[m][0][i] += sums[m][chain][i];
                }
                const uint4 share = make_uint4(__float_as_uint(sums[m][0][0]), __float_as_uint(sums[m][0][1]), __float_as_uint(sums[m][0][2]),
                                               __float_as_uint(sums[m][0][3]));
                if (realPair) storePeer(pushTo[m] + pushHere, share, pushBarrier[m] + barrierThere);
            }

            // The rest of the iteration lies in the shadow of the exchange.
#pragma unroll
            for (int c = 0; c < kCells; c++) {
                if (forwardStep >= sampleSteps || !realUnit(c)) continue;
                Cell::store(args, sampleIndex + unitOf(c), gradient[c]);
                if (forwardStep == 0 && args.dGatesFirst != nullptr) {
                    const size_t state = stateOf(rowAt(tile), c);
#pragma unroll
                    for (int g = 0; g < kGates; g++) args.dGatesFirst[state * kGates + g] = gradient[c].recurrent[g];
                }
            }
            fetch();
            if (samples.tiles > 1) {
                const bool lastTile = tile + 1 == samples.tiles;
                seek(lastTile ? forwardStep - 1 : forwardStep, lastTile ? 0 : tile + 1);
            } else {
                sampleIndex -= timeStride;
            }
        }
    }

    for (int tile = 0; tile < samples.tiles; tile++) {
        const int parity = steps & 1;
        barrierWait(base + layout.barriers + tile * 16 + parity * 8, (steps - 1) >> 1 & 1, lost, args.error);
#pragma unroll
        for (int c = 0; c < kCells; c++) {
            const SampleRow row = rowAt(tile);
            if (row.length <= 0 || !realUnit(c)) continue;
            float carried[2] = {0, 0};
#pragma unroll
            for (int i = 0; i < Cell::kCarriedFloats; i++) carried[i] = carriedAt(tile, c)[i * kCarriedStep];
            const float dh = arrived(tile, parity, c) + Cell::besides(carried);
            const size_t state = stateOf(row, c);
            if (args.dhx != nullptr) args.dhx[state] = dh;
            if (args.dhCarried != nullptr) args.dhCarried[state] = dh;
            if (Cell::kCarriesCell && args.dcx != nullptr) args.dcx[state] = carried[0];
            if (Cell::kCarriesCell && args.dcCarried != nullptr) args.dcCarried[state] = carried[0];
        }
    }
    copyWait<0>();
    // No block may leave while a peer can still push to it.
    clusterSync();
#endif
}

} // namespace frnn
