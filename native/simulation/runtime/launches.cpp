// Attributes of kernels, and what CUDA checks of a launch before it queues it.
#include <map>

#include "launches.h"
#include "state.h"

namespace simulation {
namespace {

struct Attributes {
    int dynamicShared = 48 << 10;
    bool anyCluster = false;
};

std::map<const void *, Attributes> &kernels() {
    static std::map<const void *, Attributes> all;
    return all;
}

// Clusters of 2, 4, 8, 16 blocks that an H100 holds at once if a block needs a multiprocessor for itself.
int clustersAtOnce(unsigned cluster) {
    switch (cluster) {
        case 1: return MULTIPROCESSORS;
        case 2: return 66;
        case 4: return 30;
        case 8: return 15;
        case 16: return 7;
        default: return 0;
    }
}

int blocksPerMultiprocessor(unsigned threads, size_t sharedBytes) {
    const size_t byShared = (SHARED_BYTES + RESERVED_SHARED_BYTES) / (sharedBytes + RESERVED_SHARED_BYTES);
    const size_t byThreads = 2048 / threads;
    return static_cast<int>(byShared < byThreads ? byShared : byThreads);
}

unsigned mostBlocks(const Attributes &kernel) { return kernel.anyCluster ? 16 : 8; }

}  // namespace

static cudaError_t check(const Launch &launch) {
    const Attributes &kernel = kernels()[launch.function];
    const int64_t blocks = int64_t(launch.grid.x) * launch.grid.y * launch.grid.z;
    const int64_t threads = int64_t(launch.block.x) * launch.block.y * launch.block.z;
    if (blocks < 1 || threads < 1 || threads > MOST_THREADS) return cudaErrorInvalidConfiguration;
    if (launch.block.z > 64 || launch.grid.y > 65535 || launch.grid.z > 65535) return cudaErrorInvalidConfiguration;
    if (launch.sharedBytes > size_t(kernel.dynamicShared)) return cudaErrorInvalidValue;
    const unsigned cluster = launch.clusterSize;
    if (cluster > 1 && (cluster > mostBlocks(kernel) || launch.grid.x % cluster != 0)) return cudaErrorInvalidClusterSize;
    if (!launch.cooperative) return cudaSuccess;
    const int64_t resident = int64_t(clustersAtOnce(cluster)) * cluster * blocksPerMultiprocessor(unsigned(threads), launch.sharedBytes);
    return blocks > resident ? cudaErrorCooperativeLaunchTooLarge : cudaSuccess;
}

cudaError_t checkLaunch(const Launch &launch) {
    return call([&](State &) { return check(launch); });
}

}  // namespace simulation

using namespace simulation;

extern "C" {

cudaError_t cudaFuncSetAttribute(const void *function, cudaFuncAttribute attribute, int value) {
    return call([&](State &) {
        Attributes &kernel = kernels()[function];
        if (attribute == cudaFuncAttributeMaxDynamicSharedMemorySize) {
            if (value < 0 || value > int(SHARED_BYTES)) return cudaErrorInvalidValue;
            kernel.dynamicShared = value;
        } else if (attribute == cudaFuncAttributeNonPortableClusterSizeAllowed) {
            kernel.anyCluster = value != 0;
        } else {
            return cudaErrorInvalidValue;
        }
        return cudaSuccess;
    });
}

cudaError_t cudaOccupancyMaxActiveClusters(int *clusters, const void *function, const cudaLaunchConfig_t *config) {
    return call([&](State &) {
        unsigned cluster = 1;
        for (unsigned i = 0; i < config->numAttrs; ++i) {
            if (config->attrs[i].id == cudaLaunchAttributeClusterDimension) cluster = config->attrs[i].val.clusterDim.x;
        }
        const Attributes &kernel = kernels()[function];
        if (cluster > mostBlocks(kernel) || clustersAtOnce(cluster) == 0) return cudaErrorInvalidClusterSize;
        if (config->dynamicSmemBytes > size_t(kernel.dynamicShared)) return cudaErrorInvalidValue;
        const unsigned threads = config->blockDim.x * config->blockDim.y * config->blockDim.z;
        if (threads < 1 || threads > MOST_THREADS) return cudaErrorInvalidConfiguration;
        *clusters = clustersAtOnce(cluster) * blocksPerMultiprocessor(threads, config->dynamicSmemBytes);
        return cudaSuccess;
    });
}

}  // extern "C"
