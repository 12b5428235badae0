package dev.fusedrnn.engine.cpu;

import dev.fusedrnn.internal.host.FloatMath;
import dev.fusedrnn.internal.host.HostScratch;
import java.util.Arrays;

/**
 * {@code i, f, o = σ(a)}, {@code g = tanh(a)}, {@code c' = f∘c + i∘g}, {@code m = o∘tanh(c')}, and {@code h' = m} or, with
 * a projection, {@code wHr·m}; c and c' are read within ±clip.
 *
 * <p>Each loop has at most one tanh or sigmoid: the compiler does not unroll, and so not vectorise, a longer body.
 */
final class LstmLane extends Lane {

    private final float clip;
    private final int width;
    private final int gradientRow;
    private final Zoneout cellZoneout;
    private final float[] c;
    private final float[] dc;
    private final float[] previous;
    private final float[] squashed;
    private final float[] m;
    private final float[] i;
    private final float[] f;
    private final float[] g;
    private final float[] o;
    private final float[] biasI;
    private final float[] biasF;
    private final float[] biasG;
    private final float[] biasO;
    private final HostScratch unprojected = new HostScratch();

    LstmLane(Extents extents, int first, int end) {
        super(extents, first, end);
        double limit = extents.config().cellClip();
        this.clip = limit > 0 ? (float) limit : Float.POSITIVE_INFINITY;
        this.width = extents.gateRows();
        this.gradientRow = extents.gradientRow();
        int size = rows() * hidden;
        this.cellZoneout = Zoneout.ofCell(extents, first, end);
        this.c = new float[size];
        this.dc = new float[size];
        this.previous = new float[size];
        this.squashed = new float[size];
        this.m = extents.projected() ? new float[size] : h;
        this.i = new float[size];
        this.f = new float[size];
        this.g = new float[size];
        this.o = new float[size];
        this.biasI = new float[size];
        this.biasF = new float[size];
        this.biasG = new float[size];
        this.biasO = new float[size];
        unprojected.require(extents.projected() ? (long) Float.BYTES * size : 0);
    }

    @Override
    void beginForward(LayerView v) {
        loadBias(v.bIh, v.bHh, 0, biasI);
        loadBias(v.bIh, v.bHh, 1, biasF);
        loadBias(v.bIh, v.bHh, 2, biasG);
        loadBias(v.bIh, v.bHh, 3, biasO);
        loadOrZero(v.cx, c, hidden);
        if (cellZoneout != null) {
            cellZoneout.begin(v, cursor);
        }
    }

    @Override
    void forwardStep(LayerView v, int t, boolean zeroState, boolean training) {
        addRecurrentProduct(v, t, zeroState, width);
        if (cellZoneout != null) {
            cellZoneout.at(t);
            cellZoneout.remember(c);
        }
        for (int from = nextActive(v, t, first); from < end; ) {
            int to = nextInactive(v, t, from);
            loadGates(v, t, from, to);
            activate((from - first) * hidden, (to - first) * hidden);
            if (training) {
                storeGates(v, v.gates, width, t, from, to);
                int at = (from - first) * hidden;
                cursor.put(v.row(v.cells, t, from, hidden), c, at, (to - from) * hidden);
            }
            from = nextActive(v, t, to);
        }
        if (extents.projected()) {
            project(v, t, training);
        }
    }

    private void activate(int from, int to) {
        sigmoid(i, biasI, from, to);
        sigmoid(f, biasF, from, to);
        tanh(g, biasG, from, to);
        sigmoid(o, biasO, from, to);
        cells(c, i, f, g, clip, from, to);
        copyLimited(c, squashed, clip, from, to);
        FloatMath.tanh(squashed, squashed, from, to - from);
        multiply(m, o, squashed, from, to);
        if (cellZoneout != null) {
            cellZoneout.mix(c, from, to);
        }
    }

    private static void sigmoid(float[] a, float[] bias, int from, int to) {
        for (int k = from; k < to; k++) {
            a[k] = FloatMath.sigmoid(a[k] + bias[k]);
        }
    }

    private static void tanh(float[] a, float[] bias, int from, int to) {
        for (int k = from; k < to; k++) {
            a[k] = FloatMath.tanh(a[k] + bias[k]);
        }
    }

    private static void cells(float[] c, float[] i, float[] f, float[] g, float clip, int from, int to) {
        for (int k = from; k < to; k++) {
            c[k] = f[k] * limited(c[k], clip) + i[k] * g[k];
        }
    }

    private static float limited(float value, float clip) {
        return Math.min(Math.max(value, -clip), clip);
    }

    private static void copyLimited(float[] c, float[] result, float clip, int from, int to) {
        for (int k = from; k < to; k++) {
            result[k] = limited(c[k], clip);
        }
    }

    private static void multiply(float[] m, float[] o, float[] squashed, int from, int to) {
        for (int k = from; k < to; k++) {
            m[k] = o[k] * squashed[k];
        }
    }

    private void project(LayerView v, int t, boolean training) {
        cursor.put(unprojected.require(0), m, 0, m.length);
        if (training) {
            cursor.put(v.row(v.extra, t, first, hidden), m, 0, m.length);
            clearInactive(v, v.extra, hidden, t);
        }
        product(unprojected.require(0), hidden, v.wHr, hidden, true, output, hidden);
        for (int from = nextActive(v, t, first); from < end; ) {
            int to = nextInactive(v, t, from);
            long address = productAddress() + (long) Float.BYTES * (from - first) * output;
            cursor.get(address, h, (from - first) * output, (to - from) * output);
            from = nextActive(v, t, to);
        }
    }

    @Override
    void endForward(LayerView v) {
        if (v.cy != 0) {
            cursor.put(v.cy + offset(hidden), c, 0, c.length);
        }
    }

    @Override
    void beginBackward(LayerView v) {
        loadOrZero(v.dcy, dc, hidden);
        if (cellZoneout != null) {
            cellZoneout.begin(v, cursor);
        }
    }

    @Override
    void backwardStep(LayerView v, int t) {
        float[] dm = dh;
        if (cellZoneout != null) {
            cellZoneout.at(t);
        }
        if (extents.projected()) {
            dm = unprojectGradient(v, t);
        }
        for (int from = nextActive(v, t, first); from < end; ) {
            int to = nextInactive(v, t, from);
            loadGates(v, t, from, to);
            cursor.get(v.row(v.cells, t, from, hidden), c, (from - first) * hidden, (to - from) * hidden);
            loadPrevious(v, t, from, to);
            gradients(dm, (from - first) * hidden, (to - first) * hidden);
            storeGates(v, v.dGates, gradientRow, t, from, to);
            from = nextActive(v, t, to);
        }
        clearInactive(v, v.dGates, gradientRow, t);
        product(v.row(v.dGates, t, first, gradientRow), gradientRow, v.wHh, output, false, output, width);
        takeHiddenGradient(v, t);
    }

    /** Keeps dh for the gradient of wHr and returns dh·wHr. */
    private float[] unprojectGradient(LayerView v, int t) {
        cursor.put(v.row(v.dExtra, t, first, output), dh, 0, dh.length);
        clearInactive(v, v.dExtra, output, t);
        product(v.row(v.dExtra, t, first, output), output, v.wHr, hidden, false, hidden, output);
        cursor.get(productAddress(), m, 0, m.length);
        return m;
    }

    private void loadPrevious(LayerView v, int t, int from, int to) {
        int before = v.direction == 0 ? t - 1 : t + 1;
        if (v.lengths == null && !v.starts(t, from)) {
            cursor.get(v.row(v.cells, before, from, hidden), previous, (from - first) * hidden, (to - from) * hidden);
            return;
        }
        for (int n = from; n < to; n++) {
            int at = (n - first) * hidden;
            if (!v.starts(t, n)) {
                cursor.get(v.row(v.cells, before, n, hidden), previous, at, hidden);
            } else if (v.cx != 0) {
                cursor.get(v.cx + (long) Float.BYTES * n * hidden, previous, at, hidden);
            } else {
                Arrays.fill(previous, at, at + hidden, 0);
            }
        }
    }

    private void gradients(float[] dm, int from, int to) {
        boolean limits = clip < Float.POSITIVE_INFINITY;
        if (limits) {
            copyLimited(previous, previous, clip, from, to);
        }
        if (cellZoneout != null) {
            cellZoneout.restore(c, previous, i, f, g, from, to);
            cellZoneout.split(dc, from, to);
        }
        if (limits) {
            limitedOutputGradients(o, c, dc, dm, clip, from, to);
        } else {
            FloatMath.tanh(c, squashed, from, to - from);
            cellGradients(dc, o, squashed, dm, from, to);
            outputGradients(o, squashed, dm, from, to);
        }
        gateGradients(i, f, g, dc, previous, from, to);
        if (limits) {
            dropAtLimit(dc, previous, clip, from, to);
        }
        if (cellZoneout != null) {
            cellZoneout.join(dc, from, to);
        }
    }

    /** Adds what reaches c' through the output. */
    private static void cellGradients(float[] dc, float[] o, float[] squashed, float[] dm, int from, int to) {
        for (int k = from; k < to; k++) {
            dc[k] += o[k] * dm[k] * (1 - squashed[k] * squashed[k]);
        }
    }

    /** Turns o into its gradient. */
    private static void outputGradients(float[] o, float[] squashed, float[] dm, int from, int to) {
        for (int k = from; k < to; k++) {
            o[k] = squashed[k] * (o[k] * dm[k]) * (1 - o[k]);
        }
    }

    /** The same where c' is read within a limit. */
    private static void limitedOutputGradients(
            float[] o, float[] c, float[] dc, float[] dm, float clip, int from, int to) {
        for (int k = from; k < to; k++) {
            float squashed = FloatMath.tanh(limited(c[k], clip));
            float od = o[k] * dm[k];
            if (!(Math.abs(c[k]) >= clip)) {
                dc[k] += od * (1 - squashed * squashed);
            }
            o[k] = squashed * od * (1 - o[k]);
        }
    }

    private static void dropAtLimit(float[] dc, float[] c, float clip, int from, int to) {
        for (int k = from; k < to; k++) {
            if (Math.abs(c[k]) >= clip) {
                dc[k] = 0;
            }
        }
    }

    /** Turns i, f and g into their gradients and dc' into dc. */
    private static void gateGradients(float[] i, float[] f, float[] g, float[] dc, float[] previous, int from, int to) {
        for (int k = from; k < to; k++) {
            float d = dc[k];
            float input = i[k];
            float forget = f[k];
            float candidate = g[k];
            i[k] = d * candidate * input * (1 - input);
            f[k] = d * previous[k] * forget * (1 - forget);
            g[k] = d * input * (1 - candidate * candidate);
            dc[k] = d * forget;
        }
    }

    @Override
    void endBackward(LayerView v) {
        if (v.dcx != 0) {
            cursor.put(v.dcx + offset(hidden), dc, 0, dc.length);
        }
    }

    private void loadGates(LayerView v, int t, int from, int to) {
        stageRows(v, v.gates, width, t, from, to);
        takeGate(width, 0, from, to, i);
        takeGate(width, 1, from, to, f);
        takeGate(width, 2, from, to, g);
        takeGate(width, 3, from, to, o);
    }

    private void storeGates(LayerView v, long block, int row, int t, int from, int to) {
        giveGate(row, 0, from, to, i);
        giveGate(row, 1, from, to, f);
        giveGate(row, 2, from, to, g);
        giveGate(row, 3, from, to, o);
        unstageRows(v, block, row, t, from, to);
    }

    @Override
    public void close() {
        super.close();
        unprojected.close();
    }
}
