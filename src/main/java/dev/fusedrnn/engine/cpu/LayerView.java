package dev.fusedrnn.engine.cpu;

import dev.fusedrnn.engine.ParameterLayout.Role;
import dev.fusedrnn.engine.SequenceLengths;

/**
 * The addresses one direction of one layer works on, all in F32; 0 where there is none. One value is filled anew for each
 * pass, so that none is made.
 */
final class LayerView {
    final Extents extents;
    int layer;
    int direction;
    SequenceLengths lengths;

    /** Four words of the mask generator, or 0 in inference. */
    long random;

    long wIh;
    long wHh;
    long wHr;

    /** [P or H, G·H], or 0: wHh transposed. */
    long wHhTransposed;

    long bIh;
    long bHh;

    /** [N, P or H] and [N, H] of this layer and direction. */
    long hx;

    long cx;
    long hy;
    long cy;

    /** Blocks of the reserve or of the workspace, see {@link Extents}. */
    long gates;

    long cells;
    long extra;

    /** [T, N, D·(P or H)], already moved to this direction's columns. */
    long output;

    long dOutput;
    long dhy;
    long dcy;
    long dhx;
    long dcx;

    /** [T, N, gradient row]: gradients of the gates before their activation, as the recurrent weights see them. */
    long dGates;

    /** [T, N, H]: GRU, reset after: gradient of n as the input weights see it. LSTM with projection: [T, N, P], gradient of h. */
    long dExtra;

    LayerView(Extents extents) {
        this.extents = extents;
    }

    /** Points at the parameters of a layer and direction of a flat array. */
    void weights(long flat, int layer, int direction) {
        this.layer = layer;
        this.direction = direction;
        wIh = parameter(flat, Role.W_IH);
        wHh = parameter(flat, Role.W_HH);
        wHr = extents.projected() ? parameter(flat, Role.W_HR) : 0;
        bIh = extents.config().bias() ? parameter(flat, Role.B_IH) : 0;
        bHh = extents.config().bias() ? parameter(flat, Role.B_HH) : 0;
    }

    /** Points at the parts of a reserve. */
    void reserve(long base) {
        gates = base + Float.BYTES * extents.gatesAt(layer, direction);
        cells = extents.lstm() ? base + Float.BYTES * extents.cellsAt(layer, direction) : 0;
        extra = extents.hasExtra() ? base + Float.BYTES * extents.extraAt(layer, direction) : 0;
    }

    /** This layer and direction's part of a state tensor [L·D, N, features], or 0. */
    long state(long tensor, int features) {
        long index = (long) layer * extents.directions() + direction;
        return tensor == 0 ? 0 : tensor + Float.BYTES * index * extents.batch() * features;
    }

    /** Where this direction's columns of a [T, N, D·(P or H)] block begin. */
    long columns(long block) {
        return block == 0 ? 0 : block + (long) Float.BYTES * direction * extents.output();
    }

    /** Address of row (t, n) of a block with {@code width} floats per row. */
    long row(long block, int t, int n, int width) {
        return block + Float.BYTES * ((long) t * extents.batch() + n) * width;
    }

    /** The time step this direction computes {@code s}-th. */
    int time(int s) {
        return direction == 0 ? s : extents.steps() - 1 - s;
    }

    boolean active(int t, int n) {
        return lengths == null || t < lengths.get(n);
    }

    /** Whether a sample's recurrence begins at {@code t}. */
    boolean starts(int t, int n) {
        int length = lengths == null ? extents.steps() : lengths.get(n);
        return t == (direction == 0 ? 0 : length - 1);
    }

    private long parameter(long flat, Role role) {
        return flat
                + Float.BYTES * extents.layout().entry(role, layer, direction).offset();
    }
}
