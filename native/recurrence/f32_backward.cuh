// Backward pass through time of one recurrent F32 layer, all steps in one launch, in the manner of cluster_backward.cuh:
// every block forms the gate gradients of its units, multiplies them with its rows of W_hh to a share of dh of all units, and
// pushes each share to the block that owns the unit, where shares are added in the order of the ranks.
//
// A lane has the weights of four neighbouring units of dh for its part of the block's rows and multiplies them with the gate
// gradients of all samples of an n-tile; neighbouring lanes add their parts and each ends with some of the samples.
#pragma once

#include "f32_device.cuh"
#include "zoneout_draw.cuh"

namespace frnn {

template <class Cell, int kHidden, int kCluster, int kSamples>
__global__ void __launch_bounds__(kF32Threads, 1) f32Backward(const __grid_constant__ BackwardArgsF32 args) {
#ifdef FRNN_HOPPER
    constexpr int kGates = Cell::kGates, kMostCarried = 3;
    constexpr F32BackwardGeometry kGeometry(kHidden, kCluster, kSamples, kGates);
    constexpr int kUnits = kGeometry.units, kSlices = kGeometry.slices, kCells = kGeometry.cells, kStride = kGeometry.stride;
    constexpr int kChunks = kGeometry.chunks, kChunkRows = kGeometry.chunkRows;
    constexpr int kShares = kSamples > kSlices ? kSamples / kSlices : 1; // of four units, that a lane ends with
    static_assert(kSlices <= 32 && kSlices * kHidden == kF32Threads * 4, "lanes must fill warps");
    static_assert(kChunks * kChunkRows * kSlices == kUnits * kGates, "rows have to split evenly");

    FRNN_DYNAMIC_SHARED(shared);
    const int thread = threadIdx.x, slice = thread % kSlices;
    const int rank = kCluster > 1 ? int(clusterRank()) : 0;
    const int cluster = blockIdx.x / kCluster;
    const int direction = cluster / args.slices, firstSample = cluster % args.slices * args.samplesPerSlice;
    const int hidden = args.hidden, batch = args.batch, steps = args.steps, directions = args.directions;

    const int samples = min(args.samplesPerSlice, batch - firstSample);
    const int mostTiles = (args.samplesPerSlice + kSamples - 1) / kSamples;
    const int tileSamples = (samples + mostTiles - 1) / mostTiles; // even shares, so that no tile is late
    // Those that have samples: a barrier that expects no bytes would run ahead of the threads that wait for it.
    const int sampleTiles = (samples + tileSamples - 1) / tileSamples;
    const F32BackwardLayout layout(kGeometry, kCluster, kSamples, Cell::kCarriedFloats, sampleTiles);
    const uint32_t base = sharedAddress(shared);
    SampleRow *const rows = reinterpret_cast<SampleRow *>(shared + layout.rows);
    auto samplesOf = [&](int tile) { return max(0, min(tileSamples, samples - tile * tileSamples)); };
    auto incomingBytes = [&](int tile) { return kCluster * kUnits * samplesOf(tile) * 4; };

    // The four units of dh of this lane, rotated by rank, so that blocks do not push to the same receiver at the same time.
    const int firstColumn = (thread / kSlices + rank * (kUnits / 4)) % (kHidden / 4) * 4;
    const float *const ownRows = args.weights + (size_t(direction) * kHidden + rank * kUnits) * kGates * kHidden + firstColumn;
    F32Weights<kChunks * kChunkRows> weights;
    weights.rest = shared + layout.weights + thread * 16;
#pragma unroll
    for (int chunk = 0; chunk < kChunks; chunk++) {
#pragma unroll
        for (int r = 0; r < kChunkRows; r++) {
            const int place = chunk * kSlices + slice;
            weights.set(chunk * kChunkRows + r, loadWeights<float4>(ownRows + (place * kChunkRows + r) * kHidden));
        }
    }

    if (kCluster > 1 && thread == 0) {
        openBarriers(base + layout.barriers, sampleTiles, incomingBytes);
    }
    // Forward step s of a sample lies at origin + s * timeStride: direction 1 walks backwards from the sample's last step.
    const int timeStride = batch * directions * hidden * (direction == 0 ? 1 : -1);
    fillRows<kSamples>(rows, args, direction, firstSample, samples, tileSamples, sampleTiles * kSamples);
    // Shares of padding samples are never pushed and their staged gradients never real, but both are read.
    for (int i = thread; i < layout.weights / 16; i += kF32Threads) reinterpret_cast<uint4 *>(shared)[i] = make_uint4(0, 0, 0, 0);
    __syncthreads();

    // A thread's cells: neighbouring threads have neighbouring units of the same sample.
    auto placeOf = [&](int c) { return thread + c * kF32Threads; };
    auto mine = [&](int c) { return placeOf(c) < kUnits * kSamples; };
    auto unitOf = [&](int c) { return rank * kUnits + placeOf(c) % kUnits; };
    auto columnOf = [&](int c) { return min(placeOf(c) / kUnits, kSamples - 1); };
    auto rowAt = [&](int tile, int c) { return rows[tile * kSamples + columnOf(c)]; };
    auto realUnit = [&](int c) { return mine(c) && unitOf(c) < hidden; };
    auto stateOf = [&](const SampleRow &row, int c) { return (size_t(direction) * batch + row.sample) * hidden + unitOf(c); };
    auto cellOf = [&](const SampleRow &row, int step, int c) { return row.origin + int64_t(step) * timeStride + unitOf(c); };
    auto carriedAt = [&](int tile, int c) {
        return reinterpret_cast<float *>(shared + layout.carried + ((tile * Cell::kCarriedFloats * kCells + c) * kF32Threads + thread) * 4);
    };
    constexpr int kCarriedStep = kCells * kF32Threads;

    for (int tile = 0; tile < sampleTiles; tile++) {
#pragma unroll
        for (int c = 0; c < kCells; c++) {
            const SampleRow row = rowAt(tile, c);
            float initial[kMostCarried] = {};
            if (row.length > 0 && realUnit(c)) Cell::begin(args, cellOf(row, row.length - 1, c), stateOf(row, c), initial);
#pragma unroll
            for (int i = 0; i < Cell::kCarriedFloats; i++) carriedAt(tile, c)[i * kCarriedStep] = initial[i];
        }
    }
    const int ownUnits = max(0, min(kUnits, hidden - rank * kUnits));
    zeroGatesBehindLengths(kGates, rows, sampleTiles * kSamples, args, direction, rank * kUnits, ownUnits);

    // What forward saved comes through a ring, each cell's into a place of its own thread: gates 0..15, what came before
    // (cell or state) 16..19, dy 20..23.
    constexpr int kPlaceBytes = 32, kStageBytes = kCells * kF32Threads * kPlaceBytes;
    const int ring = layout.saved + thread * kPlaceBytes;
    int fetchStep = steps - 1, fetchTile = 0, fetchStage = 0; // forward steps
    auto fetch = [&] {
#pragma unroll
        for (int c = 0; c < kCells; c++) {
            const SampleRow row = rowAt(fetchTile, c);
            const bool real = fetchStep >= 0 && fetchStep < row.length && realUnit(c);
            const int64_t cell = real ? cellOf(row, fetchStep, c) : 0;
            const uint32_t to = base + ring + fetchStage + c * kF32Threads * kPlaceBytes;
            if (kGates > 1) copyAsyncFloats<4>(to, args.savedGates + cell * 4, real);
            const bool earlier = real && fetchStep >= Cell::kBeforeSteps;
            const float *const before = Cell::before(args);
            copyAsyncFloats<1>(to + 16, earlier ? before + cell - Cell::kBeforeSteps * int64_t(timeStride) : before, earlier);
            const bool given = real && args.dy != nullptr;
            copyAsyncFloats<1>(to + 20, given ? args.dy + cell : before, given);
        }
        copyCommit();
        fetchStage = fetchStage + kStageBytes == kStages * kStageBytes ? 0 : fetchStage + kStageBytes;
        if (++fetchTile == sampleTiles) {
            fetchTile = 0;
            fetchStep--;
        }
    };

    // Where the lane's shares go: to the owner of its four units, into the box of this block.
    const bool speaks = kSamples >= kSlices || slice % (kSlices / (kSamples < kSlices ? kSamples : kSlices)) == 0;
    const int shareColumn = slice * kSamples / kSlices;
    const uint32_t owner = kCluster > 1 ? peerAddress(base, firstColumn / kUnits) : base;
    const int sharePart = ((rank * kSamples + shareColumn) * kUnits + firstColumn % kUnits) * 4;
    auto arrived = [&](int tile, int parity, int c) {
        const char *const inbox = shared + (tile * 2 + parity) * layout.inboxBytes + (columnOf(c) * kUnits + placeOf(c) % kUnits) * 4;
        float sum = 0;
#pragma unroll
        for (int source = 0; source < kCluster; source++) {
            sum += *reinterpret_cast<const float *>(inbox + source * kSamples * kUnits * 4);
        }
        return sum;
    };

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
            [[maybe_unused]] Keep keeps[kCells];
            if constexpr (Cell::kZonesOut) {
                // A warp's cells are 32 units of one sample.
#pragma unroll
                for (int c = 0; c < kCells; c++) {
                    auto element = [&](int) {
                        const SampleRow row = rowAt(tile, c);
                        const int64_t time = timeOfStep(args, direction, row.length, forwardStep);
                        return (time * batch + row.sample) * hidden + unitOf(c) - thread % 32;
                    };
                    const ZoneoutDraw<32, 1, Cell::kCarriesCell> draw(args.zoneout, direction, hidden, thread % 32, element);
                    keeps[c] = draw.of(0, thread % 32, element(0));
                }
            }
            if (kCluster > 1 && step > 0) {
                const uint32_t barrier = base + layout.barriers + tile * 16 + parity * 8;
                barrierWait(barrier, (step - 1) >> 1 & 1, lost, args.error);
                if (thread == 0 && !lost) barrierExpect(barrier, incomingBytes(tile));
            }
            copyWait<kAhead - 1>();

            char *const staged = shared + layout.staged + turn * layout.stagedBytes;
            typename Cell::Gradient gradient[kCells];
#pragma unroll
            for (int c = 0; c < kCells; c++) {
                const SampleRow row = rowAt(tile, c);
                const float *const saved = reinterpret_cast<const float *>(shared + ring + stage + c * kF32Threads * kPlaceBytes);
                float carried[kMostCarried] = {};
#pragma unroll
                for (int i = 0; i < Cell::kCarriedFloats; i++) carried[i] = carriedAt(tile, c)[i * kCarriedStep];
                const bool real = forwardStep < row.length && realUnit(c);
                float dh = arrived(tile, parity, c) + Cell::besides(carried), before = saved[4];
                if (real && forwardStep == row.length - 1) dh = carriedOr(args.dhCarried, args.dhy, stateOf(row, c));
                if (real && forwardStep == 0) before = Cell::first(args, stateOf(row, c), before);
                if constexpr (Cell::kZonesOut) gradient[c] = Cell::apply(args, saved, before, dh + saved[5], carried, keeps[c]);
                else gradient[c] = Cell::apply(args, saved, before, dh + saved[5], carried);
                if (!real) gradient[c] = {};
#pragma unroll
                for (int i = 0; i < Cell::kCarriedFloats; i++) {
                    if (real) carriedAt(tile, c)[i * kCarriedStep] = carried[i];
                }
                if (!mine(c)) continue;
                float *const to = reinterpret_cast<float *>(staged) + placeOf(c) * kStride;
                if constexpr (kGates == 1) *to = gradient[c].recurrent[0];
                else *reinterpret_cast<float4 *>(to) = gradient[c].four();
            }
            stage = stage + kStageBytes == kStages * kStageBytes ? 0 : stage + kStageBytes;
            __syncthreads();

            float sums[kSamples][4] = {};
#pragma unroll
            for (int chunk = 0; chunk < kChunks; chunk++) {
                float4 w[kChunkRows];
#pragma unroll
                for (int r = 0; r < kChunkRows; r++) w[r] = weights.at(chunk * kChunkRows + r);
#pragma unroll
                for (int n = 0; n < kSamples; n++) {
                    const float4 d = *reinterpret_cast<const float4 *>(staged + n * kUnits * kStride * 4 + (chunk * kSlices + slice) * 16);
                    scaledAdd(sums[n], d.x, w[0]);
                    if (kChunkRows > 1) scaledAdd(sums[n], d.y, w[1 % kChunkRows]);
                    if (kChunkRows > 2) scaledAdd(sums[n], d.z, w[2 % kChunkRows]);
                    if (kChunkRows > 3) scaledAdd(sums[n], d.w, w[3 % kChunkRows]);
                }
            }
            addSlices<kSlices>(sums, slice);
            const int inbox = (tile * 2 + (parity ^ 1)) * layout.inboxBytes;
#pragma unroll
            for (int s = 0; s < kShares; s++) {
                const float4 share = make_float4(sums[s][0], sums[s][1], sums[s][2], sums[s][3]);
                const int to = inbox + sharePart + s * kUnits * 4;
                if (!speaks || shareColumn + s >= samplesOf(tile)) continue;
                if constexpr (kCluster == 1) {
                    *reinterpret_cast<float4 *>(shared + to) = share;
                } else {
                    const uint4 bits = make_uint4(__float_as_uint(share.x), __float_as_uint(share.y), __float_as_uint(share.z), __float_as_uint(share.w));
                    storePeer(owner + to, bits, owner + layout.barriers + tile * 16 + (parity ^ 1) * 8);
                }
            }

            // The rest of the iteration lies in the shadow of the exchange.
#pragma unroll
            for (int c = 0; c < kCells; c++) {
                const SampleRow row = rowAt(tile, c);
                if (forwardStep >= row.length || !realUnit(c)) continue;
                Cell::store(args, cellOf(row, forwardStep, c), gradient[c]);
                if (forwardStep == 0 && args.dGatesFirst != nullptr) {
#pragma unroll
                    for (int g = 0; g < kGates; g++) args.dGatesFirst[stateOf(row, c) * kGates + g] = gradient[c].recurrent[g];
                }
            }
            fetch();
            if (kCluster == 1) __syncthreads();
        }
    }

    for (int tile = 0; tile < sampleTiles; tile++) {
        const int parity = steps & 1;
        if (kCluster > 1) barrierWait(base + layout.barriers + tile * 16 + parity * 8, (steps - 1) >> 1 & 1, lost, args.error);
#pragma unroll
        for (int c = 0; c < kCells; c++) {
            const SampleRow row = rowAt(tile, c);
            if (row.length <= 0 || !realUnit(c)) continue;
            float carried[kMostCarried] = {};
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
    if (kCluster > 1) clusterSync();
#endif
}

} // namespace frnn
