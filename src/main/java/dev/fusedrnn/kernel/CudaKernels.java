package dev.fusedrnn.kernel;

import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.tensor.Tensor;

/** The operations on a CUDA device. */
final class CudaKernels implements Kernels {
    private final Device device;

    CudaKernels(Device device) {
        this.device = device;
    }

    @Override
    public Device device() {
        return device;
    }

    @Override
    public void fill(Tensor tensor, float value) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void convert(Tensor from, Tensor to) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void gemm(
            boolean transposeA,
            boolean transposeB,
            long m,
            long n,
            long k,
            float alpha,
            Tensor a,
            long lda,
            Tensor b,
            long ldb,
            float beta,
            Tensor c,
            long ldc) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void addRow(Tensor matrix, Tensor row) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void columnSum(Tensor matrix, Tensor sums, boolean accumulate) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void addScaled(Tensor y, float alpha, Tensor x) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void scale(Tensor y, Tensor scale) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void gather(Tensor ids, Tensor table, Tensor out) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void scatterAdd(Tensor ids, Tensor rows, Tensor table, boolean accumulate) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void softmaxCrossEntropy(Tensor logits, Tensor targets, Tensor losses, Tensor gradientScale) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void sum(Tensor values, Tensor sum, boolean accumulate) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void dropout(Tensor in, Tensor out, float p, Tensor random, int stream) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void squaredNorm(Tensor gradient, Tensor squaredNorm) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void clipScale(Tensor squaredNorm, float maxNorm, float lossUnscale, Tensor scale) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void update(OptimizerUpdate update) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void close() {}
}
