package dev.fusedrnn.train;

import dev.fusedrnn.kernel.Kernels;
import dev.fusedrnn.nn.Parameters;
import dev.fusedrnn.tensor.Tensor;

/**
 * A network with what it is to learn from examples of a kind: all that {@link SupervisedTrainer} needs to know of either.
 *
 * @param <E> an example: its input and what is expected for it
 */
public interface SupervisedTask<E> {
    /** The operations of the network's device. */
    Kernels kernels();

    /** What is learnt. */
    Parameters parameters();

    /** Time steps of an example, 1 or more. */
    int length(E example);

    /**
     * Looks at an example before training begins.
     *
     * @throws IllegalArgumentException if the network cannot learn from it
     */
    void check(E example);

    /** How many losses a minibatch has: examples, tokens or values. Their mean is what is reported. */
    long targets(ExampleBatch<E> minibatch);

    /**
     * Queues a training pass and its way back: sets the gradients of all parameters, whatever they were, to those of the sum of
     * losses times {@code gradientScale}.
     *
     * @param gradientScale F32 [1] on the device
     * @param lossSum F32 [1] on the device, to which the sum of losses is added
     * @param draw which dropout masks are drawn
     */
    void differentiate(ExampleBatch<E> minibatch, Tensor gradientScale, Tensor lossSum, Draw draw);

    /** Queues a pass without dropout that adds the sum of losses to {@code lossSum}. */
    void evaluate(ExampleBatch<E> minibatch, Tensor lossSum);

    /**
     * What dropout masks are a function of.
     *
     * @param seed of the whole training
     * @param step of this step
     */
    record Draw(long seed, int step) {}
}
