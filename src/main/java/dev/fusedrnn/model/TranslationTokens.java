package dev.fusedrnn.model;

import dev.fusedrnn.nn.Seq2SeqNetwork;
import dev.fusedrnn.nn.Seq2SeqStepper;
import dev.fusedrnn.text.PairCodec;
import dev.fusedrnn.text.Vocabulary;

/** Translations of one source, as {@link SequenceSearch} extends them. Padding and the begin mark are never among them. */
final class TranslationTokens implements NextTokens, AutoCloseable {
    private final Seq2SeqStepper stepper;
    private final int vocabulary;
    private final int rows;
    private final int begin;
    private final int padding;
    private final int[] parents;
    private final int[] tokens;
    private int[] source;

    TranslationTokens(Seq2SeqNetwork network, PairCodec codec, int steps, int rows) {
        Vocabulary target = codec.target().vocabulary();
        this.vocabulary = target.size();
        this.rows = rows;
        this.begin = target.id(PairCodec.BEGIN);
        this.padding = target.id(PairCodec.PADDING);
        this.parents = new int[rows];
        this.tokens = new int[rows];
        this.stepper = new Seq2SeqStepper(network, steps, rows);
    }

    /** Says what is translated from now on. */
    void source(int[] ids) {
        source = ids;
    }

    @Override
    public int vocabularySize() {
        return vocabulary;
    }

    @Override
    public int mostSequences() {
        return rows;
    }

    @Override
    public void begin(float[] logProbabilities) {
        stepper.begin(source);
        tokens[0] = begin;
        advance(1, new int[1], tokens, logProbabilities);
    }

    @Override
    public void extend(int count, int[] newParents, int[] newTokens, float[] logProbabilities) {
        advance(count, newParents, newTokens, logProbabilities);
    }

    private void advance(int count, int[] newParents, int[] newTokens, float[] logProbabilities) {
        for (int i = 0; i < rows; i++) {
            parents[i] = i < count ? newParents[i] : 0;
            tokens[i] = i < count ? newTokens[i] : begin;
        }
        float[] logits = stepper.step(parents, tokens);
        for (int i = 0; i < count; i++) {
            logSoftmax(logits, i * vocabulary, logProbabilities);
        }
    }

    private void logSoftmax(float[] logits, int from, float[] logProbabilities) {
        double most = Double.NEGATIVE_INFINITY;
        for (int v = 0; v < vocabulary; v++) {
            most = Math.max(most, logits[from + v]);
        }
        double sum = 0;
        for (int v = 0; v < vocabulary; v++) {
            sum += Math.exp(logits[from + v] - most);
        }
        double shift = most + Math.log(sum);
        for (int v = 0; v < vocabulary; v++) {
            logProbabilities[from + v] = (float) (logits[from + v] - shift);
        }
        logProbabilities[from + begin] = Float.NEGATIVE_INFINITY;
        logProbabilities[from + padding] = Float.NEGATIVE_INFINITY;
    }

    @Override
    public void close() {
        stepper.close();
    }
}
