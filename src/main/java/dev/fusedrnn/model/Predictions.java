package dev.fusedrnn.model;

import dev.fusedrnn.nn.InputSequence;
import dev.fusedrnn.nn.SequenceNetwork;
import dev.fusedrnn.train.Batching;
import dev.fusedrnn.train.ExampleBatch;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.function.Supplier;

/** What models on a {@link SequenceNetwork} have in common. */
final class Predictions {
    private static final Batching MINIBATCHES = Batching.of(32, 0);

    private Predictions() {}

    /** A model that owns a network, which is closed if there will be no model. */
    static <M> M owning(SequenceNetwork network, Supplier<M> maker) {
        try {
            return maker.get();
        } catch (RuntimeException | Error failed) {
            network.close();
            throw failed;
        }
    }

    /** A result for each sequence, in their order, computed in minibatches of like length. */
    static <R> List<R> inOrder(
            SequenceNetwork network,
            List<InputSequence> sequences,
            Function<ExampleBatch<InputSequence>, List<R>> compute) {
        if (sequences.isEmpty()) {
            return List.of();
        }
        sequences.forEach(sequence -> sequence.check(network.config()));
        Object[] results = new Object[sequences.size()];
        network.device().enter();
        try {
            Batching.Epoch<InputSequence> batches = MINIBATCHES.epoch(sequences, InputSequence::length, 0);
            for (int i = 0; i < batches.size(); i++) {
                ExampleBatch<InputSequence> batch = batches.get(i);
                List<R> found = compute.apply(batch);
                for (int n = 0; n < batch.size(); n++) {
                    results[batch.place(n)] = found.get(n);
                }
            }
        } finally {
            network.device().leave();
        }
        @SuppressWarnings("unchecked")
        List<R> typed = (List<R>) Arrays.asList(results);
        return typed;
    }
}
