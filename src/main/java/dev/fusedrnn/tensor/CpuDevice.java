package dev.fusedrnn.tensor;

import dev.fusedrnn.internal.host.HostMemory;

/** The CPU: memory outside the Java heap, work done before a call returns. */
final class CpuDevice extends Device {
    private final String reason;

    CpuDevice(String reason) {
        HostMemory.requireNativeCode();
        this.reason = reason;
    }

    @Override
    public boolean isCuda() {
        return false;
    }

    @Override
    public String name() {
        return "cpu";
    }

    @Override
    public String description() {
        return "cpu, " + Runtime.getRuntime().availableProcessors() + " processors";
    }

    @Override
    public String reason() {
        return reason;
    }

    @Override
    public void synchronize() {
        requireOpen();
    }

    @Override
    long allocateBytes(long bytes) {
        return HostMemory.allocate(bytes);
    }

    @Override
    void freeBytes(long address, long bytes) {
        HostMemory.free(address);
    }

    @Override
    void fillBytes(long address, long bytes, byte value) {
        HostMemory.fill(address, bytes, value);
    }

    @Override
    void copyBytes(long from, long to, long bytes) {
        HostMemory.copy(from, to, bytes);
    }

    @Override
    void upload(long hostAddress, long deviceAddress, long bytes) {
        HostMemory.copy(hostAddress, deviceAddress, bytes);
    }

    @Override
    void download(long deviceAddress, long hostAddress, long bytes) {
        HostMemory.copy(deviceAddress, hostAddress, bytes);
    }

    @Override
    void release() {
        // Tensors own their memory; the CPU itself holds nothing.
    }
}
