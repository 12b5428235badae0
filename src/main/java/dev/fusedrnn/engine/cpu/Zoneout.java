package dev.fusedrnn.engine.cpu;

import dev.fusedrnn.internal.host.HostCursor;
import dev.fusedrnn.kernel.ZoneoutMask;
import java.util.Arrays;

/**
 * Zoneout of h or c of one lane: {@code h' = k∘h + (1 − k)∘ĥ}, k a mask in training and p in inference. Arrays are indexed as
 * the lane's state.
 */
final class Zoneout {
    private final Extents extents;
    private final int first;
    private final int size;
    private final boolean cell;
    private final float p;
    private final float[] keep;
    private final float[] before;
    private final int[] random = new int[4];
    private final int[] words = new int[4];
    private int stream;
    private boolean training;

    private Zoneout(Extents extents, int first, int end, boolean cell) {
        this.extents = extents;
        this.first = first;
        this.cell = cell;
        this.size = cell ? extents.hidden() : extents.output();
        this.p = (float)
                (cell ? extents.config().cellZoneout() : extents.config().zoneout());
        this.keep = new float[(end - first) * size];
        this.before = new float[keep.length];
    }

    /** Zoneout of the h of samples [first, end), or null if there is none. */
    static Zoneout ofHidden(Extents extents, int first, int end) {
        return extents.config().zoneout() > 0 ? new Zoneout(extents, first, end, false) : null;
    }

    /** The same of c. */
    static Zoneout ofCell(Extents extents, int first, int end) {
        return extents.config().cellZoneout() > 0 ? new Zoneout(extents, first, end, true) : null;
    }

    /** Begins a pass through one direction of one layer. */
    void begin(LayerView v, HostCursor cursor) {
        training = v.random != 0;
        stream = ZoneoutMask.stream(v.layer, v.direction, cell);
        if (training) {
            cursor.get(v.random, random, 0, random.length);
        } else {
            Arrays.fill(keep, p);
        }
    }

    /** Goes to time {@code t}. */
    void at(int t) {
        if (training) {
            long element = ((long) t * extents.batch() + first) * size;
            ZoneoutMask.keeps(p, random, stream, element, words, keep, keep.length);
        }
    }

    /** Remembers the state before the step. */
    void remember(float[] state) {
        System.arraycopy(state, 0, before, 0, state.length);
    }

    /** Mixes what was remembered into what the cell has made of it. */
    void mix(float[] state, int from, int to) {
        for (int i = from; i < to; i++) {
            float k = keep[i];
            state[i] = k == 0 ? state[i] : k == 1 ? before[i] : k * before[i] + (1 - k) * state[i];
        }
    }

    /** Takes the gradient of kept units out of {@code gradient}, for {@link #join}. */
    void split(float[] gradient, int from, int to) {
        for (int i = from; i < to; i++) {
            boolean kept = keep[i] == 1;
            before[i] = kept ? gradient[i] : 0;
            gradient[i] = kept ? 0 : gradient[i];
        }
    }

    /** Adds what {@link #split} has taken. */
    void join(float[] gradient, int from, int to) {
        for (int i = from; i < to; i++) {
            gradient[i] += before[i];
        }
    }

    /** Puts c as the cell computed it, which was not kept, in the place of a kept one. */
    void restore(float[] c, float[] previous, float[] i, float[] f, float[] g, int from, int to) {
        for (int k = from; k < to; k++) {
            c[k] = keep[k] == 1 ? f[k] * previous[k] + i[k] * g[k] : c[k];
        }
    }
}
