package dev.fusedrnn.internal.fused;

import dev.fusedrnn.internal.natives.FusedRnn;

/** What both passes of the streamed plan share: where the rows of a time step lie. */
class StreamedSteps {
    static final int F32 = FusedRnn.FRNN_F32;
    static final int F32_BYTES = 4;

    final LayerShape shape;
    final Pitches pitches;
    final NativeCalls calls;

    StreamedSteps(LayerShape shape, Pitches pitches, NativeCalls calls) {
        this.shape = shape;
        this.pitches = pitches;
        this.calls = calls;
    }

    /** The direction's rows of a step in a sequence S [T,N,D,pitch]; the next sample's row is D pitches on. */
    long rowsOf(long sequence, long step, int direction, long pitch) {
        long time = direction == 0 ? step : shape.steps() - 1 - step;
        return sequence + shape.bytes((time * shape.batch() * shape.directions() + direction) * pitch);
    }

    /** The direction's part of F32 [D,N,pitch]. */
    long part(long states, int direction, long pitch) {
        return states + F32_BYTES * direction * shape.batch() * pitch;
    }

    /** The direction's recurrent weights. */
    long weights(RecurrencePass pass, int direction) {
        return pass.weights + shape.bytes(direction * pitches.forward().elements());
    }

    /** The direction's recurrent weights of n, for a reset before the product. */
    long weightsN(RecurrencePass pass, int direction) {
        return weights(pass, direction)
                + shape.bytes(2 * shape.hidden() * pitches.forward().columns());
    }

    /** The direction's projection weights. */
    long projectionWeights(RecurrencePass pass, int direction) {
        return pass.projectionWeights + shape.bytes(direction * pitches.states() * pitches.units());
    }

    /** Rows of the recurrent weights that the first product of a step takes. */
    long firstRows() {
        return shape.resetsBefore() ? 2 * shape.hidden() : pitches.gates();
    }
}
