package dev.fusedrnn.train;

import dev.fusedrnn.engine.BackwardCall;
import dev.fusedrnn.engine.ForwardCall;
import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.engine.RnnExecution;
import dev.fusedrnn.engine.TableGradient;
import dev.fusedrnn.engine.TokenInput;
import dev.fusedrnn.kernel.Kernels;
import dev.fusedrnn.nn.Rnn;
import dev.fusedrnn.nn.RnnState;
import dev.fusedrnn.nn.WeightDrop;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Owned;
import dev.fusedrnn.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * One recurrent stack of a network on minibatches of one shape: the engine's execution, the carried state, and what of the
 * weights is dropped. It may share the state, the dropped weights and the memory between forward and backward with a pass of
 * more steps.
 */
final class StackPass implements AutoCloseable {
    /**
     * Its sequences, each [T, N, …].
     *
     * @param x read; null if tokens are
     * @param tokens read in place of x, or null
     * @param y written
     * @param dy read; null in inference
     * @param dx written; null in inference, and where nobody wants it
     */
    record Sequences(Tensor x, Tokens tokens, Tensor y, Tensor dy, Tensor dx) {
        boolean training() {
            return dy != null;
        }
    }

    /**
     * What an execution reads in place of x.
     *
     * @param gradient where the gradient of the tokens' table goes; null if nobody wants it
     */
    record Tokens(TokenInput input, TableGradient gradient) {}

    private final Rnn rnn;
    private final Sequences sequences;
    private final List<AutoCloseable> owned = new ArrayList<>();
    private final StateBlock state;
    private final StateBlock finalState;
    private final Tensor random;
    private final WeightDrop weightDrop;
    private final Tensor reserve;
    private final RnnExecution execution;
    private final ForwardCall forwardCall;
    private final BackwardCall backwardCall;

    /**
     * A pass of its own.
     *
     * @param execution of the sequences' shape; the caller closes it
     * @param carried whether the state is carried from pass to pass
     * @param random I32 [4] of the stack's own masks
     * @param weightDrop null for none; the caller closes it
     */
    StackPass(
            Rnn rnn,
            RnnExecution execution,
            Sequences sequences,
            boolean carried,
            Tensor random,
            WeightDrop weightDrop) {
        this(rnn, execution, sequences, carried, random, weightDrop, null);
    }

    /** A pass over fewer steps that shares what {@code longest} has, and must be closed before it. */
    StackPass(StackPass longest, RnnExecution execution, Sequences sequences) {
        this(longest.rnn, execution, sequences, longest.state != null, longest.random, longest.weightDrop, longest);
    }

    private StackPass(
            Rnn rnn,
            RnnExecution execution,
            Sequences sequences,
            boolean carried,
            Tensor random,
            WeightDrop weightDrop,
            StackPass longest) {
        this.rnn = rnn;
        this.execution = execution;
        this.sequences = sequences;
        this.random = random;
        this.weightDrop = weightDrop;
        int batch = Math.toIntExact(sequences.y.shape().extent(1));
        boolean training = sequences.training();
        try {
            if (longest != null) {
                state = longest.state;
                finalState = longest.finalState;
            } else {
                state = carried ? own(StateBlock.zeros(rnn.config(), rnn.device(), batch)) : null;
                // The backward pass reads the initial state, so a training pass must not overwrite it.
                finalState = carried && training ? own(StateBlock.zeros(rnn.config(), rnn.device(), batch)) : state;
            }
            reserve = training ? reserve(longest) : null;
            forwardCall = forwardCall();
            backwardCall = training ? backwardCall() : null;
        } catch (RuntimeException | Error failed) {
            close();
            throw failed;
        }
    }

    /** Fewer steps need not mean less memory: another algorithm may be faster for them. */
    private Tensor reserve(StackPass longest) {
        long words = execution.reserveElements();
        if (longest != null && longest.reserve.elements() >= words) {
            return longest.reserve.view(0, words);
        }
        return own(rnn.device().allocate(DataType.I32, words));
    }

    private ForwardCall forwardCall() {
        RnnConfig config = rnn.config();
        return new ForwardCall(
                weightDrop == null ? rnn.flatParameters() : weightDrop.parameters(),
                sequences.x,
                state == null ? null : state.h(),
                state == null ? null : state.c(),
                null,
                sequences.training() && config.drawsMasks() ? random : null,
                sequences.y,
                state == null ? null : finalState.h(),
                state == null ? null : finalState.c(),
                reserve,
                sequences.tokens == null ? null : sequences.tokens.input());
    }

    private BackwardCall backwardCall() {
        return new BackwardCall(
                forwardCall,
                sequences.dy,
                null,
                null,
                sequences.dx,
                null,
                null,
                rnn.flatGradients(),
                false,
                sequences.tokens == null ? null : sequences.tokens.gradient());
    }

    /** Queues the forward pass. */
    void forward() {
        execution.forward(forwardCall);
    }

    /** Queues the backward pass. */
    void backward() {
        execution.backward(backwardCall);
    }

    /** Queues that the next pass starts where this one ended. */
    void advance(Kernels kernels) {
        if (state != finalState) {
            state.copyFrom(finalState, kernels);
        }
    }

    /** The state the next pass starts from; null if it is not carried. */
    RnnState state() {
        return state == null ? null : state.state();
    }

    /** Bytes of states of its own. */
    long stateBytes() {
        return owned.stream()
                .filter(StateBlock.class::isInstance)
                .mapToLong(block -> ((StateBlock) block).memory().byteSize())
                .sum();
    }

    /** Bytes of its own between forward and backward. */
    long reserveBytes() {
        return owned.contains(reserve) ? reserve.byteSize() : 0;
    }

    /** What is read and written. */
    Sequences sequences() {
        return sequences;
    }

    /** How it is computed, for reports. */
    String plan() {
        return execution.plan();
    }

    private <T extends AutoCloseable> T own(T resource) {
        owned.add(resource);
        return resource;
    }

    @Override
    public void close() {
        Owned.close(owned);
    }
}
