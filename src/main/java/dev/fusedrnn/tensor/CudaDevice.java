package dev.fusedrnn.tensor;

/** One CUDA device with a stream of its own. */
final class CudaDevice extends Device {
    CudaDevice() {
        throw new UnsupportedOperationException("no CUDA runtime is bound yet");
    }

    @Override
    public boolean isCuda() {
        return true;
    }

    @Override
    public String name() {
        return "cuda";
    }

    @Override
    public String reason() {
        return "";
    }

    @Override
    public void synchronize() {
        throw new UnsupportedOperationException();
    }

    @Override
    long allocateBytes(long bytes) {
        throw new UnsupportedOperationException();
    }

    @Override
    void freeBytes(long address, long bytes) {
        throw new UnsupportedOperationException();
    }

    @Override
    void fillBytes(long address, long bytes, byte value) {
        throw new UnsupportedOperationException();
    }

    @Override
    void copyBytes(long from, long to, long bytes) {
        throw new UnsupportedOperationException();
    }

    @Override
    void upload(long hostAddress, long deviceAddress, long bytes) {
        throw new UnsupportedOperationException();
    }

    @Override
    void download(long deviceAddress, long hostAddress, long bytes) {
        throw new UnsupportedOperationException();
    }

    @Override
    void release() {
        throw new UnsupportedOperationException();
    }
}
