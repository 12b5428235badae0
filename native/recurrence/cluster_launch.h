// What the entry points of the library know of the cluster kernels: one pair of launchers per cell family.
#pragma once

#include <cuda_runtime_api.h>

#include "cluster_args.h"
#include "shared_limit.h"

namespace frnn {

// `tile` indexes the table of the cell in cluster_tiles.h; half: F16 storage, else BF16.
cudaError_t launchLstmForward(int tile, bool half, const ForwardArgs &args, cudaStream_t stream);
cudaError_t launchGruForward(int tile, bool half, const ForwardArgs &args, cudaStream_t stream);
cudaError_t launchRnnForward(int tile, bool half, const ForwardArgs &args, cudaStream_t stream);
cudaError_t launchLstmBackward(int tile, bool half, const BackwardArgs &args, cudaStream_t stream);
cudaError_t launchGruBackward(int tile, bool half, const BackwardArgs &args, cudaStream_t stream);
cudaError_t launchRnnBackward(int tile, bool half, const BackwardArgs &args, cudaStream_t stream);

// Those of the GRU that resets before its product; tables in cluster_reset_tiles.h.
cudaError_t launchGruResetForward(int tile, bool half, const GruResetForwardArgs &args, cudaStream_t stream);
cudaError_t launchGruResetBackward(int tile, bool half, const BackwardArgs &args, cudaStream_t stream);

// The same with zoneout, for the tiles that have it.
cudaError_t launchZonedLstmForward(int tile, bool half, const ForwardArgs &args, cudaStream_t stream);
cudaError_t launchZonedGruForward(int tile, bool half, const ForwardArgs &args, cudaStream_t stream);
cudaError_t launchZonedRnnForward(int tile, bool half, const ForwardArgs &args, cudaStream_t stream);
cudaError_t launchZonedLstmBackward(int tile, bool half, const BackwardArgs &args, cudaStream_t stream);
cudaError_t launchZonedGruBackward(int tile, bool half, const BackwardArgs &args, cudaStream_t stream);
cudaError_t launchZonedRnnBackward(int tile, bool half, const BackwardArgs &args, cudaStream_t stream);

// The same for F32 storage; `tile` indexes the tables of f32_tiles.h.
cudaError_t launchLstmF32(int tile, const ForwardArgsF32 &args, cudaStream_t stream);
cudaError_t launchGruF32(int tile, const ForwardArgsF32 &args, cudaStream_t stream);
cudaError_t launchRnnF32(int tile, const ForwardArgsF32 &args, cudaStream_t stream);
cudaError_t launchLstmF32(int tile, const BackwardArgsF32 &args, cudaStream_t stream);
cudaError_t launchGruF32(int tile, const BackwardArgsF32 &args, cudaStream_t stream);
cudaError_t launchRnnF32(int tile, const BackwardArgsF32 &args, cudaStream_t stream);
cudaError_t launchZonedLstmF32(int tile, const ForwardArgsF32 &args, cudaStream_t stream);
cudaError_t launchZonedGruF32(int tile, const ForwardArgsF32 &args, cudaStream_t stream);
cudaError_t launchZonedRnnF32(int tile, const ForwardArgsF32 &args, cudaStream_t stream);
cudaError_t launchZonedLstmF32(int tile, const BackwardArgsF32 &args, cudaStream_t stream);
cudaError_t launchZonedGruF32(int tile, const BackwardArgsF32 &args, cudaStream_t stream);
cudaError_t launchZonedRnnF32(int tile, const BackwardArgsF32 &args, cudaStream_t stream);

// The same by TF32 products; `tile` indexes the tables of tf32_tiles.h.
cudaError_t launchLstmTf32(int tile, const ForwardArgsF32 &args, cudaStream_t stream);
cudaError_t launchGruTf32(int tile, const ForwardArgsF32 &args, cudaStream_t stream);
cudaError_t launchRnnTf32(int tile, const ForwardArgsF32 &args, cudaStream_t stream);
cudaError_t launchLstmTf32(int tile, const BackwardArgsF32 &args, cudaStream_t stream);
cudaError_t launchGruTf32(int tile, const BackwardArgsF32 &args, cudaStream_t stream);
cudaError_t launchRnnTf32(int tile, const BackwardArgsF32 &args, cudaStream_t stream);

// Launches `blocks` blocks in clusters; the launch fails rather than start where not one cluster fits.
template <class Kernel, class Args>
cudaError_t launchClusters(Kernel kernel, int blocks, int cluster, int threads, int sharedBytes, const Args &args,
                           cudaStream_t stream) {
    cudaError_t status = allowSharedMemory(kernel);
    if (status != cudaSuccess) return status;
    if (cluster > 8) {
        status = cudaFuncSetAttribute(kernel, cudaFuncAttributeNonPortableClusterSizeAllowed, 1);
        if (status != cudaSuccess) return status;
    }
    cudaLaunchAttribute attribute = {};
    attribute.id = cudaLaunchAttributeClusterDimension;
    attribute.val.clusterDim.x = unsigned(cluster);
    attribute.val.clusterDim.y = 1;
    attribute.val.clusterDim.z = 1;
    cudaLaunchConfig_t config = {};
    config.gridDim = dim3(unsigned(blocks));
    config.blockDim = dim3(unsigned(threads));
    config.dynamicSmemBytes = size_t(sharedBytes);
    config.stream = stream;
    config.attrs = &attribute;
    config.numAttrs = cluster > 1 ? 1 : 0;
    if (cluster > 1) {
        int resident = 0;
        status = cudaOccupancyMaxActiveClusters(&resident, kernel, &config);
        if (status != cudaSuccess) return status;
        if (resident == 0) return cudaErrorCooperativeLaunchTooLarge;
    }
    return cudaLaunchKernelEx(&config, kernel, args);
}

} // namespace frnn
