// Backward pass through time of one recurrent layer, all steps in one launch, spread over many multiprocessors.
//
// W_hh is cut in two dimensions. The blocks of a cluster of 8 own 16 hidden units each, the cluster so 128 of them; the gate
// rows are cut into 8 parts. Block r of a cluster keeps the rows of part r and the columns of its cluster's units on the
// chip. Per step a block
//   sums the shares of dh of its units, in the order of the ranks, and forms their gate gradients, which go to L2;
//   takes the gate gradients of its part from L2 into shared memory;
//   multiplies: a share of dh of all 128 units, of which 16 go to each block of the cluster.
// So only an eighth of the gate gradients enters a block, and the sums stay inside a cluster. The result has the same bits
// every time.
//
// Gate gradients travel in packets of 16 bytes that arrive as a whole: three words of values and the number of the step. A
// slot is written again two steps later; by then the clusters' shares of dh have told its writer that all have read it.
//
// dh, dc and all pointwise arithmetic are fp32. Even and odd n-tiles are differentiated by different warps.
#pragma once

#include "chip_device.cuh"
#include "chip_launch.h"
#include "chip_tiles.h"

namespace frnn {

#ifdef FRNN_HOPPER

// Packets of a thread, `stride` bytes apart: waits until all carry `epoch`.
template <int kCount>
__device__ __forceinline__ void receivePackets(const char *from, int stride, uint32_t epoch, int real, uint4 (&v)[kCount], bool &lost,
                                               uint32_t *error) {
#pragma unroll
    for (int i = 0; i < kCount; i++) v[i] = i < real ? loadPacket(from + i * stride) : make_uint4(0, 0, 0, epoch);
    for (Patience patience;;) {
        bool stale = false;
#pragma unroll
        for (int i = 0; i < kCount; i++) {
            if (v[i].w != epoch) {
                stale = true;
                v[i] = loadPacket(from + i * stride);
            }
        }
        if (!stale || !patience.left(lost, error)) return;
    }
}

#endif // FRNN_HOPPER

template <class Cell, class Type, int kHidden>
__global__ void __launch_bounds__(kChipThreads, 1)
chipBackward(const __grid_constant__ BackwardArgs args, const __grid_constant__ ChipPlace place) {
#ifdef FRNN_HOPPER
    constexpr int kGates = Cell::kGates, kPackets = chipPackets(kGates);
    constexpr int kDepthTiles = kHidden / kChipCluster * kGates / 16; // k-tiles: the gate rows of a part
    constexpr int kRounds = (kHidden / kChipCluster / 4 * kPackets * kTileSamples + kChipThreads - 1) / kChipThreads;
    constexpr int kChains = 4;
    static_assert(kDepthTiles % 2 == 0, "lanes read pairs of k-tiles");

    FRNN_DYNAMIC_SHARED(shared);
    const int warp = threadIdx.x / 32, lane = threadIdx.x % 32, rank = int(clusterRank());
    const int sliceInLaunch = blockIdx.x / place.blocks, block = blockIdx.x % place.blocks;
    const int slice = place.firstSlice + sliceInLaunch;
    const int direction = slice / args.slices, firstSample = slice % args.slices * args.samplesPerSlice;
    const int hidden = args.hidden, batch = args.batch, steps = args.steps, directions = args.directions;
    const int firstUnit = block * kChipUnits;                                 // of this block
    const int clusterUnit = firstUnit - rank * kChipUnits;                    // first of the cluster
    const int partUnits = place.blocks / kChipCluster * kChipUnits, partUnit = rank * partUnits;

    const int samples = min(args.samplesPerSlice, batch - firstSample);
    const int sampleTiles = (args.samplesPerSlice + kTileSamples - 1) / kTileSamples;
    const int tileSamples = (samples + sampleTiles - 1) / sampleTiles; // even shares, so that no tile is late
    const int usedTiles = (samples + tileSamples - 1) / tileSamples;
    constexpr int kCarried = Cell::kCarriedFloats;
    const ChipBackwardLayout layout(kHidden, kGates, kCarried, sampleTiles);
    constexpr int kInboxBytes = kChipCluster * kChipCells * 4;
    const uint32_t base = sharedAddress(shared);
    SampleRow *const rows = reinterpret_cast<SampleRow *>(shared + layout.rows);
    auto samplesOf = [&](int tile) { return max(0, min(tileSamples, samples - tile * tileSamples)); };
    // A push carries two samples, so an odd last one brings its neighbour along.
    auto incomingBytes = [&](int tile) { return kChipCluster * kChipUnits * ((samplesOf(tile) + 1) / 2 * 2) * 4; };

    // Weights: m runs over the units of one block of the cluster, a different one in each warp, k over the part's rows.
    const int owner = (warp + rank) % kChipCluster;
    constexpr ChipFragments kFragments = chipBackwardFragments(kHidden, kGates);
    uint32_t weights[kFragments.kept][4];
    char *const weightsRest = shared + layout.weights + warp * (kFragments.count - kFragments.kept) * 512 + lane * 16;
    {
        // Rows behind the part's last are multiplied by zero.
        const uint16_t *part = args.weights + (size_t(direction) * kHidden + partUnit) * kGates * kHidden;
        const int unit = clusterUnit + owner * kChipUnits + lane / 4 * 2;
#pragma unroll
        for (int depth = 0; depth < kDepthTiles; depth++) {
            uint32_t fragment[4];
#pragma unroll
            for (int half = 0; half < 2; half++) {
                const int row = depth / 2 * 32 + lane % 4 * 8 + depth % 2 * 4 + half * 2;
                uint32_t v[2] = {0, 0}; // of rows row and row+1: units unit and unit+1
#pragma unroll
                for (int e = 0; e < 2; e++) {
                    v[e] = loadWeights<uint32_t>(part + (row + e) * kHidden + unit);
                }
                fragment[half * 2] = __byte_perm(v[0], v[1], 0x5410);
                fragment[half * 2 + 1] = __byte_perm(v[0], v[1], 0x7632);
            }
            keep(weights, weightsRest, depth, fragment);
        }
    }

    if (threadIdx.x == 0) {
        openBarriers(base + layout.barriers, usedTiles, incomingBytes);
    }
    // Forward step s of a sample lies at origin + s * timeStride: direction 1 walks backwards from the sample's last step.
    const int timeStride = batch * directions * hidden * (direction == 0 ? 1 : -1);
    fillRows(rows, args, direction, firstSample, samples, tileSamples, sampleTiles * kTileSamples);
    // Shares of padding samples are never pushed and gradients of padding rows never staged, but both are read.
    for (int i = threadIdx.x; i < layout.weights / 16; i += kChipThreads) {
        reinterpret_cast<uint4 *>(shared)[i] = make_uint4(0, 0, 0, 0);
    }
    __syncthreads();

    // A thread's cell of its n-tiles, in the order in which shares arrive: [lane][unit of two][sample of two].
    const int group = threadIdx.x / kChipCells, element = threadIdx.x % kChipCells;
    const int unitInBlock = element / 16 * 2 + (element / 2 & 1), column = (element / 4 & 3) * 2 + (element & 1);
    const int unit = firstUnit + unitInBlock;
    const bool realUnit = unit < hidden;
    auto rowOf = [&](int tile) { return rows[tile * kTileSamples + column]; };
    auto stepOf = [&](const SampleRow &row, int forwardStep) {
        ChipStep p;
        p.cell = row.origin + int64_t(forwardStep) * timeStride + unit;
        p.previous = p.cell - timeStride;
        p.hasPrevious = forwardStep > 0;
        return p;
    };
    auto stateOf = [&](const SampleRow &row) { return (size_t(direction) * batch + row.sample) * hidden + unit; };
    auto carriedAt = [&](int tile) {
        return reinterpret_cast<float *>(shared + layout.carried) + tile * kCarried * kChipCells + element;
    };
    for (int tile = group; tile < usedTiles; tile += 2) {
        const SampleRow row = rowOf(tile);
        float initial[2] = {0, 0};
        if (row.length > 0 && realUnit) Cell::template begin<Type>(args, stepOf(row, row.length - 1).cell, stateOf(row), initial);
        for (int i = 0; i < kCarried; i++) carriedAt(tile)[i * kChipCells] = initial[i];
    }
    const int ownUnits = max(0, min(kChipUnits, hidden - firstUnit));
    zeroGatesBehindLengths(kGates, rows, sampleTiles * kTileSamples, args, direction, firstUnit, ownUnits);

    // What forward saved: brought into L2 four steps ahead, asked for one turn of the thread ahead if registers are left.
    constexpr bool kLoadsAhead = kDepthTiles * 4 <= 160;
    using Saved = typename Cell::Saved;
    auto load = [&](const SampleRow &row, int forwardStep) {
        Saved saved = {};
        if (forwardStep >= 0 && forwardStep < row.length && realUnit) saved = Cell::load(args, stepOf(row, forwardStep));
        return saved;
    };
    auto prefetch = [&](const SampleRow &row, int forwardStep) {
        if (forwardStep >= 0 && forwardStep < row.length && realUnit) Cell::prefetch(args, stepOf(row, forwardStep));
    };
    auto arrived = [&](int tile, int parity) {
        const char *inbox = shared + (tile * 2 + parity) * kInboxBytes + element * 4;
        float sum = 0;
#pragma unroll
        for (int source = 0; source < kChipCluster; source++) sum += *reinterpret_cast<const float *>(inbox + source * kChipCells * 4);
        return sum;
    };
    for (int tile = group; tile < usedTiles; tile += 2) {
        for (int s = 0; s < 4; s++) prefetch(rowOf(tile), steps - 1 - s);
    }
    Saved saved = {};
    if (kLoadsAhead && group < usedTiles) saved = load(rowOf(group), steps - 1);
    clusterSync();

    // Slots of the slice: [n-tile][step parity].
    const int slotBytes = chipGradientBytes(place.blocks, kGates);
    char *const slots = place.exchange + int64_t(sliceInLaunch) * sampleTiles * 2 * slotBytes;
    const int ownQuad = firstUnit / 4 + unitInBlock / 4, partQuad = partUnit / 4;
    // A thread takes packets of one sample: from `sender` on every 32nd of the part.
    const int sampleTaken = threadIdx.x % kTileSamples, sender = threadIdx.x / kTileSamples;
    const int takenOffset = (partQuad * kPackets + sender) * kTileSamples * 16 + sampleTaken * 16;
    const int toTake = max(0, (partUnits / 4 * kPackets - sender + 31) / 32);
    const uint32_t peer = peerAddress(base, owner);

    bool lost = false;
    int turn = 0;
    for (int step = 0; step < steps; step++) {
        const int parity = step & 1, forwardStep = steps - 1 - step;
        const uint32_t epoch = uint32_t(step) + 1;
        for (int tile = group; tile < usedTiles; tile += 2) {
            const SampleRow row = rowOf(tile);
            if (!kLoadsAhead) saved = load(row, forwardStep);
            float carried[2] = {0, 0};
#pragma unroll
            for (int i = 0; i < kCarried; i++) carried[i] = carriedAt(tile)[i * kChipCells];
            typename Cell::Prepared prepared = Cell::template prepare<Type>(args, saved, carried);
            const uint32_t barrier = base + layout.barriers + tile * 16 + parity * 8;
            if (step > 0) {
                barrierWait(barrier, (step - 1) >> 1 & 1, lost, args.error);
                if (element == 0 && !lost) barrierExpect(barrier, incomingBytes(tile));
            }
            typename Cell::Gradient gradient = {};
            const bool valid = forwardStep < row.length && realUnit;
            if (valid) {
                float dh = arrived(tile, parity) + prepared.besides();
                if (forwardStep == row.length - 1) dh = carriedOr<Type>(args.dhCarried, args.dhy, stateOf(row));
                if (forwardStep == 0) Cell::template first<Type>(args, stateOf(row), prepared);
                gradient = Cell::template apply<Type>(prepared, dh, carried);
#pragma unroll
                for (int i = 0; i < kCarried; i++) carriedAt(tile)[i * kChipCells] = carried[i];
            }
            __syncwarp();
            // The four lanes that hold a quad's units of one sample make its packets.
            uint4 packet;
            const int index = Cell::packet(gradient, lane, packet);
            packet.w = epoch;
            if (index >= 0 && column < samplesOf(tile)) {
                storePacket(slots + (tile * 2 + parity) * slotBytes + ((ownQuad * kPackets + index) * kTileSamples + column) * 16, packet);
            }
            if (valid) {
                Cell::store(args, stepOf(row, forwardStep).cell, gradient);
                if (forwardStep == 0 && args.dGatesFirst != nullptr) Cell::storeFirst(args.dGatesFirst + stateOf(row) * kGates, gradient);
            }
            prefetch(row, forwardStep - 4);
            const bool lastTile = tile + 2 >= usedTiles;
            if (kLoadsAhead) saved = load(rowOf(lastTile ? group : tile + 2), lastTile ? forwardStep - 1 : forwardStep);
        }

        for (int tile = 0; tile < usedTiles; tile++, turn ^= 1) {
            uint4 taken[kRounds];
            const int real = sampleTaken < samplesOf(tile) ? toTake : 0;
            receivePackets<kRounds>(slots + (tile * 2 + parity) * slotBytes + takenOffset, 32 * kTileSamples * 16, epoch, real, taken, lost,
                                    args.error);
            char *const staged = shared + layout.staged + turn * kTileSamples * layout.stagedRow;
#pragma unroll
            for (int i = 0; i < kRounds; i++) {
                if (i >= real) continue;
                const int quad = (sender + i * 32) / kPackets, kind = (sender + i * 32) % kPackets;
                const uint32_t words[3] = {taken[i].x, taken[i].y, taken[i].z};
#pragma unroll
                for (int w = 0; w < 3; w++) {
                    const int inQuad = chipPacketWord(kGates, kind, w);
                    if (inQuad < 0) continue;
                    const int word = quad * kGates * 2 + inQuad;
                    *reinterpret_cast<uint32_t *>(staged + sampleTaken * layout.stagedRow + chipStagedChunk(word / 4, sampleTaken) * 16 + word % 4 * 4) =
                        words[w];
                }
            }
            // The staged gradients are used in turn: behind this barrier nobody reads the other ones.
            __syncthreads();

            float sums[kChains][4] = {};
#pragma unroll
            for (int pair = 0; pair < kDepthTiles / 2; pair++) {
                const uint4 operand = *reinterpret_cast<const uint4 *>(staged + lane / 4 * layout.stagedRow +
                                                                       chipStagedChunk(pair * 4 + lane % 4, lane / 4) * 16);
                multiplyAddKept<Type>(sums[pair % 2 * 2], weights, weightsRest, pair * 2, operand.x, operand.y);
                multiplyAddKept<Type>(sums[pair % 2 * 2 + 1], weights, weightsRest, pair * 2 + 1, operand.z, operand.w);
            }
            uint32_t share[4];
#pragma unroll
            for (int i = 0; i < 4; i++) share[i] = __float_as_uint((sums[0][i] + sums[1][i]) + (sums[2][i] + sums[3][i]));
            if (lane % 4 * 2 < samplesOf(tile)) {
                storePeer(peer + (tile * 2 + (parity ^ 1)) * kInboxBytes + rank * kChipCells * 4 + lane * 16,
                          make_uint4(share[0], share[1], share[2], share[3]), peer + layout.barriers + tile * 16 + (parity ^ 1) * 8);
            }
        }
    }

    for (int tile = group; tile < usedTiles; tile += 2) {
        const int parity = steps & 1;
        barrierWait(base + layout.barriers + tile * 16 + parity * 8, (steps - 1) >> 1 & 1, lost, args.error);
        const SampleRow row = rowOf(tile);
        if (row.length <= 0 || !realUnit) continue;
        float carried[2] = {0, 0};
#pragma unroll
        for (int i = 0; i < kCarried; i++) carried[i] = carriedAt(tile)[i * kChipCells];
        const float dh = arrived(tile, parity) + Cell::besides(carried);
        const size_t state = stateOf(row);
        if (args.dhx != nullptr) args.dhx[state] = Type::bits(dh);
        if (args.dhCarried != nullptr) args.dhCarried[state] = dh;
        if (Cell::kCarriesCell && args.dcx != nullptr) args.dcx[state] = Type::bits(carried[0]);
        if (Cell::kCarriesCell && args.dcCarried != nullptr) args.dcCarried[state] = carried[0];
    }
    // No block may leave while a peer can still push to it.
    clusterSync();
#endif
}

} // namespace frnn
