package dev.fusedrnn.engine;

import dev.fusedrnn.internal.fused.FusedLayer;
import dev.fusedrnn.internal.fused.LayerShape;
import dev.fusedrnn.internal.fused.Offsets;
import dev.fusedrnn.internal.fused.Pitches;
import java.util.List;

/**
 * Where everything lies that a stack keeps on the device besides the caller's tensors, as byte offsets: the workspace of
 * the execution, and the reserve a training forward pass leaves for its backward pass.
 */
final class FusedMemory {
    final long[] weights;
    final long lengths;
    /** Of each lane. */
    final long[] gateInputs;

    final long[] scratch;
    /** What an inference pass needs and a training pass keeps in the reserve: y of inner layers, h before projection. */
    final long[] innerY;

    final long hRaw;
    /** So many layers take turns in what follows: the gradients of one are computed while the recurrences of the next run. */
    final int turns;
    /** What a layer's recurrence leaves for its weight gradients. */
    final long[] dGates;

    final long[] dGatesH;
    final long[] dGatesFirst;
    final long[] dProjected;
    /** r*h, where a backward pass makes it for itself. */
    final long[] reset;
    /** Gates that a layer's backward pass makes for itself. */
    final long gates;

    final long[] dy;
    /** What goes on from part to part in time, F32 [L,N,H] each: dh, and c or dc. */
    final long carriedH;

    final long carriedC;
    final long gradientScratch;
    final long workspaceBytes;

    final long[] savedGates;
    final long[] savedCells;
    final long[] savedReset;
    final long[] savedRaw;
    final long[] savedY;
    final long[] savedDropped;
    final long reserveBytes;

    /**
     * Lays it out.
     *
     * @param lanes how many layers may run at once
     */
    FusedMemory(List<FusedLayer> layers, int lanes, boolean dropout) {
        LayerShape widest = layers.get(0).shape();
        Pitches pitches = layers.get(0).pitches();
        boolean training = widest.training();
        int count = layers.size();
        long outputBytes = widest.bytes(widest.rows() * widest.directions() * widest.outputs());
        long rawBytes = widest.projects() ? widest.bytes(widest.rows() * widest.directions() * pitches.units()) : 0;
        long gateBytes = widest.bytes(widest.rows() * widest.directions() * pitches.gates());

        Offsets work = new Offsets();
        weights = new long[count];
        long scratchBytes = 0;
        long gradientBytes = 0;
        for (int l = 0; l < count; l++) {
            weights[l] = work.next(layers.get(l).weights().bytes());
            scratchBytes = Math.max(scratchBytes, layers.get(l).workspaceBytes());
            gradientBytes = Math.max(gradientBytes, layers.get(l).gradientScratchBytes());
        }
        lengths = work.next(4 * widest.batch());
        scratch = parts(work, lanes, scratchBytes);
        boolean deep = count > 1;
        // A layer's parts read the ends of the parts before, so that layers at work need places of their own.
        innerY = parts(work, lanes == 1 ? 2 : count - 1, deep && !training ? outputBytes : 0);
        hRaw = work.next(training ? 0 : rawBytes);
        long firstBytes = widest.bytes(widest.directions() * widest.batch() * pitches.gates());
        long projectedBytes =
                widest.projects() ? widest.bytes(widest.rows() * widest.directions() * pitches.states()) : 0;
        turns = Math.min(lanes + 1, count);
        dGates = parts(work, turns, training ? gateBytes : 0);
        dGatesH = parts(work, turns, training && widest.isGru() ? gateBytes : 0);
        dGatesFirst = parts(work, turns, training ? firstBytes : 0);
        dProjected = parts(work, turns, training ? projectedBytes : 0);
        boolean recomputes = widest.recomputesGates();
        long units = widest.rows() * widest.directions() * widest.hidden();
        long savedGateBytes = widest.bytes(units * widest.savedGates());
        long resetBytes = widest.resetsBefore() ? widest.bytes(units) : 0;
        reset = parts(work, turns, recomputes ? resetBytes : 0);
        gates = work.next(recomputes ? savedGateBytes : 0);
        // A forward pass is over before a backward pass begins, and the other way round.
        LayerShape part = layers.get(0).part(0).shape();
        long partBytes = widest.bytes(part.rows() * widest.directions() * pitches.gates());
        gateInputs = training ? dGates : parts(work, lanes, partBytes);
        long carriedBytes = lanes > 1 ? 4 * count * widest.cellElements() : 0;
        carriedH = work.next(training ? carriedBytes : 0);
        carriedC = work.next(widest.hasCell() ? carriedBytes : 0);
        dy = new long[] {
            work.next(count > 2 && training ? outputBytes : 0), work.next(deep && training ? outputBytes : 0)
        };
        gradientScratch = work.next(gradientBytes);
        workspaceBytes = work.total();

        Offsets kept = new Offsets();
        savedGates = new long[count];
        savedCells = new long[count];
        savedReset = new long[count];
        savedRaw = new long[count];
        savedY = new long[count];
        savedDropped = new long[count];
        for (int l = 0; l < count && training; l++) {
            boolean inner = l < count - 1;
            savedGates[l] = kept.next(widest.keepsGates() ? savedGateBytes : 0);
            savedCells[l] = kept.next(widest.hasCell() ? 4 * units : 0);
            savedReset[l] = kept.next(widest.keepsGates() ? resetBytes : 0);
            savedRaw[l] = kept.next(rawBytes);
            savedY[l] = kept.next(inner ? outputBytes : 0);
            savedDropped[l] = kept.next(inner && dropout ? outputBytes : 0);
        }
        reserveBytes = kept.total();
    }

    private static long[] parts(Offsets work, int count, long bytes) {
        long[] parts = new long[count];
        for (int i = 0; i < count; i++) {
            parts[i] = work.next(bytes);
        }
        return parts;
    }
}
