package dev.fusedrnn.train;

import dev.fusedrnn.kernel.Kernels;
import dev.fusedrnn.nn.Parameters;
import dev.fusedrnn.nn.Seq2SeqConfig;
import dev.fusedrnn.nn.Seq2SeqNetwork;
import dev.fusedrnn.nn.Seq2SeqPass;
import dev.fusedrnn.tensor.Tensor;
import dev.fusedrnn.text.EncodedPair;
import dev.fusedrnn.text.PairArrays;
import dev.fusedrnn.text.PairCodec;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * An encoder and a decoder that learn translations by teacher forcing: the loss of each target token, given the source and the
 * target's tokens before it. Passes of the shapes last met are kept.
 */
public final class TranslationTask implements SupervisedTask<EncodedPair>, AutoCloseable {
    /** Shapes kept: training and validation at some lengths, and their smaller last minibatches. */
    private static final int KEPT = 16;

    private record Shape(int steps, int batch, boolean training) {}

    private final Seq2SeqNetwork network;
    private final PairCodec codec;
    private final Map<Shape, Seq2SeqPass> passes = new LinkedHashMap<>(2 * KEPT, 0.75f, true);

    /** A task of a network, which stays the caller's. */
    public TranslationTask(Seq2SeqNetwork network, PairCodec codec) {
        this.network = network;
        this.codec = codec;
    }

    @Override
    public Kernels kernels() {
        return network.kernels();
    }

    @Override
    public Parameters parameters() {
        return network.parameters();
    }

    @Override
    public int length(EncodedPair pair) {
        return pair.length();
    }

    @Override
    public void check(EncodedPair pair) {
        Seq2SeqConfig config = network.config();
        check("source", pair.source(), config.sourceVocabulary());
        check("target", pair.target(), config.targetVocabulary());
    }

    private static void check(String side, int[] ids, int vocabulary) {
        for (int i = 0; i < ids.length; i++) {
            if (ids[i] < 0 || ids[i] >= vocabulary) {
                throw new IllegalArgumentException(
                        side + "[" + i + "] must be in [0, " + vocabulary + "), found " + ids[i]);
            }
        }
    }

    @Override
    public long targets(ExampleBatch<EncodedPair> minibatch) {
        return minibatch.examples().stream()
                .mapToLong(pair -> pair.target().length)
                .sum();
    }

    @Override
    public void differentiate(ExampleBatch<EncodedPair> minibatch, Tensor gradientScale, Tensor lossSum, Draw draw) {
        loaded(minibatch, true, draw).differentiate(gradientScale, lossSum);
    }

    @Override
    public void evaluate(ExampleBatch<EncodedPair> minibatch, Tensor lossSum) {
        loaded(minibatch, false, new Draw(0, 0)).evaluate(lossSum);
    }

    private Seq2SeqPass loaded(ExampleBatch<EncodedPair> minibatch, boolean training, Draw draw) {
        Shape shape = new Shape(minibatch.steps(), minibatch.size(), training);
        Seq2SeqPass pass = passes.get(shape);
        if (pass == null) {
            pass = new Seq2SeqPass(network, shape.steps, shape.batch, training);
            passes.put(shape, pass);
            trim();
        }
        PairArrays arrays = PairArrays.of(minibatch.examples(), shape.steps, codec);
        pass.load(arrays.sources(), arrays.lengths(), arrays.inputs(), arrays.targets(), draw.seed(), draw.step());
        return pass;
    }

    private void trim() {
        Iterator<Seq2SeqPass> oldestFirst = passes.values().iterator();
        while (passes.size() > KEPT) {
            oldestFirst.next().close();
            oldestFirst.remove();
        }
    }

    /** Frees the passes. Closing twice is harmless. */
    @Override
    public void close() {
        passes.values().forEach(Seq2SeqPass::close);
        passes.clear();
    }
}
