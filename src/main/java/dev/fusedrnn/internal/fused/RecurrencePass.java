package dev.fusedrnn.internal.fused;

/**
 * Device addresses of one layer's recurrence, forward and backward, in the layouts of the native interface; 0 where a
 * tensor is not given or not wanted. Filled anew by the owner for each call. Gates, packed weights, {@link #hRaw} and {@link
 * #dProjected} have rows of the layer's {@link Pitches}; all else is dense.
 */
public final class RecurrencePass {
    /** S [T,N,D,H,G]: x·wIhᵀ + biases. */
    public long gateInputs;
    /** Packed recurrent weights, S [D,H,G,P or H] (reset-before: rows of r and z, then of n). */
    public long weights;
    /** S [D,P,H], with projection. */
    public long projectionWeights;
    /** F32 [D,H]: GRU reset-after. */
    public long recurrentBiasN;
    /** S [D,N,P or H], and S [D,N,H]. */
    public long hx;

    public long cx;
    /** F32 [D,N,H], persistent LSTM only: c before the first step in place of cx, and cy unrounded. */
    public long cellsBefore;

    public long cellsAfter;
    /** I32 [N], counted from the sequence's first step. */
    public long lengths;
    /** Of this pass within the sequence. */
    public long firstStep;
    /** I32 [4], with zoneout in training: seed low, seed high, draw, 0. */
    public long random;
    /** S [T,N,D·(P or H)]. */
    public long y;

    public long hy;
    public long cy;
    /** S [T,N,D,H,4], F32 [T,N,D,H], S [T,N,D,H], S [T,N,D,H]: training only. */
    public long savedGates;

    public long savedCells;
    public long savedReset;
    public long hRaw;

    public long dy;
    public long dhy;
    public long dcy;
    /** S [T,N,D,H,G] each; dGatesH for GRU only. */
    public long dGates;

    public long dGatesH;
    /** S [D,N,H·G]. */
    public long dGatesFirst;
    /** S [T,N,D,P], with projection. */
    public long dProjected;

    public long dhx;
    public long dcx;
    /** F32 [D,N,H] each, persistent only: read in place of dhy and dcy, then dhx and dcx unrounded. */
    public long dhCarried;

    public long dcCarried;
    /** Scratch, {@link Recurrence#workspaceBytes}. */
    public long workspace;
    /** U32 [1], zeroed: what a kernel that gave up waiting leaves. */
    public long error;

    public long stream;
}
