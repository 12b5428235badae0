// Forward pass of the GRU that resets before its product, n = tanh(x_n + W_hn (r*h)), all steps in one launch: one cluster per
// slice of samples and direction, two exchanges per step.
//
// Weights, state and slots lie as in cluster_forward.cuh. A step has two parts, each done for all n-tiles in turn:
//   1  the product of r with all of h; r*h of the block's units goes to all blocks. The product of z lies in the shadow of that.
//   2  the product of n with all of r*h; h of the block's units goes to all blocks.
// A block sends its part of one only when it has all of the other, and has all of it only when every block is done with what it
// had before. So there is one copy of each, and a barrier's next phase cannot complete before all threads have seen the last.
#include <utility>

#include "cluster_launch.h"
#include "cluster_reset_tiles.h"
#include "persistent_device.cuh"
#include "sample_rows.cuh"

namespace frnn {
namespace {

// Sums of one gate of 16 units and 8 samples over a warp's part of k.
template <class Type, int kPairs>
__device__ __forceinline__ void product(const uint32_t (&weights)[kPairs * 2][4], const uint4 (&state)[kPairs], float (&sum)[4]) {
    constexpr int kChains = kPairs >= 2 ? 4 : 2;
    float sums[kChains][4] = {};
#pragma unroll
    for (int pair = 0; pair < kPairs; pair++) {
        Type::multiplyAdd(sums[pair * 2 % kChains], weights[pair * 2], state[pair].x, state[pair].y);
        Type::multiplyAdd(sums[(pair * 2 + 1) % kChains], weights[pair * 2 + 1], state[pair].z, state[pair].w);
    }
#pragma unroll
    for (int i = 0; i < 4; i++) {
        sum[i] = sums[0][i];
#pragma unroll
        for (int chain = 1; chain < kChains; chain++) sum[i] += sums[chain][i];
    }
}

template <class Type, int kHidden, int kCluster, int kSplits>
__global__ void __launch_bounds__(GruResetForwardGeometry(kHidden, kCluster, kSplits).warps * 32, 1)
gruResetForward(const __grid_constant__ GruResetForwardArgs args) {
#ifdef FRNN_HOPPER
    constexpr GruResetForwardGeometry kGeometry(kHidden, kCluster, kSplits);
    constexpr int kUnits = kGeometry.units, kGroups = kGeometry.groups, kThreads = kGeometry.warps * 32;
    constexpr int kGates = 3, kPairs = kHidden / 32 / kSplits; // pairs of k-tiles of one warp
    constexpr int kCells = 2;                                  // of a lane of a finishing warp
    static_assert(kHidden % (32 * kSplits) == 0 && kUnits % 16 == 0, "k and units have to split evenly");
    static_assert(kSplits >= 2 && kGroups <= 15, "two finishing warps to a group, a named barrier to each group");
    static_assert(kCluster % 4 == 0, "receivers must fill whole pushes");

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
    const int rank = int(clusterRank());
    const int cluster = blockIdx.x / kCluster;
    const int direction = cluster / args.slices, slice = cluster % args.slices;
    const int hidden = args.hidden, batch = args.batch, steps = args.steps, directions = args.directions;

    const int firstSample = slice * args.samplesPerSlice;
    const int samples = min(args.samplesPerSlice, batch - firstSample);
    const int mostTiles = (args.samplesPerSlice + kTileSamples - 1) / kTileSamples;
    const int tileSamples = (samples + mostTiles - 1) / mostTiles; // even shares, so that no tile is late
    const int sampleTiles = (samples + tileSamples - 1) / tileSamples;
    const GruResetForwardLayout layout(kGeometry, kHidden, kSplits, sampleTiles);
    const uint32_t base = sharedAddress(shared);
    SampleRow *const rows = reinterpret_cast<SampleRow *>(shared + layout.rows);
    auto samplesOf = [&](int tile) { return max(0, min(tileSamples, samples - tile * tileSamples)); };

    // Rows of r and z are interleaved by unit, those of n follow the real units'. A padding unit so has some row of another
    // gate for its r and z, which makes no difference: what it computes stays with it, and in the columns all padding is zero.
    uint32_t weights[kGates][kPairs * 2][4];
    {
        const uint16_t *const own = args.weights + size_t(direction) * kGates * kHidden * kHidden;
        const int firstOfLane = rank * kUnits + group * 16 + lane / 4;
#pragma unroll
        for (int pair = 0; pair < kPairs; pair++) {
            const int slotBlock = (pair * kSplits + split) * 4 + lane % 4;
            const int source = (rank - slotBlock / (kUnits / 8) + kCluster) % kCluster;
            const int k = source * kUnits + slotBlock % (kUnits / 8) * 8;
#pragma unroll
            for (int gate = 0; gate < kGates; gate++) {
#pragma unroll
                for (int i = 0; i < 2; i++) {
                    const int unit = firstOfLane + i * 8, row = gate < 2 ? unit * 2 + gate : hidden * 2 + unit;
                    const uint4 v = loadWeights<uint4>(own + size_t(row) * kHidden + k);
                    weights[gate][pair * 2][i] = v.x;
                    weights[gate][pair * 2][i + 2] = v.y;
                    weights[gate][pair * 2 + 1][i] = v.z;
                    weights[gate][pair * 2 + 1][i + 2] = v.w;
                }
            }
        }
    }

    // Of an n-tile: the barrier of h, then that of r*h.
    if (threadIdx.x == 0) {
        openBarriers(base + layout.barriers, sampleTiles, [&](int tile) { return samplesOf(tile) * kHidden * 2; });
    }
    // Forward step s of a sample lies at origin + s * timeStride: direction 1 walks backwards from the sample's last step.
    const int timeStride = held(batch * directions * hidden * (direction == 0 ? 1 : -1));
    fillRows(rows, args, direction, firstSample, samples, tileSamples, sampleTiles * kTileSamples);
    // What padding samples hold never reaches a real one, but it is read.
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
        if (args.savedReset != nullptr) {
            zeroBehindLengths(args.savedReset, 1, rows, sampleTiles * kTileSamples, args, direction, rank * kUnits, own);
        }
    }

    const bool finishing = split < 2;
    const int ownBlock = group * 2 + split;             // of 8 units within this block, of a finishing warp
    const int firstUnit = rank * kUnits + ownBlock * 8; // of that block of units
    const int unit = firstUnit + lane / 4;
    const int column = lane % 4 * 2; // of the lane's first cell in the n-tile
    auto rowAt = [&](int tile, int cell) { return rows[tile * kTileSamples + column + cell]; };
    auto stateOf = [&](const SampleRow &row) { return (size_t(direction) * batch + row.sample) * hidden + unit; };
    const int ownKept = held(layout.kept + (ownBlock * 32 + lane) * 16);
    auto keptAt = [&](int tile) { return reinterpret_cast<uint4 *>(shared + ownKept + tile * kGeometry.finishing * 512); };

    // Gate inputs come through a ring of the finishing warp. Where rows lie on 16 bytes, each lane copies one chunk: 8 units are
    // three. Elsewhere lanes fetch their own cells, at the price of waiting.
    constexpr int kPitch = inputPitch(kGates), kStageBytes = kTileSamples * kPitch, kRingBytes = kStages * kStageBytes;
    const int ring = layout.inputs + ownBlock * kRingBytes;
    const bool chunked = hidden % 8 == 0;
    const int fetchRow = min(lane / 3, kTileSamples - 1), fetchChunk = lane % 3;
    const int ownInputs = held(ring + column * kPitch + lane / 4 * kGates * 2);
    const uint32_t fetchTo = held(base + ring + fetchRow * kPitch + fetchChunk * 16);
    const int64_t fetchStride = held(int64_t(timeStride) * kGates * 2);
    const char *fetchFrom; // moves on with every step
    int fetchSteps;        // that the row takes
    int fetchStep = 0, fetchTile = 0, fetchStage = 0;
    auto fetchSeek = [&] {
        const SampleRow row = rows[fetchTile * kTileSamples + fetchRow];
        fetchSteps = firstUnit < hidden ? row.length : 0;
        const int64_t index = (row.origin + int64_t(fetchStep) * timeStride + firstUnit) * kGates + fetchChunk * 8;
        fetchFrom = reinterpret_cast<const char *>(args.gateInputs + index);
    };
    auto fetch = [&] {
        if (chunked) {
            if (lane < 3 * kTileSamples) copyAsync16(fetchTo + fetchStage, fetchFrom, fetchStep < fetchSteps ? 16 : 0);
        } else {
#pragma unroll
            for (int j = 0; j < kCells; j++) {
                const SampleRow row = rowAt(fetchTile, j);
                const bool real = fetchStep < row.length && unit < hidden;
                const uint16_t *const from = args.gateInputs + (row.origin + int64_t(fetchStep) * timeStride + unit) * kGates;
                uint16_t *const to = reinterpret_cast<uint16_t *>(shared + ownInputs + fetchStage + j * kPitch);
#pragma unroll
                for (int gate = 0; gate < kGates; gate++) to[gate] = real ? __ldg(from + gate) : uint16_t(0);
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
    constexpr int kChunkLanes = 8, kReceivers = 32 / kChunkLanes, kPushes = kCluster / kReceivers;
    const int chunkColumn = column + (lane / 4 & 1);
    uint32_t pushTo[kPushes], pushBarrier[kPushes];
#pragma unroll
    for (int d = 0; d < kPushes; d++) {
        const int slot = d * kReceivers + lane / kChunkLanes, slotBlock = slot * (kUnits / 8) + ownBlock;
        const uint32_t peer = peerAddress(base, (rank + slot) % kCluster);
        pushTo[d] = held(peer + slotBlock * 128 + (lane % kChunkLanes ^ (slotBlock & 3)) * 16);
        pushBarrier[d] = held(peer + layout.barriers);
    }
    // Where the lane puts its first value, from where it takes its chunk, and where these lie in its own slot of a state.
    const int turnPart = held(layout.chunks + ownBlock * 128 + column * 16 + lane / 4 * 2);
    const int chunkPart = held(layout.chunks + ownBlock * 128 + chunkColumn * 16);
    const int ownValue = held(ownBlock * 128 + (lane % 4 ^ (ownBlock & 3)) * 16 + lane / 4 * 2); // the next cell's is 64 behind
    const int ownChunk = held(ownBlock * 128 + (lane % kChunkLanes ^ (ownBlock & 3)) * 16);
    const int wideRows = held(int(hidden % 8 == 0));
    // Turns two values per lane of 8 units x 8 samples into chunks of one sample each.
    auto turnRound = [&](const uint16_t (&values)[kCells]) {
#pragma unroll
        for (int j = 0; j < kCells; j++) *reinterpret_cast<uint16_t *>(shared + turnPart + j * 16) = values[j];
        __syncwarp();
        return *reinterpret_cast<const uint4 *>(shared + chunkPart);
    };

    // Where the lane's cells and its chunk of y are in this iteration, and how many steps they take part.
    int64_t cellIndex[kCells], chunkIndex;
    int cellSteps[kCells], chunkSteps, lastStep;
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
    clusterSync();

    const int lanePart = held(split * 512 + lane % 4 * 128 + ((((lane / 4 & 1) * 4 + lane / 8) ^ (lane % 4)) * 16));
    const int partialsPart = held(layout.partials + lane * 8);
    bool lost = false;
    int turn = 0, stage = 0;
    auto readState = [&](int state, uint4 (&values)[kPairs]) {
#pragma unroll
        for (int pair = 0; pair < kPairs; pair++) values[pair] = *reinterpret_cast<const uint4 *>(shared + state + pair * kSplits * 512);
    };
    // What the warps of the group have summed, brought together where it is finished. Two sets of places: a warp writes one only
    // after the meeting behind which the other was read.
    auto gather = [&](const float (&sum)[4]) {
        auto partialsAt = [&](int finisher, int source) {
            const int place = ((turn * kGroups + group) * 2 + finisher) * (kSplits - 1) + source;
            return reinterpret_cast<float2 *>(shared + partialsPart + place * 256);
        };
#pragma unroll
        for (int f = 0; f < 2; f++) {
            if (f != split) *partialsAt(f, split > f ? split - 1 : split) = make_float2(sum[f * 2], sum[f * 2 + 1]);
        }
        namedBarrier(group + 1, kSplits * 32);
        float2 total = split == 0 ? make_float2(sum[0], sum[1]) : make_float2(sum[2], sum[3]);
        if (finishing) {
#pragma unroll
            for (int s = 0; s < kSplits - 1; s++) {
                const float2 v = *partialsAt(split, s);
                total.x += v.x;
                total.y += v.y;
            }
        }
        turn ^= 1;
        return total;
    };

    for (int step = 0; step < steps; step++) {
        for (int tile = 0; tile < sampleTiles; tile++) {
            uint16_t inputs[kCells][kGates];
            if (finishing) {
                copyWait<kAhead - 1>();
                __syncwarp();
#pragma unroll
                for (int j = 0; j < kCells; j++) {
                    const uint16_t *const from = reinterpret_cast<const uint16_t *>(shared + ownInputs + stage + j * kPitch);
#pragma unroll
                    for (int gate = 0; gate < kGates; gate++) inputs[j][gate] = from[gate];
                }
                stage = stage + kStageBytes == kRingBytes ? 0 : stage + kStageBytes;
            }
            // All addresses before the wait.
            const int state = held(tile * 2 * layout.stateBytes), expected = held(samplesOf(tile) * kHidden * 2);
            const uint32_t barrier = held(base + layout.barriers + tile * 16);
            const bool pushes = chunkColumn < samplesOf(tile);
            if (step > 0) {
                barrierWait(barrier, (step - 1) & 1, lost, args.error);
                if (first && !lost) barrierExpect(barrier, expected);
            }

            uint4 h[kPairs];
            readState(lanePart + state, h);
            float sum[4];
            product<Type, kPairs>(weights[0], h, sum);
            const float2 sumR = gather(sum);
            float r[kCells];
            if (finishing) {
                uint16_t reset[kCells];
#pragma unroll
                for (int j = 0; j < kCells; j++) {
                    const float before = Type::value(*reinterpret_cast<const uint16_t *>(shared + state + ownValue + j * 64));
                    r[j] = Type::sigmoid((j == 0 ? sumR.x : sumR.y) + Type::value(inputs[j][0]));
                    // A padding unit's sums are 0 times h, NaN where h is infinite; it must not reach the real ones.
                    reset[j] = unit < hidden ? Type::bits(r[j] * before) : uint16_t(0);
                }
                const uint4 chunk = turnRound(reset);
#pragma unroll
                for (int d = 0; d < kPushes; d++) {
                    if (pushes) storePeer(pushTo[d] + state + layout.stateBytes, chunk, pushBarrier[d] + tile * 16 + 8);
                }
            }

            // The rest of this part lies in the shadow of the exchange.
            product<Type, kPairs>(weights[1], h, sum);
            const float2 sumZ = gather(sum);
            if (finishing) {
                const float z0 = Type::sigmoid(sumZ.x + Type::value(inputs[0][1])), z1 = Type::sigmoid(sumZ.y + Type::value(inputs[1][1]));
                *keptAt(tile) = make_uint4(__float_as_uint(z0), __float_as_uint(z1), Type::bits(r[0]) | uint32_t(inputs[0][2]) << 16,
                                           Type::bits(r[1]) | uint32_t(inputs[1][2]) << 16);
                fetch();
            }
        }

        for (int tile = 0; tile < sampleTiles; tile++) {
            const int state = held(tile * 2 * layout.stateBytes), resetState = held(state + layout.stateBytes);
            const int expected = held(samplesOf(tile) * kHidden * 2);
            const uint32_t barrier = held(base + layout.barriers + tile * 16 + 8);
            const bool pushes = chunkColumn < samplesOf(tile) && step < steps - 1;
            uint4 kept = {};
            float before[kCells] = {};
            if (finishing) {
                kept = *keptAt(tile);
#pragma unroll
                for (int j = 0; j < kCells; j++) {
                    before[j] = Type::value(*reinterpret_cast<const uint16_t *>(shared + state + ownValue + j * 64));
                }
            }
            barrierWait(barrier, step & 1, lost, args.error);
            if (first && !lost) barrierExpect(barrier, expected);

            uint4 reset[kPairs];
            readState(lanePart + resetState, reset);
            float sum[4];
            product<Type, kPairs>(weights[2], reset, sum);
            const float2 sumN = gather(sum);
            if (finishing) {
                const float z[kCells] = {__uint_as_float(kept.x), __uint_as_float(kept.y)};
                const uint32_t others[kCells] = {kept.z, kept.w}; // r and the input of n
                float n[kCells];
                uint16_t after[kCells];
#pragma unroll
                for (int j = 0; j < kCells; j++) {
                    n[j] = Type::tanh((j == 0 ? sumN.x : sumN.y) + Type::high(others[j]));
                    after[j] = unit < hidden ? Type::bits(fmaf(z[j], before[j] - n[j], n[j])) : uint16_t(0);
                }
                const uint4 chunk = turnRound(after);
#pragma unroll
                for (int d = 0; d < kPushes; d++) {
                    if (pushes) storePeer(pushTo[d] + state, chunk, pushBarrier[d] + tile * 16);
                }

                // The rest of the step lies in the shadow of the exchange.
                storeIf(step < chunkSteps, args.y + chunkIndex, chunk);
                if (args.saves()) {
                    storeIf(step < chunkSteps, args.savedReset + chunkIndex, *reinterpret_cast<const uint4 *>(shared + resetState + ownChunk));
#pragma unroll
                    for (int j = 0; j < kCells; j++) {
                        const uint16_t resetH = *reinterpret_cast<const uint16_t *>(shared + resetState + ownValue + j * 64);
                        const uint32_t rz = (others[j] & 0xffffu) | uint32_t(Type::bits(z[j])) << 16;
                        storeIf(step < cellSteps[j], args.savedGates + cellIndex[j] * 4, make_uint2(rz, Type::bits(n[j]) | uint32_t(resetH) << 16));
                        storeIf(!wideRows && step < cellSteps[j], args.savedReset + cellIndex[j], resetH);
                    }
                }
                if (step >= lastStep) {
#pragma unroll
                    for (int j = 0; j < kCells; j++) {
                        storeIf(!wideRows && step < cellSteps[j], args.y + cellIndex[j], after[j]);
                        if (step + 1 == cellSteps[j] && args.hy != nullptr) args.hy[stateOf(rowAt(tile, j))] = after[j];
                    }
                }
                if (sampleTiles > 1) {
                    const bool lastTile = tile + 1 == sampleTiles;
                    seek(lastTile ? step + 1 : step, lastTile ? 0 : tile + 1);
                } else {
#pragma unroll
                    for (int j = 0; j < kCells; j++) cellIndex[j] += timeStride;
                    chunkIndex += timeStride;
                }
            }
        }
    }
    copyWait<0>();
    // No block may leave while a peer can still push to it.
    clusterSync();
#endif
}

template <class Type, int kIndex>
cudaError_t launchTile(const GruResetForwardArgs &args, cudaStream_t stream) {
    constexpr ForwardTile tile = kGruResetForward[kIndex];
    constexpr GruResetForwardGeometry geometry(tile.hidden, tile.cluster, tile.splits);
    const int sampleTiles = (args.samplesPerSlice + kTileSamples - 1) / kTileSamples;
    const GruResetForwardLayout layout(geometry, tile.hidden, tile.splits, sampleTiles);
    return launchClusters(gruResetForward<Type, tile.hidden, tile.cluster, tile.splits>, args.slices * args.directions * tile.cluster,
                          tile.cluster, geometry.warps * 32, layout.total, args, stream);
}

template <class Type, int... kIndices>
cudaError_t pick(int tile, const GruResetForwardArgs &args, cudaStream_t stream, std::integer_sequence<int, kIndices...>) {
    using Launch = cudaError_t (*)(const GruResetForwardArgs &, cudaStream_t);
    static constexpr Launch launches[] = {&launchTile<Type, kIndices>...};
    return launches[tile](args, stream);
}

} // namespace

cudaError_t launchGruResetForward(int tile, bool half, const GruResetForwardArgs &args, cudaStream_t stream) {
    constexpr int kTiles = sizeOf(kGruResetForward);
    if (tile < 0 || tile >= kTiles) return cudaErrorInvalidValue;
    constexpr auto indices = std::make_integer_sequence<int, kTiles>();
    return half ? pick<Half>(tile, args, stream, indices) : pick<Bf16>(tile, args, stream, indices);
}

} // namespace frnn
