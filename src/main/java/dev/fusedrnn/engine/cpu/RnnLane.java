package dev.fusedrnn.engine.cpu;

import dev.fusedrnn.engine.CellType;
import dev.fusedrnn.internal.host.FloatMath;

/** {@code h' = tanh(a)} or {@code max(0, a)} with {@code a = wIh·x + bIh + wHh·h + bHh}. */
final class RnnLane extends Lane {
    private final boolean relu;
    private final float[] bias;
    private final float[] gate;

    RnnLane(Extents extents, int first, int end) {
        super(extents, first, end);
        this.relu = extents.config().cell() == CellType.RNN_RELU;
        this.bias = new float[h.length];
        this.gate = new float[h.length];
    }

    @Override
    void beginForward(LayerView v) {
        loadBias(v.bIh, v.bHh, 0, bias);
    }

    @Override
    void forwardStep(LayerView v, int t, boolean zeroState, boolean training) {
        addRecurrentProduct(v, t, zeroState, hidden);
        for (int from = nextActive(v, t, first); from < end; ) {
            int to = nextInactive(v, t, from);
            loadGate(v, v.gates, hidden, 0, t, from, to, gate);
            activate(h, gate, bias, (from - first) * hidden, (to - first) * hidden);
            if (training) {
                storeGate(v, v.gates, hidden, 0, t, from, to, h);
            }
            from = nextActive(v, t, to);
        }
    }

    private void activate(float[] next, float[] a, float[] b, int from, int to) {
        if (relu) {
            for (int k = from; k < to; k++) {
                next[k] = Math.max(a[k] + b[k], 0);
            }
        } else {
            for (int k = from; k < to; k++) {
                next[k] = FloatMath.tanh(a[k] + b[k]);
            }
        }
    }

    @Override
    void backwardStep(LayerView v, int t) {
        for (int from = nextActive(v, t, first); from < end; ) {
            int to = nextInactive(v, t, from);
            loadGate(v, v.gates, hidden, 0, t, from, to, gate);
            slope(gate, dh, (from - first) * hidden, (to - first) * hidden);
            storeGate(v, v.dGates, extents.gradientRow(), 0, t, from, to, gate);
            from = nextActive(v, t, to);
        }
        int row = extents.gradientRow();
        clearInactive(v, v.dGates, row, t);
        product(v.row(v.dGates, t, first, row), row, v.wHh, output, false, output, hidden);
        takeHiddenGradient(v, t);
    }

    /** Turns h into the gradient of a. */
    private void slope(float[] next, float[] dNext, int from, int to) {
        if (relu) {
            for (int k = from; k < to; k++) {
                next[k] = next[k] > 0 ? dNext[k] : 0 * dNext[k];
            }
        } else {
            for (int k = from; k < to; k++) {
                next[k] = dNext[k] * (1 - next[k] * next[k]);
            }
        }
    }
}
