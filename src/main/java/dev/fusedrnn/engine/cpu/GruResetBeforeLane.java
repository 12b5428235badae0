package dev.fusedrnn.engine.cpu;

import dev.fusedrnn.internal.host.FloatMath;

/**
 * Reset before the recurrent product: {@code r, z = σ(a)}, {@code n = tanh(wIn·x + bIn + wHn·(r∘h) + bHn)}, {@code h' = n +
 * z∘(h − n)}.
 */
final class GruResetBeforeLane extends Lane {
    private final int width;
    private final int gradientRow;
    private final float[] r;
    private final float[] z;
    private final float[] n;
    private final float[] scaled;
    private final float[] passed;
    private final float[] biasR;
    private final float[] biasZ;
    private final float[] biasN;

    GruResetBeforeLane(Extents extents, int first, int end) {
        super(extents, first, end);
        this.width = extents.gateRows();
        this.gradientRow = extents.gradientRow();
        this.r = new float[h.length];
        this.z = new float[h.length];
        this.n = new float[h.length];
        this.scaled = new float[h.length];
        this.passed = new float[h.length];
        this.biasR = new float[h.length];
        this.biasZ = new float[h.length];
        this.biasN = new float[h.length];
    }

    @Override
    void beginForward(LayerView v) {
        loadBias(v.bIh, v.bHh, 0, biasR);
        loadBias(v.bIh, v.bHh, 1, biasZ);
        loadBias(v.bIh, v.bHh, 2, biasN);
    }

    @Override
    void forwardStep(LayerView v, int t, boolean zeroState, boolean training) {
        addRecurrentProduct(v, t, zeroState, 2 * hidden);
        for (int from = nextActive(v, t, first); from < end; ) {
            int to = nextInactive(v, t, from);
            loadGate(v, v.gates, width, 0, t, from, to, r);
            loadGate(v, v.gates, width, 1, t, from, to, z);
            int at = (from - first) * hidden;
            gates(r, z, scaled, h, biasR, biasZ, at, (to - first) * hidden);
            cursor.put(v.row(v.extra, t, from, hidden), scaled, at, (to - from) * hidden);
            from = nextActive(v, t, to);
        }
        clearInactive(v, v.extra, hidden, t);
        long address = v.row(v.extra, t, first, hidden);
        recurrentProduct(v, address, 2 * hidden, hidden);
        for (int from = nextActive(v, t, first); from < end; ) {
            int to = nextInactive(v, t, from);
            candidates(v, t, from, to, training);
            from = nextActive(v, t, to);
        }
    }

    private void candidates(LayerView v, int t, int from, int to, boolean training) {
        loadGate(v, v.gates, width, 2, t, from, to, n);
        stageProduct(hidden, from, to);
        takeGate(hidden, 0, from, to, scaled);
        mix(h, n, z, scaled, biasN, (from - first) * hidden, (to - first) * hidden);
        if (training) {
            storeGate(v, v.gates, width, 0, t, from, to, r);
            storeGate(v, v.gates, width, 1, t, from, to, z);
            storeGate(v, v.gates, width, 2, t, from, to, n);
        }
    }

    private static void gates(
            float[] r, float[] z, float[] scaled, float[] h, float[] biasR, float[] biasZ, int from, int to) {
        for (int k = from; k < to; k++) {
            r[k] = FloatMath.sigmoid(r[k] + biasR[k]);
        }
        for (int k = from; k < to; k++) {
            z[k] = FloatMath.sigmoid(z[k] + biasZ[k]);
        }
        for (int k = from; k < to; k++) {
            scaled[k] = r[k] * h[k];
        }
    }

    private static void mix(float[] h, float[] n, float[] z, float[] product, float[] bias, int from, int to) {
        for (int k = from; k < to; k++) {
            n[k] = FloatMath.tanh(n[k] + product[k] + bias[k]);
        }
        for (int k = from; k < to; k++) {
            h[k] = (1 - z[k]) * n[k] + z[k] * h[k];
        }
    }

    private long candidateWeights(LayerView v) {
        return v.wHh + (long) Float.BYTES * 2 * hidden * hidden;
    }

    @Override
    void backwardStep(LayerView v, int t) {
        for (int from = nextActive(v, t, first); from < end; ) {
            int to = nextInactive(v, t, from);
            loadGate(v, v.gates, width, 1, t, from, to, z);
            loadGate(v, v.gates, width, 2, t, from, to, n);
            loadPreviousHidden(v, t, from, to, h);
            updateGradients(z, n, h, dh, passed, (from - first) * hidden, (to - first) * hidden);
            storeGate(v, v.dGates, gradientRow, 1, t, from, to, z);
            storeGate(v, v.dGates, gradientRow, 2, t, from, to, n);
            from = nextActive(v, t, to);
        }
        clearInactive(v, v.dGates, gradientRow, t);
        long dGates = v.row(v.dGates, t, first, gradientRow);
        long dCandidate = dGates + (long) Float.BYTES * 2 * hidden;
        product(dCandidate, gradientRow, candidateWeights(v), hidden, false, hidden, hidden);
        for (int from = nextActive(v, t, first); from < end; ) {
            int to = nextInactive(v, t, from);
            loadGate(v, v.gates, width, 0, t, from, to, r);
            stageProduct(hidden, from, to);
            takeGate(hidden, 0, from, to, scaled);
            resetGradients(r, scaled, h, passed, (from - first) * hidden, (to - first) * hidden);
            storeGate(v, v.dGates, gradientRow, 0, t, from, to, r);
            from = nextActive(v, t, to);
        }
        product(dGates, gradientRow, v.wHh, output, false, output, 2 * hidden);
        takeHiddenGradient(v, t);
        addPassedOn(v, t, passed);
    }

    private static void updateGradients(
            float[] z, float[] n, float[] before, float[] dh, float[] passed, int from, int to) {
        for (int k = from; k < to; k++) {
            float d = dh[k];
            float update = z[k];
            float candidate = n[k];
            n[k] = d * (1 - update) * (1 - candidate * candidate);
            z[k] = d * (before[k] - candidate) * update * (1 - update);
            passed[k] = d * update;
        }
    }

    /** {@code scaled} is the gradient of r∘h. */
    private static void resetGradients(float[] r, float[] scaled, float[] before, float[] passed, int from, int to) {
        for (int k = from; k < to; k++) {
            float reset = r[k];
            passed[k] += scaled[k] * reset;
            r[k] = scaled[k] * before[k] * reset * (1 - reset);
        }
    }
}
