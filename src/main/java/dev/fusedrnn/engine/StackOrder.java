package dev.fusedrnn.engine;

/** The order in which the layers of a stack run. Queues work; allocates nothing. */
interface StackOrder extends AutoCloseable {
    /** What the order adds to the name of the layers' plan; empty if nothing. */
    String plan();

    /** Queues a forward pass, behind the packing of the weights. */
    void forward(ForwardCall call);

    /** Queues a backward pass, behind the packing of the weights. */
    void backward(BackwardCall call);

    @Override
    void close();
}
