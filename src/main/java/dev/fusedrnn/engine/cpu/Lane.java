package dev.fusedrnn.engine.cpu;

import dev.fusedrnn.internal.blas.Blas;
import dev.fusedrnn.internal.host.HostCursor;
import dev.fusedrnn.internal.host.HostScratch;
import java.util.Arrays;

/**
 * The recurrence of some samples [first, end) through one direction of one layer. Samples do not see each other, so lanes
 * may run on several threads without waiting for one another. State lives on the heap; index {@code (n − first)·H + j}.
 *
 * <p>A sample behind its length keeps its state: so its final state is the one after its last step, and in the reverse
 * direction it still has its initial state when it begins.
 */
abstract class Lane implements AutoCloseable {
    final Extents extents;
    final int first;
    final int end;
    final int hidden;
    final int output;
    final HostCursor cursor = new HostCursor();
    final Blas blas = new Blas();
    final float[] h;
    final float[] dh;
    private final Zoneout zoneout;
    private final float[] gradientRow;
    private final float[] zeros;
    private final float[] biasRow;
    private final float[] staged;
    private final HostScratch hiddenBlock = new HostScratch();
    private final HostScratch productBlock = new HostScratch();

    Lane(Extents extents, int first, int end) {
        this.extents = extents;
        this.first = first;
        this.end = end;
        this.hidden = extents.hidden();
        this.output = extents.output();
        this.h = new float[rows() * output];
        this.dh = new float[rows() * output];
        this.zoneout = Zoneout.ofHidden(extents, first, end);
        this.gradientRow = new float[rows() * output];
        this.zeros = new float[Math.max(extents.gradientRow(), output)];
        this.biasRow = new float[hidden];
        this.staged = new float[rows() * extents.gradientRow()];
        hiddenBlock.require((long) Float.BYTES * h.length);
        productBlock.require((long) Float.BYTES * rows() * Math.max(extents.gateRows(), output));
    }

    static Lane of(Extents extents, int first, int end) {
        if (extents.lstm()) {
            return new LstmLane(extents, first, end);
        }
        if (extents.resetBefore()) {
            return new GruResetBeforeLane(extents, first, end);
        }
        return extents.gru() ? new GruLane(extents, first, end) : new RnnLane(extents, first, end);
    }

    final int rows() {
        return end - first;
    }

    /** Reads the biases and initial state, runs all steps, writes the final state. */
    final void forward(LayerView v, boolean training) {
        beginForward(v);
        if (zoneout != null) {
            zoneout.begin(v, cursor);
        }
        loadOrZero(v.hx, h, output);
        storeHidden();
        for (int s = 0; s < extents.steps(); s++) {
            int t = v.time(s);
            if (zoneout == null) {
                forwardStep(v, t, s == 0 && v.hx == 0, training);
            } else {
                zonedForwardStep(v, t, s == 0 && v.hx == 0, training);
            }
            storeHidden();
            storeOutput(v, t);
        }
        if (v.hy != 0) {
            cursor.put(v.hy + offset(output), h, 0, h.length);
        }
        endForward(v);
    }

    private void zonedForwardStep(LayerView v, int t, boolean zeroState, boolean training) {
        zoneout.at(t);
        zoneout.remember(h);
        forwardStep(v, t, zeroState, training);
        for (int from = nextActive(v, t, first); from < end; ) {
            int to = nextInactive(v, t, from);
            zoneout.mix(h, (from - first) * output, (to - first) * output);
            from = nextActive(v, t, to);
        }
    }

    /** Runs all steps the other way; leaves the gradients of the gates in the workspace and writes those of the state. */
    final void backward(LayerView v) {
        beginBackward(v);
        if (zoneout != null) {
            zoneout.begin(v, cursor);
        }
        loadOrZero(v.dhy, dh, output);
        for (int s = extents.steps() - 1; s >= 0; s--) {
            int t = v.time(s);
            addOutputGradient(v, t);
            if (zoneout == null) {
                backwardStep(v, t);
            } else {
                zonedBackwardStep(v, t);
            }
        }
        if (v.dhx != 0) {
            cursor.put(v.dhx + offset(output), dh, 0, dh.length);
        }
        endBackward(v);
    }

    private void zonedBackwardStep(LayerView v, int t) {
        zoneout.at(t);
        for (int from = nextActive(v, t, first); from < end; ) {
            int to = nextInactive(v, t, from);
            zoneout.split(dh, (from - first) * output, (to - first) * output);
            from = nextActive(v, t, to);
        }
        backwardStep(v, t);
        for (int from = nextActive(v, t, first); from < end; ) {
            int to = nextInactive(v, t, from);
            zoneout.join(dh, (from - first) * output, (to - first) * output);
            from = nextActive(v, t, to);
        }
    }

    abstract void beginForward(LayerView v);

    /**
     * One step: reads h, leaves the new h in the heap array.
     *
     * @param zeroState whether h is known to be zero
     */
    abstract void forwardStep(LayerView v, int t, boolean zeroState, boolean training);

    /** Hands over what there is of state besides h; most cells have none. */
    void endForward(LayerView v) {}

    /** Takes the gradient of what there is of state besides h; most cells have none. */
    void beginBackward(LayerView v) {}

    /** One step back: dh holds the whole gradient of this step's h, and afterwards that of the step before. */
    abstract void backwardStep(LayerView v, int t);

    /** Hands over the gradient of what there is of state besides h; most cells have none. */
    void endBackward(LayerView v) {}

    /** Adds to dh what active samples pass on from h to h beside the recurrent product. */
    final void addPassedOn(LayerView v, int t, float[] passed) {
        for (int from = nextActive(v, t, first); from < end; ) {
            int to = nextInactive(v, t, from);
            add(dh, passed, (from - first) * hidden, (to - first) * hidden);
            from = nextActive(v, t, to);
        }
    }

    /** The first active sample from {@code n} on, or the end. */
    final int nextActive(LayerView v, int t, int n) {
        int next = n;
        while (next < end && !v.active(t, next)) {
            next++;
        }
        return next;
    }

    /** The first sample behind {@code n} that is not active, or the end. */
    final int nextInactive(LayerView v, int t, int n) {
        if (v.lengths == null) {
            return end;
        }
        int next = n;
        while (next < end && v.active(t, next)) {
            next++;
        }
        return next;
    }

    /** h of this lane's samples outside the heap, [rows, P or H]. */
    final long hiddenAddress() {
        return hiddenBlock.require(0);
    }

    /** Scratch for a product, [rows, G·H]. */
    final long productAddress() {
        return productBlock.require(0);
    }

    final long offset(int features) {
        return (long) Float.BYTES * first * features;
    }

    final void loadOrZero(long address, float[] values, int features) {
        if (address == 0) {
            Arrays.fill(values, 0);
        } else {
            cursor.get(address + offset(features), values, 0, values.length);
        }
    }

    final void storeHidden() {
        cursor.put(hiddenAddress(), h, 0, h.length);
    }

    /** Reads the H columns of one gate of samples [from, to) at {@code t}. */
    final void loadGate(LayerView v, long block, int width, int gate, int t, int from, int to, float[] values) {
        long address = v.row(block, t, from, width) + (long) Float.BYTES * gate * hidden;
        for (int n = from; n < to; n++) {
            cursor.get(address, values, (n - first) * hidden, hidden);
            address += (long) Float.BYTES * width;
        }
    }

    /** Writes the H columns of one gate of samples [from, to) at {@code t}. */
    final void storeGate(LayerView v, long block, int width, int gate, int t, int from, int to, float[] values) {
        long address = v.row(block, t, from, width) + (long) Float.BYTES * gate * hidden;
        for (int n = from; n < to; n++) {
            cursor.put(address, values, (n - first) * hidden, hidden);
            address += (long) Float.BYTES * width;
        }
    }

    /** Brings the rows of samples [from, to) at {@code t} onto the heap in one piece, for {@link #takeGate}. */
    final void stageRows(LayerView v, long block, int width, int t, int from, int to) {
        cursor.get(v.row(block, t, from, width), staged, 0, (to - from) * width);
    }

    /** Brings the rows of samples [from, to) of the product scratch onto the heap, for {@link #takeGate}. */
    final void stageProduct(int width, int from, int to) {
        long address = productAddress() + (long) Float.BYTES * (from - first) * width;
        cursor.get(address, staged, 0, (to - from) * width);
    }

    /** Takes the H columns of one gate from the staged rows of samples [from, to). */
    final void takeGate(int width, int gate, int from, int to, float[] values) {
        int at = gate * hidden;
        for (int n = from; n < to; n++) {
            System.arraycopy(staged, at, values, (n - first) * hidden, hidden);
            at += width;
        }
    }

    /** Puts the H columns of one gate into the staged rows of samples [from, to). */
    final void giveGate(int width, int gate, int from, int to, float[] values) {
        int at = gate * hidden;
        for (int n = from; n < to; n++) {
            System.arraycopy(values, (n - first) * hidden, staged, at, hidden);
            at += width;
        }
    }

    /** Writes the staged rows to those of samples [from, to) at {@code t}. */
    final void unstageRows(LayerView v, long block, int width, int t, int from, int to) {
        cursor.put(v.row(block, t, from, width), staged, 0, (to - from) * width);
    }

    /** Writes zeros to the rows of samples that are not active at {@code t}. */
    final void clearInactive(LayerView v, long block, int width, int t) {
        if (v.lengths == null) {
            return;
        }
        for (int n = first; n < end; n++) {
            if (!v.active(t, n)) {
                cursor.put(v.row(block, t, n, width), zeros, 0, width);
            }
        }
    }

    /** {@code product = a · op(w)}, a [rows, k], product [rows, n]. */
    final void product(long a, int lda, long w, int ldw, boolean transposed, int n, int k) {
        blas.sgemm(false, transposed, rows(), n, k, 1, a, lda, w, ldw, 0, productAddress(), n);
    }

    /** {@code product = a · wHhᵀ} for {@code n} gate rows from {@code row} on, a [rows, P or H]. */
    final void recurrentProduct(LayerView v, long a, int row, int n) {
        if (v.wHhTransposed != 0) {
            product(a, output, v.wHhTransposed + (long) Float.BYTES * row, extents.gateRows(), false, n, output);
        } else {
            product(a, output, v.wHh + (long) Float.BYTES * row * output, output, true, n, output);
        }
    }

    /** Adds h·wHhᵀ of the first {@code columns} gate rows to the gates at {@code t}. */
    final void addRecurrentProduct(LayerView v, int t, boolean zeroState, int columns) {
        if (!zeroState) {
            int width = extents.gateRows();
            long gates = v.row(v.gates, t, first, width);
            boolean stored = v.wHhTransposed == 0;
            long w = stored ? v.wHh : v.wHhTransposed;
            int ldw = stored ? output : width;
            blas.sgemm(false, stored, rows(), columns, output, 1, hiddenAddress(), output, w, ldw, 1, gates, width);
        }
    }

    /** Reads the h each sample [from, to) had before step {@code t}. */
    final void loadPreviousHidden(LayerView v, int t, int from, int to, float[] values) {
        int before = v.direction == 0 ? t - 1 : t + 1;
        if (v.lengths == null && !v.starts(t, from) && extents.totalOutput() == output) {
            cursor.get(v.row(v.output, before, from, output), values, (from - first) * output, (to - from) * output);
            return;
        }
        for (int n = from; n < to; n++) {
            int at = (n - first) * output;
            if (!v.starts(t, n)) {
                cursor.get(v.row(v.output, before, n, extents.totalOutput()), values, at, output);
            } else if (v.hx != 0) {
                cursor.get(v.hx + (long) Float.BYTES * n * output, values, at, output);
            } else {
                Arrays.fill(values, at, at + output, 0);
            }
        }
    }

    /** Takes rows of the product scratch over as dh of active samples; {@code dh} of others stays. */
    final void takeHiddenGradient(LayerView v, int t) {
        for (int from = nextActive(v, t, first); from < end; ) {
            int to = nextInactive(v, t, from);
            long address = productAddress() + (long) Float.BYTES * (from - first) * output;
            cursor.get(address, dh, (from - first) * output, (to - from) * output);
            from = nextActive(v, t, to);
        }
    }

    private void storeOutput(LayerView v, int t) {
        int width = extents.totalOutput();
        if (v.lengths == null && width == output) {
            cursor.put(v.row(v.output, t, first, width), h, 0, h.length);
            return;
        }
        for (int n = first; n < end; n++) {
            long address = v.row(v.output, t, n, width);
            if (v.active(t, n)) {
                cursor.put(address, h, (n - first) * output, output);
            } else {
                cursor.put(address, zeros, 0, output);
            }
        }
    }

    private void addOutputGradient(LayerView v, int t) {
        if (v.dOutput == 0) {
            return;
        }
        int width = extents.totalOutput();
        if (v.lengths == null && width == output) {
            cursor.get(v.row(v.dOutput, t, first, width), gradientRow, 0, dh.length);
            add(dh, gradientRow, 0, dh.length);
            return;
        }
        for (int n = first; n < end; n++) {
            if (v.active(t, n)) {
                int at = (n - first) * output;
                cursor.get(v.row(v.dOutput, t, n, width), gradientRow, at, output);
                add(dh, gradientRow, at, at + output);
            }
        }
    }

    static void add(float[] sum, float[] part, int from, int to) {
        for (int i = from; i < to; i++) {
            sum[i] += part[i];
        }
    }

    /** Repeats H biases of one gate, bIh + bHh where both are given, for every sample. */
    final void loadBias(long bIh, long bHh, int gate, float[] values) {
        Arrays.fill(values, 0);
        if (bIh == 0 && bHh == 0) {
            return;
        }
        long at = (long) Float.BYTES * gate * hidden;
        if (bIh != 0) {
            cursor.get(bIh + at, values, 0, hidden);
        }
        if (bHh != 0) {
            cursor.get(bHh + at, biasRow, 0, hidden);
            add(values, biasRow, 0, hidden);
        }
        for (int n = 1; n < rows(); n++) {
            System.arraycopy(values, 0, values, n * hidden, hidden);
        }
    }

    @Override
    public void close() {
        hiddenBlock.close();
        productBlock.close();
    }
}
