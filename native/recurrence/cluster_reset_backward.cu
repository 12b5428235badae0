// Backward pass through time of the GRU that resets before its product, all steps in one launch: one cluster per slice of samples
// and direction, two exchanges per step.
//
// Weights and shares lie as in cluster_backward.cuh; the three gates have fragments of their own. A step has two parts, each done
// for all n-tiles in turn:
//   1  dh gives dn, dz and the part of the earlier dh that bypasses the products; shares of d(r*h) = W_hn^T dn go to their owners
//   2  d(r*h) gives dr and one more part that bypasses; shares of W_hr^T dr + W_hz^T dz go to the owners of dh. The product of dz
//      comes before the wait.
// A block sends shares of one only when it has all of the other, and for that every block must be done with what it had before.
// So there is one inbox for each, and a barrier's next phase cannot complete before all threads have seen the last.
#include <utility>

#include "cluster_gru_saved.cuh"
#include "cluster_launch.h"
#include "cluster_reset_tiles.h"
#include "persistent_device.cuh"
#include "sample_rows.cuh"

namespace frnn {
namespace {

enum { kResetGate = 0, kUpdateGate = 1, kCandidate = 2 };

template <class Type, int kHidden, int kCluster>
__global__ void __launch_bounds__(GruResetBackwardGeometry(kHidden, kCluster).threads, 1)
gruResetBackward(const __grid_constant__ BackwardArgs args) {
#ifdef FRNN_HOPPER
    constexpr GruResetBackwardGeometry kGeometry(kHidden, kCluster);
    constexpr int kUnits = kGeometry.units, kThreads = kGeometry.threads, kWarps = kThreads / 32, kGates = 3;
    constexpr int kRowTiles = kHidden / 16 / kWarps;      // m-tiles of one warp: units of what a share is for
    constexpr int kDepthTiles = kGeometry.paddedUnits / 16; // k-tiles of one gate: the block's own units
    constexpr int kGateBytes = kGeometry.paddedUnits * 2;
    static_assert(kUnits % 16 == 0 && kRowTiles * kWarps * 16 == kHidden, "m-tiles must split evenly over warps");
    static_assert(kThreads % 128 == 0, "a thread's cell lies in one m-tile");

    FRNN_DYNAMIC_SHARED(shared);
    // Few warps have registers to spare for what the compiler would rather compute again.
    constexpr bool kHold = kThreads <= 256;
    auto held = [](auto value) {
        if constexpr (kHold) hold(value);
        return value;
    };
    const int warp = warpIndex(), thread = held(int(threadIdx.x)), lane = held(thread % 32);
    const int rank = int(clusterRank());
    const int cluster = blockIdx.x / kCluster;
    const int direction = cluster / args.slices, slice = cluster % args.slices;
    const int hidden = args.hidden, batch = args.batch, steps = args.steps, directions = args.directions;

    const int firstSample = slice * args.samplesPerSlice;
    const int samples = min(args.samplesPerSlice, batch - firstSample);
    const int mostTiles = (args.samplesPerSlice + kTileSamples - 1) / kTileSamples;
    const int tileSamples = (samples + mostTiles - 1) / mostTiles; // even shares, so that no tile is late
    const int sampleTiles = (samples + tileSamples - 1) / tileSamples;
    const GruResetBackwardLayout layout(kGeometry, kCluster, sampleTiles);
    const uint32_t base = sharedAddress(shared);
    SampleRow *const rows = reinterpret_cast<SampleRow *>(shared + layout.rows);
    auto samplesOf = [&](int tile) { return max(0, min(tileSamples, samples - tile * tileSamples)); };
    // A push carries two samples, so an odd last one brings its neighbour along.
    auto incomingBytes = [&](int tile) { return kCluster * kUnits * ((samplesOf(tile) + 1) / 2 * 2) * 4; };

    // The m dimension of a product is the unit of the share, k runs over the block's own units. Rotated by rank, so that blocks do
    // not push to the same receiver at the same time. Rows of r and z are interleaved by unit, those of n follow the real units':
    // a padding unit so has some other row for its r and z, of which its gradients are zero.
    auto rowTileOf = [&](int m) { return (warp * kRowTiles + m + rank * (kUnits / 16)) % (kHidden / 16); };
    uint32_t weights[kGates][kRowTiles][kDepthTiles][4];
    {
        constexpr bool kWholeRows = kGeometry.paddedUnits == kUnits;
        const uint16_t *const all = args.weights + size_t(direction) * kGates * kHidden * kHidden;
#pragma unroll
        for (int gate = 0; gate < kGates; gate++) {
            const int firstRow = gate == kCandidate ? hidden * 2 + rank * kUnits : rank * kUnits * 2 + gate, rowStep = gate == kCandidate ? 1 : 2;
            const uint16_t *const own = all + size_t(firstRow) * kHidden;
#pragma unroll
            for (int m = 0; m < kRowTiles; m++) {
                const int unit = rowTileOf(m) * 16 + lane / 4 * 2;
#pragma unroll
                for (int depth = 0; depth < kDepthTiles; depth++) {
#pragma unroll
                    for (int part = 0; part < 2; part++) {
                        const int k = depth / 2 * 32 + lane % 4 * 8 + depth % 2 * 4 + part * 2;
                        uint32_t v[2] = {0, 0}; // of own units k and k+1: units unit and unit+1
#pragma unroll
                        for (int e = 0; e < 2; e++) {
                            if (kWholeRows || k + e < kUnits) v[e] = loadWeights<uint32_t>(own + (k + e) * rowStep * kHidden + unit);
                        }
                        weights[gate][m][depth][part * 2] = __byte_perm(v[0], v[1], 0x5410);
                        weights[gate][m][depth][part * 2 + 1] = __byte_perm(v[0], v[1], 0x7632);
                    }
                }
            }
        }
    }

    // Of an n-tile: the barrier of dh's shares, then that of d(r*h)'s.
    if (threadIdx.x == 0) openBarriers(base + layout.barriers, sampleTiles, incomingBytes);
    // Forward step s of a sample lies at origin + s * timeStride: direction 1 walks backwards from the sample's last step.
    const int timeStride = held(batch * directions * hidden * (direction == 0 ? 1 : -1));
    fillRows(rows, args, direction, firstSample, samples, tileSamples, sampleTiles * kTileSamples);
    // Shares of padding samples are never pushed and staged gradients of padding rows never written, but both are read.
    for (int i = threadIdx.x; i < layout.rows / 16; i += kThreads) {
        reinterpret_cast<uint4 *>(shared)[i] = make_uint4(0, 0, 0, 0);
    }
    __syncthreads();

    // A thread's cell, in the order in which shares arrive: [m-tile][lane][unit of two][sample of two].
    const int ownUnit = held(thread / 128 * 16 + thread % 128 / 16 * 2 + (thread / 2 & 1));
    const int column = held((thread / 4 & 3) * 2 + (thread & 1));
    const bool realUnit = rank * kUnits + ownUnit < hidden;
    auto rowAt = [&](int tile) { return rows[tile * kTileSamples + column]; };
    auto stateOf = [&](const SampleRow &row) { return (size_t(direction) * batch + row.sample) * hidden + rank * kUnits + ownUnit; };
    // What goes on: the part of dh that bypasses the products, as a float. Within a step, behind it: r, its factor, dz and dn.
    const int ownKept = held(layout.kept + thread * 16);
    auto keptAt = [&](int tile) { return reinterpret_cast<uint4 *>(shared + ownKept + tile * kThreads * 16); };
    for (int tile = 0; tile < sampleTiles; tile++) *keptAt(tile) = make_uint4(0, 0, 0, 0);
    const int ownUnits = max(0, min(kUnits, hidden - rank * kUnits));
    // Of a row in dGatesH other values, but all blocks together have the whole row.
    zeroGatesBehindLengths(kGates, rows, sampleTiles * kTileSamples, args, direction, rank * kUnits, ownUnits);

    // What forward saved comes through a ring of the warp, whose 32 cells are 4 units of 8 samples. Where rows allow it each lane
    // copies one piece: of the gates (two lanes per sample), of the states before or of dy. Elsewhere lanes fetch their own cells,
    // at the price of waiting.
    const bool chunked = hidden % 4 == 0;
    const int piece = lane / 8; // 0, 1 gates, 2 states before, 3 dy
    const int fetchColumn = piece < 2 ? lane / 2 : lane % 8;
    const int pieceUnit = piece < 2 ? lane % 2 * 2 : 0;
    const int bytesPerCell = piece < 2 ? 8 : 2;
    const int placeInSample = piece < 2 ? lane % 2 * 16 : piece == 2 ? 32 : 48;
    const int earlier = held(int(piece == 2)); // forward steps that the piece lies before the cell's
    const char *const pieceBase = reinterpret_cast<const char *>(piece < 2 ? args.savedGates : piece == 2 ? args.y : args.dy);
    constexpr int kStageBytes = kTileSamples * kSavedPitch, kRingBytes = kStages * kStageBytes;
    const int ring = layout.saved + warp * kRingBytes;
    const uint32_t fetchTo = held(base + ring + fetchColumn * kSavedPitch + placeInSample);
    const int ownSaved = held(ring + column * kSavedPitch);
    const int warpUnit = ownUnit / 4 * 4; // first of the warp
    const int64_t fetchStride = held(int64_t(timeStride) * bytesPerCell);
    const char *fetchFrom; // moves on with every step
    int fetchSteps;        // that the sample takes
    int fetchStep = steps - 1, fetchTile = 0, fetchStage = 0; // forward steps
    auto fetchSeek = [&] {
        const SampleRow row = rows[fetchTile * kTileSamples + fetchColumn];
        fetchSteps = pieceBase != nullptr && rank * kUnits + warpUnit < hidden ? row.length : 0;
        const int64_t cell = row.origin + int64_t(fetchStep - earlier) * timeStride + rank * kUnits + pieceUnit + warpUnit;
        fetchFrom = pieceBase + cell * bytesPerCell;
    };
    auto fetch = [&] {
        if (chunked) {
            const bool inTime = fetchStep >= earlier && fetchStep < fetchSteps;
            if (piece < 2) copyAsync16(fetchTo + fetchStage, fetchFrom, inTime ? 16 : 0);
            else copyAsync8(fetchTo + fetchStage, fetchFrom, inTime ? 8 : 0);
        } else {
            const SampleRow row = rowAt(fetchTile);
            const int64_t cell = row.origin + int64_t(fetchStep) * timeStride + rank * kUnits + ownUnit;
            const bool real = fetchStep >= 0 && fetchStep < row.length && realUnit;
            GruSaved::copy(args, real, cell, fetchStep >= 1 ? cell - timeStride : -1, shared + ownSaved + fetchStage, ownUnit % 4);
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
        const uint32_t peer = peerAddress(base, rowTileOf(m) * 16 / kUnits);
        pushTo[m] = held(peer + rank * kThreads * 4 + rowTileOf(m) % (kUnits / 16) * 512 + lane * 16);
        pushBarrier[m] = held(peer + layout.barriers);
    }
    const int ownInbox = held(thread * 4);
    const int ownStaged = held(layout.staged + column * kGeometry.stride + ownUnit * 2);
    const int operandPart = held(layout.staged + lane / 4 * kGeometry.stride + lane % 4 * 16);
    auto stage = [&](int tile, int gate, uint16_t bits) {
        *reinterpret_cast<uint16_t *>(shared + ownStaged + tile * kTileSamples * kGeometry.stride + gate * kGateBytes) = bits;
    };
    auto multiply = [&](int tile, int gate, float (&sums)[kRowTiles][4]) {
        const int from = operandPart + tile * kTileSamples * kGeometry.stride + gate * kGateBytes;
#pragma unroll
        for (int pair = 0; pair < kDepthTiles / 2; pair++) {
            const uint4 operand = *reinterpret_cast<const uint4 *>(shared + from + pair * 64);
#pragma unroll
            for (int m = 0; m < kRowTiles; m++) Type::multiplyAdd(sums[m], weights[gate][m][pair * 2], operand.x, operand.y);
#pragma unroll
            for (int m = 0; m < kRowTiles; m++) Type::multiplyAdd(sums[m], weights[gate][m][pair * 2 + 1], operand.z, operand.w);
        }
    };
    // Inbox and barrier of an n-tile count from dh's.
    auto push = [&](int tile, int inbox, const float (&sums)[kRowTiles][4]) {
        const bool realPair = lane % 4 * 2 < samplesOf(tile);
        const int to = inbox * layout.inboxBytes, barrier = inbox * 8;
#pragma unroll
        for (int m = 0; m < kRowTiles; m++) {
            const uint4 share = make_uint4(__float_as_uint(sums[m][0]), __float_as_uint(sums[m][1]), __float_as_uint(sums[m][2]),
                                           __float_as_uint(sums[m][3]));
            if (realPair) storePeer(pushTo[m] + to, share, pushBarrier[m] + barrier);
        }
    };
    auto arrived = [&](int inbox) {
        const char *const from = shared + ownInbox + inbox * layout.inboxBytes;
        float sum = 0;
#pragma unroll
        for (int source = 0; source < kCluster; source++) sum += *reinterpret_cast<const float *>(from + source * kThreads * 4);
        return sum;
    };

    // Where the thread's cell is in this iteration, and how many steps its sample takes.
    int64_t sampleIndex;
    int sampleSteps;
    auto seek = [&](int forwardStep, int tile) {
        const SampleRow row = rowAt(tile);
        sampleIndex = row.origin + int64_t(forwardStep) * timeStride;
        sampleSteps = row.length;
    };
    // r and z of a unit are neighbours in dGatesH's rows, n lies behind them.
    auto storeRecurrent = [&](bool real, uint16_t *row, uint16_t dr, uint16_t dz, uint16_t dn) {
        const int unit = rank * kUnits + ownUnit;
        storeIf(real && hidden % 2 == 0, row + unit * 2, dr | uint32_t(dz) << 16);
        storeIf(real && hidden % 2 != 0, row + unit * 2, dr);
        storeIf(real && hidden % 2 != 0, row + unit * 2 + 1, dz);
        storeIf(real, row + hidden * 2 + unit, dn);
    };
    seek(steps - 1, 0);
    fetchSeek();
    for (int i = 0; i < kAhead; i++) fetch();
    clusterSync();

    bool lost = false;
    int ringStage = 0;
    for (int step = 0; step < steps; step++) {
        const int forwardStep = steps - 1 - step;
        for (int tile = 0; tile < sampleTiles; tile++) {
            copyWait<kAhead - 1>();
            __syncwarp();
            const GruSaved saved = GruSaved::get(shared + ownSaved + ringStage, ownUnit % 4);
            ringStage = ringStage + kStageBytes == kRingBytes ? 0 : ringStage + kStageBytes;
            const float r = Type::low(saved.gates.x), z = Type::high(saved.gates.x), n = Type::low(saved.gates.y), dy = Type::value(saved.dy);
            const float intoN = (1 - z) * (1 - n * n), intoZ = z * (1 - z), bypass = __uint_as_float(keptAt(tile)->x);
            float before = Type::value(saved.previousState);
            const SampleRow row = rowAt(tile);
            const int expected = held(incomingBytes(tile));
            const uint32_t barrier = held(base + layout.barriers + tile * 16);
            if (step > 0) {
                barrierWait(barrier, (step - 1) & 1, lost, args.error);
                if (thread == 0 && !lost) barrierExpect(barrier, expected);
            }

            float dh = arrived(tile * 2) + bypass;
            const bool real = forwardStep < row.length && realUnit;
            if (real && forwardStep == row.length - 1) dh = carriedOr<Type>(args.dhCarried, args.dhy, stateOf(row));
            // Before the first forward step the state is hx.
            if (real && forwardStep == 0 && args.hx != nullptr) before = Type::value(args.hx[stateOf(row)]);
            dh += dy;
            const uint16_t dn = real ? Type::bits(dh * intoN) : uint16_t(0);
            const uint16_t dz = real ? Type::bits(dh * (before - n) * intoZ) : uint16_t(0);
            stage(tile, kCandidate, dn);
            stage(tile, kUpdateGate, dz);
            __syncthreads();

            float sums[kRowTiles][4] = {};
            multiply(tile, kCandidate, sums);
            push(tile, tile * 2 + 1, sums);

            // The rest of this part lies in the shadow of the exchange. Behind its length a sample keeps what goes on.
            *keptAt(tile) = make_uint4(__float_as_uint(real ? dh * z : bypass), __float_as_uint(real ? r : 0.0f),
                                       __float_as_uint(real ? before * r * (1 - r) : 0.0f), dz | uint32_t(dn) << 16);
            fetch();
        }

        for (int tile = 0; tile < sampleTiles; tile++) {
            const uint4 kept = *keptAt(tile);
            const uint16_t dz = uint16_t(kept.w), dn = uint16_t(kept.w >> 16);
            const int expected = held(incomingBytes(tile));
            const uint32_t barrier = held(base + layout.barriers + tile * 16 + 8);
            const bool real = forwardStep < sampleSteps && realUnit;
            float sums[kRowTiles][4] = {};
            multiply(tile, kUpdateGate, sums);
            barrierWait(barrier, step & 1, lost, args.error);
            if (thread == 0 && !lost) barrierExpect(barrier, expected);

            const float dResetH = arrived(tile * 2 + 1);
            const uint16_t dr = real ? Type::bits(dResetH * __uint_as_float(kept.z)) : uint16_t(0);
            stage(tile, kResetGate, dr);
            __syncthreads();
            multiply(tile, kResetGate, sums);
            push(tile, tile * 2, sums);

            // The rest of the step lies in the shadow of the exchange.
            if (real) keptAt(tile)->x = __float_as_uint(fmaf(dResetH, __uint_as_float(kept.y), __uint_as_float(kept.x)));
            storeThreeIf(real, args.dGates + (sampleIndex + rank * kUnits + ownUnit) * kGates, dr, dz, dn, hidden % 2 == 0);
            storeRecurrent(real, args.dGatesH + sampleIndex * kGates, dr, dz, dn);
            if (forwardStep == 0 && real && args.dGatesFirst != nullptr) {
                const SampleRow row = rowAt(tile);
                storeRecurrent(true, args.dGatesFirst + (size_t(direction) * batch + row.sample) * hidden * kGates, dr, dz, dn);
            }
            if (sampleTiles > 1) {
                const bool lastTile = tile + 1 == sampleTiles;
                seek(lastTile ? forwardStep - 1 : forwardStep, lastTile ? 0 : tile + 1);
            } else {
                sampleIndex -= timeStride;
            }
        }
    }

    for (int tile = 0; tile < sampleTiles; tile++) {
        barrierWait(base + layout.barriers + tile * 16, (steps - 1) & 1, lost, args.error);
        const SampleRow row = rowAt(tile);
        if (row.length <= 0 || !realUnit) continue;
        const float dh = arrived(tile * 2) + __uint_as_float(keptAt(tile)->x);
        if (args.dhx != nullptr) args.dhx[stateOf(row)] = Type::bits(dh);
        if (args.dhCarried != nullptr) args.dhCarried[stateOf(row)] = dh;
    }
    copyWait<0>();
    // No block may leave while a peer can still push to it.
    clusterSync();
#endif
}

template <class Type, int kIndex>
cudaError_t launchTile(const BackwardArgs &args, cudaStream_t stream) {
    constexpr BackwardTile tile = kGruResetBackward[kIndex];
    constexpr GruResetBackwardGeometry geometry(tile.hidden, tile.cluster);
    static_assert(geometry.threads == tile.warps * 32 && tile.splits == 1, "table and kernel disagree");
    const int sampleTiles = (args.samplesPerSlice + kTileSamples - 1) / kTileSamples;
    const GruResetBackwardLayout layout(geometry, tile.cluster, sampleTiles);
    return launchClusters(gruResetBackward<Type, tile.hidden, tile.cluster>, args.slices * args.directions * tile.cluster, tile.cluster,
                          geometry.threads, layout.total, args, stream);
}

template <class Type, int... kIndices>
cudaError_t pick(int tile, const BackwardArgs &args, cudaStream_t stream, std::integer_sequence<int, kIndices...>) {
    using Launch = cudaError_t (*)(const BackwardArgs &, cudaStream_t);
    static constexpr Launch launches[] = {&launchTile<Type, kIndices>...};
    return launches[tile](args, stream);
}

} // namespace

cudaError_t launchGruResetBackward(int tile, bool half, const BackwardArgs &args, cudaStream_t stream) {
    constexpr int kTiles = sizeOf(kGruResetBackward);
    if (tile < 0 || tile >= kTiles) return cudaErrorInvalidValue;
    constexpr auto indices = std::make_integer_sequence<int, kTiles>();
    return half ? pick<Half>(tile, args, stream, indices) : pick<Bf16>(tile, args, stream, indices);
}

} // namespace frnn
