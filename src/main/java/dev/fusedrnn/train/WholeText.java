package dev.fusedrnn.train;

import dev.fusedrnn.text.Minibatches;
import dev.fusedrnn.text.TokenSequence;
import java.util.Arrays;

/**
 * Every token of a text but the first as a target exactly once, in order, for evaluation: the text is cut into N rows, walked
 * along at once with the state carried; what does not fill the last steps is ignored. With N = 1 each prediction has all of
 * the text before it as context.
 *
 * @param tokens at least 2
 * @param batch N
 * @param steps T
 */
public record WholeText(TokenSequence tokens, int batch, int steps) implements Minibatches {
    public WholeText {
        if (tokens.size() < 2) {
            throw new IllegalArgumentException("text: expected at least 2 tokens, found " + tokens.size());
        }
        if (batch < 1 || steps < 1) {
            throw new IllegalArgumentException(
                    "batch and steps: expected at least 1, found " + batch + " and " + steps);
        }
    }

    @Override
    public Epoch epoch(long index) {
        long predictions = tokens.size() - 1;
        long rowLength = (predictions + batch - 1) / batch;
        return new Epoch() {
            @Override
            public long size() {
                return (rowLength + steps - 1) / steps;
            }

            @Override
            public int steps(long minibatch) {
                return steps;
            }

            @Override
            public long load(long minibatch, int[] inputs, int[] targets) {
                Arrays.fill(inputs, 0, steps * batch, 0);
                Arrays.fill(targets, 0, steps * batch, IGNORED);
                long kept = 0;
                for (int n = 0; n < batch; n++) {
                    kept += column(n, minibatch * steps, inputs, targets);
                }
                return kept;
            }

            @Override
            public boolean continuesState(long minibatch) {
                return minibatch > 0;
            }

            private int column(int n, long from, int[] inputs, int[] targets) {
                long start = n * rowLength + from;
                long end = Math.min(Math.min(start + steps, (n + 1) * rowLength), predictions);
                int count = (int) Math.max(0, end - start);
                if (count > 0) {
                    int[] window = new int[count + 1];
                    tokens.copy(start, window, 0, count + 1);
                    for (int t = 0; t < count; t++) {
                        inputs[t * batch + n] = window[t];
                        targets[t * batch + n] = window[t + 1];
                    }
                }
                return count;
            }
        };
    }
}
