package dev.fusedrnn.engine.cpu;

import dev.fusedrnn.internal.blas.ParallelBlas;
import dev.fusedrnn.internal.host.HostCursor;
import dev.fusedrnn.internal.host.HostMemory;
import dev.fusedrnn.kernel.DropoutMask;

/**
 * Passes through all layers on F32 memory. Per layer: one product for the inputs of all steps, the recurrence, dropout; and
 * the same way back, with the gradients of the weights as products over all steps afterwards.
 */
final class Stack implements AutoCloseable {
    private static final int BLOCK = 4096;

    private final Extents extents;
    private final Workspace workspace;
    private final Lanes lanes;
    private final LayerView[] views;
    private final WeightGradients weightGradients;
    private final RecurrentTranspose transpose;
    private final ParallelBlas blas = new ParallelBlas();
    private final HostCursor cursor = new HostCursor();
    private final float[] block = new float[BLOCK];
    private final float[] factors = new float[BLOCK];
    private final int[] random = new int[4];
    private final int[] words = new int[4];

    Stack(Extents extents, boolean training) {
        this.extents = extents;
        this.workspace = new Workspace(extents, training);
        this.lanes = new Lanes(extents);
        this.views = new LayerView[extents.directions()];
        for (int direction = 0; direction < views.length; direction++) {
            views[direction] = new LayerView(extents);
        }
        this.transpose = extents.transposesRecurrent() ? new RecurrentTranspose(extents) : null;
        this.weightGradients = new WeightGradients(extents, workspace, blas);
    }

    long workspaceBytes() {
        return workspace.bytes();
    }

    /**
     * A forward pass; a training pass if there is a reserve.
     *
     * @param randomAddress four generator words, or 0 without dropout
     */
    void forward(Addresses a, long randomAddress) {
        boolean training = a.reserve != 0;
        if (training && randomAddress != 0) {
            HostMemory.copy(randomAddress, a.reserve, (long) Integer.BYTES * random.length);
        }
        long input = a.x;
        for (int layer = 0; layer < extents.layers(); layer++) {
            long output = outputAddress(a, layer);
            for (LayerView v : views) {
                prepare(v, a, layer, output);
                inputProduct(v, input);
                if (transpose != null) {
                    v.wHhTransposed = workspace.transposed(direction(v));
                    transpose.run(v.wHh, v.wHhTransposed);
                }
            }
            lanes.forward(views, training);
            input = output;
            if (training && extents.dropsAfter(layer)) {
                input = a.reserve + Float.BYTES * extents.droppedAt(layer);
                drop(a.reserve, output, input, layer);
            }
        }
    }

    /** The backward pass of an earlier forward pass with the same addresses. */
    void backward(Addresses a, boolean accumulate) {
        long dOutput = a.dy;
        for (int layer = extents.layers() - 1; layer >= 0; layer--) {
            for (LayerView v : views) {
                prepare(v, a, layer, outputAddress(a, layer));
                prepareBackward(v, a, dOutput);
            }
            lanes.backward(views);
            long input = inputAddress(a, layer);
            if (a.dParameters != 0) {
                weightGradients.compute(views, a, layer, input, accumulate);
            }
            if (layer > 0) {
                dOutput = workspace.sequence(layer);
                inputGradient(dOutput, layer);
                if (extents.dropsAfter(layer - 1)) {
                    drop(a.reserve, dOutput, dOutput, layer - 1);
                }
            } else if (a.dx != 0) {
                inputGradient(a.dx, layer);
            }
        }
    }

    private long outputAddress(Addresses a, int layer) {
        if (layer == extents.layers() - 1) {
            return a.y;
        }
        return a.reserve != 0 ? a.reserve + Float.BYTES * extents.outputAt(layer) : workspace.sequence(layer);
    }

    private long inputAddress(Addresses a, int layer) {
        if (layer > 0) {
            long at = extents.dropsAfter(layer - 1) ? extents.droppedAt(layer - 1) : extents.outputAt(layer - 1);
            return a.reserve + Float.BYTES * at;
        }
        if (a.lengths == null) {
            return a.x;
        }
        copyValid(a);
        return workspace.input();
    }

    /** What lies behind a sample's length could be anything, and would spoil a product over all rows. */
    private void copyValid(Addresses a) {
        int features = extents.config().inputSize();
        long rowBytes = (long) Float.BYTES * features;
        for (int t = 0; t < extents.steps(); t++) {
            for (int n = 0; n < extents.batch(); n++) {
                long at = rowBytes * ((long) t * extents.batch() + n);
                if (t < a.lengths.get(n)) {
                    HostMemory.copy(a.x + at, workspace.input() + at, rowBytes);
                } else {
                    HostMemory.fill(workspace.input() + at, rowBytes, (byte) 0);
                }
            }
        }
    }

    private void prepare(LayerView v, Addresses a, int layer, long output) {
        int direction = direction(v);
        v.weights(a.parameters, layer, direction);
        v.lengths = a.lengths;
        v.random = a.reserve;
        v.hx = v.state(a.hx, extents.output());
        v.cx = v.state(a.cx, extents.hidden());
        v.hy = v.state(a.hy, extents.output());
        v.cy = v.state(a.cy, extents.hidden());
        v.output = v.columns(output);
        if (a.reserve != 0) {
            v.reserve(a.reserve);
        } else {
            v.gates = workspace.gates(direction);
            v.extra = workspace.extra(direction);
        }
    }

    private int direction(LayerView v) {
        return v == views[0] ? 0 : 1;
    }

    private void prepareBackward(LayerView v, Addresses a, long dOutput) {
        v.dOutput = v.columns(dOutput);
        v.dhy = v.state(a.dhy, extents.output());
        v.dcy = v.state(a.dcy, extents.hidden());
        v.dhx = v.state(a.dhx, extents.output());
        v.dcx = v.state(a.dcx, extents.hidden());
        v.dGates = workspace.gates(v.direction);
        v.dExtra = workspace.extra(v.direction);
    }

    /** The inputs' part of all gates of all steps. */
    private void inputProduct(LayerView v, long input) {
        int features = extents.config().layerInputSize(v.layer);
        int width = extents.gateRows();
        blas.sgemm(
                false, true, extents.rows(), width, features, 1, input, features, v.wIh, features, 0, v.gates, width);
    }

    private void inputGradient(long dInput, int layer) {
        int features = extents.config().layerInputSize(layer);
        for (LayerView v : views) {
            float beta = v.direction == 0 ? 0 : 1;
            int width = extents.gateRows();
            int row = extents.gradientRow();
            if (!weightGradients.splitsCandidate()) {
                addInputGradient(v.dGates, row, width, v.wIh, features, beta, dInput);
            } else {
                int gates = 2 * extents.hidden();
                long candidateWeights = v.wIh + (long) Float.BYTES * gates * features;
                addInputGradient(v.dGates, row, gates, v.wIh, features, beta, dInput);
                addInputGradient(v.dExtra, extents.hidden(), extents.hidden(), candidateWeights, features, 1, dInput);
            }
        }
    }

    private void addInputGradient(long dGates, int lda, int columns, long w, int features, float beta, long dInput) {
        blas.sgemm(
                false, false, extents.rows(), features, columns, 1, dGates, lda, w, features, beta, dInput, features);
    }

    private void drop(long reserve, long from, long to, int layer) {
        cursor.get(reserve, random, 0, random.length);
        float p = (float) extents.config().dropout();
        long period = extents.config().dropoutPeriod(extents.batch());
        for (long at = 0; at < extents.outputFloats(); at += BLOCK) {
            int count = (int) Math.min(BLOCK, extents.outputFloats() - at);
            cursor.get(from + Float.BYTES * at, block, 0, count);
            DropoutMask.factors(p, random, layer, at, period, words, factors, count);
            for (int i = 0; i < count; i++) {
                block[i] *= factors[i];
            }
            cursor.put(to + Float.BYTES * at, block, 0, count);
        }
    }

    @Override
    public void close() {
        lanes.close();
        workspace.close();
    }
}
