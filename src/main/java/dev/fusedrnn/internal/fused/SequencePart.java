package dev.fusedrnn.internal.fused;

/**
 * A part in time of a layer of one direction: where the tensors of a pass over all steps lie for the part alone. What goes on
 * from part to part loses no bits: h is y of the step before, an LSTM's c goes on in F32, and so do dh and dc.
 *
 * @param layer sizes of the layer
 * @param first number of the part's first time step
 * @param last whether the sequence ends with it
 */
public record SequencePart(LayerShape layer, long first, boolean last) {
    private static final int F32_BYTES = 4;

    /** Bytes from the beginning of the sequence to this part of a tensor with so many values of the storage type per step and sample. */
    public long bytes(long values) {
        return layer.bytes(first * layer.batch() * values);
    }

    /**
     * Makes a forward pass over all steps one over this part.
     *
     * @param carried F32 [N,H], where c goes on if it is not saved for a backward pass; 0 without c
     */
    public void cutForward(RecurrencePass pass, long carried) {
        boolean kept = pass.savedCells != 0;
        pass.cellsAfter = !kept && !last ? carried : 0;
        cut(pass, kept ? stepBefore(pass.savedCells) : carried);
        if (!last && pass.lengths == 0) {
            // No sample ends here.
            pass.hy = 0;
            pass.cy = 0;
        }
    }

    /**
     * Makes a backward pass over all steps one over this part.
     *
     * @param dh F32 [N,H], and dc with c: gradients of the state behind the part, which become those of the state before it
     */
    public void cutBackward(RecurrencePass pass, long dh, long dc) {
        long gates = layer.gateRows();
        cut(pass, layer.hasCell() ? stepBefore(pass.savedCells) : 0);
        pass.dhCarried = dh;
        pass.dcCarried = dc;
        pass.dy = moved(pass.dy, layer.outputs());
        pass.dGates += bytes(gates);
        pass.dGatesH = moved(pass.dGatesH, gates);
        if (first > 0) {
            pass.dGatesFirst = 0;
            pass.dhx = 0;
            pass.dcx = 0;
        }
    }

    private void cut(RecurrencePass pass, long cellsBefore) {
        pass.firstStep = first;
        pass.cellsBefore = first > 0 ? cellsBefore : 0;
        if (first > 0) {
            pass.hx = pass.y + bytes(layer.outputs()) - layer.bytes(layer.batch() * layer.outputs());
            pass.cx = 0;
        }
        pass.y += bytes(layer.outputs());
        pass.savedGates = moved(pass.savedGates, layer.hidden() * layer.savedGates());
        pass.savedReset = moved(pass.savedReset, layer.hidden());
        pass.savedCells = pass.savedCells == 0 ? 0 : pass.savedCells + F32_BYTES * first * layer.cellElements();
    }

    private long stepBefore(long cells) {
        return cells + F32_BYTES * (first - 1) * layer.cellElements();
    }

    private long moved(long tensor, long values) {
        return tensor == 0 ? 0 : tensor + bytes(values);
    }
}
