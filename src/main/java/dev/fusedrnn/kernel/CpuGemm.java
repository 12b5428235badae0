package dev.fusedrnn.kernel;

import dev.fusedrnn.internal.blas.ParallelBlas;
import dev.fusedrnn.internal.host.HostScratch;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Tensor;

/** Matrix products in CPU memory; 16-bit operands are widened first and products are in F32. */
final class CpuGemm implements AutoCloseable {
    private final FloatBlocks blocks;
    private final float[] block = new float[FloatBlocks.SIZE];
    private final float[] biasRows = new float[FloatBlocks.SIZE];
    private final HostScratch wideA = new HostScratch();
    private final HostScratch wideB = new HostScratch();
    private final HostScratch wideC = new HostScratch();
    private ParallelBlas blas;

    CpuGemm(FloatBlocks blocks) {
        this.blocks = blocks;
    }

    void run(
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
            long ldc,
            Tensor bias) {
        long usedA = transposeA ? span("a", a, k, m, lda) : span("a", a, m, k, lda);
        long usedB = transposeB ? span("b", b, n, k, ldb) : span("b", b, k, n, ldb);
        long usedC = span("c", c, m, n, ldc);
        if (bias != null) {
            FloatBlocks.requireElements("bias", bias, n);
        }
        if (m == 0 || n == 0) {
            return;
        }
        if (blas == null) {
            blas = new ParallelBlas();
        }
        boolean narrowC = c.dataType() != DataType.F32;
        // Where c has gaps between its rows, widening keeps what lies in them.
        boolean readC = beta != 0 || ldc != n;
        long cAddress = narrowC && !readC ? wideC.require(usedC * Float.BYTES) : widen(c, usedC, wideC);
        blas.sgemm(
                transposeA,
                transposeB,
                Math.toIntExact(m),
                Math.toIntExact(n),
                Math.toIntExact(k),
                alpha,
                widen(a, usedA, wideA),
                Math.toIntExact(lda),
                widen(b, usedB, wideB),
                Math.toIntExact(ldb),
                beta,
                cAddress,
                Math.toIntExact(ldc));
        if (bias != null) {
            addBias(cAddress, bias, m, ldc);
        }
        if (narrowC) {
            narrow(cAddress, c, usedC);
        }
    }

    /** Several rows at a time where they are short and without gaps. */
    private void addBias(long address, Tensor bias, long m, long ldc) {
        long n = bias.elements();
        for (long column = 0; column < n; column += FloatBlocks.SIZE) {
            int columns = (int) Math.min(FloatBlocks.SIZE, n - column);
            int most = columns == ldc ? FloatBlocks.SIZE / columns : 1;
            blocks.load(bias, column, biasRows, columns);
            for (int i = 1; i < most; i++) {
                System.arraycopy(biasRows, 0, biasRows, i * columns, columns);
            }
            for (long row = 0; row < m; row += most) {
                int count = (int) Math.min(most, m - row) * columns;
                long at = address + (row * ldc + column) * Float.BYTES;
                blocks.cursor().get(at, block, 0, count);
                for (int i = 0; i < count; i++) {
                    block[i] += biasRows[i];
                }
                blocks.cursor().put(at, block, 0, count);
            }
        }
    }

    /** Elements from the first to the last one of a stored matrix. */
    private static long span(String name, Tensor tensor, long rows, long columns, long ld) {
        if (rows < 0 || columns < 0 || ld < Math.max(1, columns)) {
            throw new IllegalArgumentException(
                    name + " [" + rows + ", " + columns + "] cannot have a row distance of " + ld);
        }
        long used = rows == 0 || columns == 0 ? 0 : Math.addExact(Math.multiplyExact(rows - 1, ld), columns);
        if (used > tensor.elements()) {
            throw new IllegalArgumentException(name + " [" + rows + ", " + columns + "] with row distance " + ld
                    + " needs " + used + " elements, found " + tensor);
        }
        return used;
    }

    private long widen(Tensor tensor, long elements, HostScratch scratch) {
        if (tensor.dataType() == DataType.F32) {
            return tensor.address();
        }
        long address = scratch.require(elements * Float.BYTES);
        for (long at = 0; at < elements; at += FloatBlocks.SIZE) {
            int count = (int) Math.min(FloatBlocks.SIZE, elements - at);
            blocks.load(tensor, at, block, count);
            blocks.cursor().put(address + at * Float.BYTES, block, 0, count);
        }
        return address;
    }

    private void narrow(long address, Tensor tensor, long elements) {
        for (long at = 0; at < elements; at += FloatBlocks.SIZE) {
            int count = (int) Math.min(FloatBlocks.SIZE, elements - at);
            blocks.cursor().get(address + at * Float.BYTES, block, 0, count);
            blocks.store(tensor, at, block, count);
        }
    }

    @Override
    public void close() {
        wideA.close();
        wideB.close();
        wideC.close();
    }
}
