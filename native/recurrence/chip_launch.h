// What the entry points of the library know of the chip-wide kernels.
#pragma once

#include <cuda_runtime_api.h>

#include "cluster_args.h"
#include "shared_limit.h"

namespace frnn {

// Which slices a launch works on and where its blocks meet.
struct ChipPlace {
    char *exchange; // in the workspace
    int firstSlice; // of all directions, counted through
    int blocks;     // of one slice
};

// How a pass is cut into launches; `tile` indexes the tables in chip_tiles.h.
struct ChipRun {
    int tile;
    int slices; // of all directions
    int slicesAtOnce;
    void *workspace;
    int64_t workspaceBytes;
    cudaStream_t stream;
};

// half: F16 storage, else BF16.
cudaError_t launchChipLstmForward(const ChipRun &run, bool half, const ForwardArgs &args);
cudaError_t launchChipGruForward(const ChipRun &run, bool half, const ForwardArgs &args);
cudaError_t launchChipLstmBackward(const ChipRun &run, bool half, const BackwardArgs &args);
cudaError_t launchChipGruBackward(const ChipRun &run, bool half, const BackwardArgs &args);
cudaError_t launchWideLstmForward(const ChipRun &run, bool half, const ForwardArgs &args);
cudaError_t launchWideGruForward(const ChipRun &run, bool half, const ForwardArgs &args);
cudaError_t launchWideLstmBackward(const ChipRun &run, bool half, const BackwardArgs &args);
cudaError_t launchWideGruBackward(const ChipRun &run, bool half, const BackwardArgs &args);

// One launch after the other until all slices are done. All blocks of a launch are resident, or it fails. The exchange is
// filled with what no kernel takes for data of its first steps.
template <class Kernel, class Args>
cudaError_t launchChip(Kernel kernel, const ChipRun &run, int blocks, int cluster, int threads, int sharedBytes, int64_t exchangeBytes,
                       int fill, const Args &args) {
    if (exchangeBytes * run.slicesAtOnce > run.workspaceBytes) return cudaErrorInvalidValue;
    cudaError_t status = allowSharedMemory(kernel);
    for (int first = 0; first < run.slices && status == cudaSuccess; first += run.slicesAtOnce) {
        const int slices = run.slices - first < run.slicesAtOnce ? run.slices - first : run.slicesAtOnce;
        status = cudaMemsetAsync(run.workspace, fill, size_t(exchangeBytes * slices), run.stream);
        if (status != cudaSuccess) break;
        cudaLaunchAttribute attributes[2] = {};
        attributes[0].id = cudaLaunchAttributeCooperative;
        attributes[0].val.cooperative = 1;
        attributes[1].id = cudaLaunchAttributeClusterDimension;
        attributes[1].val.clusterDim.x = unsigned(cluster);
        attributes[1].val.clusterDim.y = 1;
        attributes[1].val.clusterDim.z = 1;
        cudaLaunchConfig_t config = {};
        config.gridDim = dim3(unsigned(blocks * slices));
        config.blockDim = dim3(unsigned(threads));
        config.dynamicSmemBytes = size_t(sharedBytes);
        config.stream = run.stream;
        config.attrs = attributes;
        config.numAttrs = cluster > 1 ? 2 : 1;
        status = cudaLaunchKernelEx(&config, kernel, args, ChipPlace{static_cast<char *>(run.workspace), first, blocks});
    }
    return status;
}

} // namespace frnn
