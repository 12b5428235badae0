package dev.fusedrnn.internal.fused;

/** One way of running all time steps of a layer. Queues work; allocates nothing. */
public interface Recurrence {
    /** How, for reports. */
    String plan();

    /** Scratch bytes a pass needs. */
    long workspaceBytes();

    /** Queues all steps of the forward pass. */
    void forward(RecurrencePass pass);

    /** Queues all steps of the backward pass, after a training forward pass. */
    void backward(RecurrencePass pass);
}
