package dev.fusedrnn.engine.cpu;

import dev.fusedrnn.internal.host.FloatMath;
import java.util.Arrays;

/**
 * Reset after the recurrent product: {@code r, z = σ(a)}, {@code q = wHn·h + bHn}, {@code n = tanh(wIn·x + bIn + r∘q)}, {@code
 * h' = n + z∘(h − n)}.
 */
final class GruLane extends Lane {
    private final int width;
    private final int gradientRow;
    private final float[] r;
    private final float[] z;
    private final float[] n;
    private final float[] q;
    private final float[] productR;
    private final float[] productZ;
    private final float[] biasR;
    private final float[] biasZ;
    private final float[] biasN;
    private final float[] biasQ;

    GruLane(Extents extents, int first, int end) {
        super(extents, first, end);
        this.width = extents.gateRows();
        this.gradientRow = extents.gradientRow();
        this.r = new float[h.length];
        this.z = new float[h.length];
        this.n = new float[h.length];
        this.q = new float[h.length];
        this.productR = new float[h.length];
        this.productZ = new float[h.length];
        this.biasR = new float[h.length];
        this.biasZ = new float[h.length];
        this.biasN = new float[h.length];
        this.biasQ = new float[h.length];
    }

    @Override
    void beginForward(LayerView v) {
        loadBias(v.bIh, v.bHh, 0, biasR);
        loadBias(v.bIh, v.bHh, 1, biasZ);
        loadBias(v.bIh, 0, 2, biasN);
        loadBias(0, v.bHh, 2, biasQ);
    }

    @Override
    void forwardStep(LayerView v, int t, boolean zeroState, boolean training) {
        loadRecurrentProduct(v, zeroState);
        for (int from = nextActive(v, t, first); from < end; ) {
            int to = nextInactive(v, t, from);
            stageRows(v, v.gates, width, t, from, to);
            takeGate(width, 0, from, to, r);
            takeGate(width, 1, from, to, z);
            takeGate(width, 2, from, to, n);
            activate((from - first) * hidden, (to - first) * hidden);
            if (training) {
                giveGate(width, 0, from, to, r);
                giveGate(width, 1, from, to, z);
                giveGate(width, 2, from, to, n);
                unstageRows(v, v.gates, width, t, from, to);
                cursor.put(v.row(v.extra, t, from, hidden), q, (from - first) * hidden, (to - from) * hidden);
            }
            from = nextActive(v, t, to);
        }
    }

    private void loadRecurrentProduct(LayerView v, boolean zeroState) {
        if (zeroState) {
            Arrays.fill(productR, 0);
            Arrays.fill(productZ, 0);
            Arrays.fill(q, 0);
            return;
        }
        recurrentProduct(v, hiddenAddress(), 0, width);
        stageProduct(width, first, end);
        takeGate(width, 0, first, end, productR);
        takeGate(width, 1, first, end, productZ);
        takeGate(width, 2, first, end, q);
    }

    private void activate(int from, int to) {
        sigmoid(r, productR, biasR, from, to);
        sigmoid(z, productZ, biasZ, from, to);
        candidate(n, q, r, biasN, biasQ, from, to);
        mix(h, n, z, from, to);
    }

    private static void sigmoid(float[] a, float[] product, float[] bias, int from, int to) {
        for (int k = from; k < to; k++) {
            a[k] += product[k] + bias[k];
        }
        FloatMath.sigmoid(a, a, from, to - from);
    }

    private static void candidate(float[] n, float[] q, float[] r, float[] biasN, float[] biasQ, int from, int to) {
        for (int k = from; k < to; k++) {
            q[k] += biasQ[k];
        }
        for (int k = from; k < to; k++) {
            n[k] += biasN[k] + r[k] * q[k];
        }
        FloatMath.tanh(n, n, from, to - from);
    }

    private static void mix(float[] h, float[] n, float[] z, int from, int to) {
        for (int k = from; k < to; k++) {
            h[k] = (1 - z[k]) * n[k] + z[k] * h[k];
        }
    }

    @Override
    void backwardStep(LayerView v, int t) {
        for (int from = nextActive(v, t, first); from < end; ) {
            int to = nextInactive(v, t, from);
            int at = (from - first) * hidden;
            stageRows(v, v.gates, width, t, from, to);
            takeGate(width, 0, from, to, r);
            takeGate(width, 1, from, to, z);
            takeGate(width, 2, from, to, n);
            cursor.get(v.row(v.extra, t, from, hidden), q, at, (to - from) * hidden);
            loadPreviousHidden(v, t, from, to, h);
            gradients(r, z, n, q, h, dh, at, (to - first) * hidden);
            giveGate(gradientRow, 0, from, to, r);
            giveGate(gradientRow, 1, from, to, z);
            giveGate(gradientRow, 2, from, to, q);
            unstageRows(v, v.dGates, gradientRow, t, from, to);
            cursor.put(v.row(v.dExtra, t, from, hidden), n, at, (to - from) * hidden);
            from = nextActive(v, t, to);
        }
        clearInactive(v, v.dGates, gradientRow, t);
        clearInactive(v, v.dExtra, hidden, t);
        product(v.row(v.dGates, t, first, gradientRow), gradientRow, v.wHh, output, false, output, width);
        System.arraycopy(dh, 0, h, 0, dh.length);
        takeHiddenGradient(v, t);
        addPassedOn(v, t, h);
    }

    /** Turns r, z, q and n into the gradients of what enters them, and dh' into the part z passes on. */
    private static void gradients(
            float[] r, float[] z, float[] n, float[] q, float[] before, float[] dh, int from, int to) {
        for (int k = from; k < to; k++) {
            float d = dh[k];
            float reset = r[k];
            float update = z[k];
            float candidate = n[k];
            float dn = d * (1 - update) * (1 - candidate * candidate);
            r[k] = dn * q[k] * reset * (1 - reset);
            z[k] = d * (before[k] - candidate) * update * (1 - update);
            n[k] = dn;
            q[k] = dn * reset;
            dh[k] = d * update;
        }
    }
}
