package dev.fusedrnn.optim;

import dev.fusedrnn.kernel.Kernels;
import dev.fusedrnn.nn.Parameters;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Tensor;

/**
 * The mean of the parameters over steps, computed on the device within the {@link Optimizer}'s step. Either the parameters
 * hold the iterate and this the average, or the other way round: so a network can be evaluated and saved with its average and
 * training still goes on from the iterate, to the bit. A step left out because its gradients were not finite counts as a term
 * that leaves the average where it is.
 */
public final class WeightAverage implements AutoCloseable {
    private final Kernels kernels;
    private final Parameters parameters;
    private final Tensor other;
    private final Tensor share;
    private long terms;
    private boolean shown;

    /**
     * Takes the memory; nothing is averaged yet.
     *
     * @param share F32 [1] on the device, set by the caller to {@link #nextShare} before each step
     */
    public WeightAverage(Kernels kernels, Parameters parameters, Tensor share) {
        this.kernels = kernels;
        this.parameters = parameters;
        this.share = share;
        this.other = kernels.device().zeros(DataType.F32, parameters.elements());
    }

    /** Starts with the parameters as they are as the first term. */
    public void start() {
        other.copyFrom(parameters.masters());
        terms = 1;
    }

    /** Bytes of the array this holds. */
    public long bytes() {
        return other.byteSize();
    }

    /** Terms of the average; 0 before {@link #start}. */
    public long terms() {
        return terms;
    }

    /** What the next step's share has to be: 1/k where it adds the k-th term, 0 before {@link #start}. */
    public float nextShare() {
        return terms == 0 ? 0 : 1f / (terms + 1);
    }

    /** Takes note of a step. */
    public void stepped() {
        if (terms > 0) {
            terms++;
        }
    }

    /** Queues that the parameters hold the average from now on, if there is one and they do not yet. */
    public void show() {
        if (terms > 0 && !shown) {
            swap();
        }
    }

    /** Queues that the parameters hold the iterate again, which steps need. */
    public void hide() {
        if (shown) {
            swap();
        }
    }

    /** Gradients mean nothing between steps, so their array serves for the exchange. */
    private void swap() {
        Tensor scratch = parameters.gradients();
        Tensor masters = parameters.masters();
        scratch.copyFrom(masters);
        masters.copyFrom(other);
        other.copyFrom(scratch);
        if (parameters.values() != masters) {
            kernels.convert(masters, parameters.values());
        }
        parameters.changed();
        shown = !shown;
    }

    /** The iterate, flat, after {@link #show}; null without an average. Waits for queued work. */
    public float[] iterate() {
        if (terms == 0) {
            return null;
        }
        show();
        return other.toFloats();
    }

    /**
     * Goes on where another stood.
     *
     * @param iterate of that, or null if it had no average; the parameters hold the average already
     */
    public void restore(float[] iterate, long savedTerms) {
        terms = savedTerms;
        shown = savedTerms > 0;
        if (shown) {
            other.copyFrom(iterate);
        }
    }

    /** F32, flat: the average while the parameters hold the iterate. */
    Tensor tensor() {
        return other;
    }

    /** F32 [1]. */
    Tensor share() {
        return share;
    }

    @Override
    public void close() {
        other.close();
    }
}
