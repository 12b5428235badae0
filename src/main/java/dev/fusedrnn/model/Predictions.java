package dev.fusedrnn.model;

import dev.fusedrnn.io.InvalidFileException;
import dev.fusedrnn.nn.InputSequence;
import dev.fusedrnn.nn.SequenceNetwork;
import dev.fusedrnn.train.Batching;
import dev.fusedrnn.train.ExampleBatch;
import java.nio.file.Path;
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

    /**
     * The model that a file describes.
     *
     * @param network made for it; closed if there will be no model
     * @throws InvalidFileException for what the maker refuses: the file's texts do not fit each other or the network
     */
    static <M> M loaded(Path path, AutoCloseable network, Supplier<M> maker) throws InvalidFileException {
        try {
            return maker.get();
        } catch (RuntimeException | Error failed) {
            closeAfter(failed, network);
            if (failed instanceof IllegalArgumentException || failed instanceof ArithmeticException) {
                throw new InvalidFileException(path, failed.getMessage(), InvalidFileException.NO_POSITION, failed);
            }
            throw failed;
        }
    }

    private static void closeAfter(Throwable failed, AutoCloseable network) {
        try {
            network.close();
        } catch (Exception second) {
            failed.addSuppressed(second);
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
