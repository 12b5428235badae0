package dev.fusedrnn.internal.natives;

/**
 * Properties of one CUDA device, read without creating a context on it.
 *
 * @param index CUDA's number of it
 * @param name the vendor's name
 * @param major compute capability, before the dot
 * @param minor compute capability, after the dot
 * @param runsHere whether our library holds code for it
 * @param multiprocessors number of SMs
 * @param cooperativeLaunch whether all blocks of a kernel can be made resident together
 * @param clusterLaunch whether blocks can be launched in clusters
 * @param sharedBytesPerBlockOptIn most shared memory one block may have
 * @param memoryBytes device memory
 * @param l2Bytes second-level cache
 * @param pciBusId its place on the bus
 */
public record NativeDevice(
        int index,
        String name,
        int major,
        int minor,
        boolean runsHere,
        int multiprocessors,
        boolean cooperativeLaunch,
        boolean clusterLaunch,
        long sharedBytesPerBlockOptIn,
        long memoryBytes,
        long l2Bytes,
        String pciBusId) {}
