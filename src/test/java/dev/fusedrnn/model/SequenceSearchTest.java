package dev.fusedrnn.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fusedrnn.testing.Draw;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class SequenceSearchTest {
    /** A model whose distributions are a function of the whole sequence so far. */
    private static class Toy implements NextTokens {
        private final int vocabulary;
        private final long seed;
        private int[][] sequences;

        Toy(int vocabulary, long seed) {
            this.vocabulary = vocabulary;
            this.seed = seed;
        }

        @Override
        public int vocabularySize() {
            return vocabulary;
        }

        @Override
        public int mostSequences() {
            return 1 << 12;
        }

        @Override
        public void begin(float[] logProbabilities) {
            sequences = new int[][] {{}};
            fill(0, logProbabilities);
        }

        @Override
        public void extend(int count, int[] parents, int[] tokens, float[] logProbabilities) {
            int[][] next = new int[count][];
            for (int i = 0; i < count; i++) {
                int[] parent = sequences[parents[i]];
                next[i] = Arrays.copyOf(parent, parent.length + 1);
                next[i][parent.length] = tokens[i];
            }
            sequences = next;
            for (int i = 0; i < count; i++) {
                fill(i, logProbabilities);
            }
        }

        private void fill(int i, float[] logProbabilities) {
            double[] p = distribution(sequences[i]);
            for (int token = 0; token < vocabulary; token++) {
                logProbabilities[i * vocabulary + token] = (float) Math.log(p[token]);
            }
        }

        double[] distribution(int[] sequence) {
            Random random = new Random(seed * 31 + Arrays.hashCode(sequence));
            double[] p = new double[vocabulary];
            for (int token = 0; token < vocabulary; token++) {
                p[token] = Math.exp(2 * random.nextGaussian());
            }
            double sum = Arrays.stream(p).sum();
            return Arrays.stream(p).map(value -> value / sum).toArray();
        }
    }

    /** The book's figures on greedy search: tokens A, B, C and the end mark 3. */
    private static final class Book extends Toy {
        private static final double[][] FIRST = {
            {0.5, 0.2, 0.2, 0.1}, {0.1, 0.4, 0.3, 0.2}, {0.2, 0.2, 0.4, 0.2}, {0.0, 0.2, 0.2, 0.6}
        };
        private static final double[][] AFTER_C = {
            {0.5, 0.2, 0.2, 0.1}, {0.1, 0.4, 0.3, 0.2}, {0.1, 0.6, 0.2, 0.1}, {0.1, 0.2, 0.1, 0.6}
        };

        Book() {
            super(4, 0);
        }

        @Override
        double[] distribution(int[] sequence) {
            boolean afterC = sequence.length > 1 && sequence[1] == 2;
            return (afterC ? AFTER_C : FIRST)[sequence.length];
        }
    }

    @Test
    void greedySearchMissesTheBetterSequenceOfTheBook() {
        FoundSequence greedy = new SequenceSearch(new Book(), SearchConfig.greedy(4), 3).find();
        assertThat(greedy.tokens()).containsExactly(0, 1, 2);
        assertThat(greedy.ended()).isTrue();
        assertThat(greedy.logProbability()).isCloseTo(Math.log(0.5 * 0.4 * 0.4 * 0.6), within(1e-6));
        assertThat(greedy.score()).isCloseTo(Math.log(0.048) / Math.pow(4, 0.75), within(1e-6));
        FoundSequence best = ExhaustiveSearch.find(new Book(), SearchConfig.beam(1, 4), 3);
        assertThat(best.tokens()).containsExactly(0, 2, 1);
        assertThat(best.logProbability()).isCloseTo(Math.log(0.5 * 0.3 * 0.6 * 0.6), within(1e-6));
        assertThat(new SequenceSearch(new Book(), SearchConfig.beam(2, 4), 3).find())
                .isEqualTo(best);
    }

    @Test
    void beamAsWideAsAllSequencesIsExhaustive() {
        Draw.cases(60, draw -> {
            int vocabulary = draw.whole(2, 4);
            int length = draw.whole(1, 4);
            int exponent = draw.whole(0, 2);
            int seed = draw.whole(0, 10_000);
            int width = (int) Math.pow(vocabulary, length);
            SearchConfig config = new SearchConfig(width, new double[] {0, 0.75, 1.5}[exponent], length);
            FoundSequence beam = new SequenceSearch(new Toy(vocabulary, seed), config, 1).find();
            FoundSequence all = ExhaustiveSearch.find(new Toy(vocabulary, seed), config, 1);
            assertThat(beam).isEqualTo(all);
            FoundSequence greedy = new SequenceSearch(
                            new Toy(vocabulary, seed), new SearchConfig(1, config.alpha(), length), 1)
                    .find();
            assertThat(all.score()).isGreaterThanOrEqualTo(greedy.score());
        });
    }

    /** Greedy written out: the likeliest token again and again. */
    @Test
    void widthOneTakesTheLikeliestTokenEachTime() {
        Draw.cases(40, draw -> {
            int seed = draw.whole(0, 10_000);
            Toy toy = new Toy(5, seed);
            int[] sequence = {};
            double sum = 0;
            boolean ended = false;
            while (sequence.length < 6 && !ended) {
                double[] p = toy.distribution(sequence);
                int best = 0;
                for (int token = 1; token < 5; token++) {
                    best = p[token] > p[best] ? token : best;
                }
                sum += Math.log(p[best]);
                ended = best == 0;
                if (!ended) {
                    sequence = Arrays.copyOf(sequence, sequence.length + 1);
                    sequence[sequence.length - 1] = best;
                }
            }
            FoundSequence found = new SequenceSearch(toy, SearchConfig.greedy(6), 0).find();
            assertThat(found.tokens()).isEqualTo(sequence);
            assertThat(found.ended()).isEqualTo(ended);
            assertThat(found.logProbability()).isCloseTo(sum, within(1e-5));
        });
    }

    /** A wider beam is not better each time, but it is in the mean. */
    @Test
    void widerBeamsFindBetterSequencesInTheMean() {
        double[] mean = new double[3];
        for (int seed = 0; seed < 200; seed++) {
            int[] widths = {1, 3, 9};
            for (int i = 0; i < 3; i++) {
                mean[i] += new SequenceSearch(new Toy(5, seed), SearchConfig.beam(widths[i], 6), 0)
                                .find()
                                .score()
                        / 200;
            }
        }
        assertThat(mean[1]).isGreaterThan(mean[0]);
        assertThat(mean[2]).isGreaterThan(mean[1]);
    }

    /** The same search is used again and gives the same. */
    @Test
    void searchCanBeRepeated() {
        SequenceSearch search = new SequenceSearch(new Toy(6, 5), SearchConfig.beam(3, 8), 2);
        assertThat(search.find()).isEqualTo(search.find());
    }

    @Test
    void impossibleTokensAreNotTaken() {
        Toy only = new Toy(3, 0) {
            @Override
            double[] distribution(int[] sequence) {
                return sequence.length == 2 ? new double[] {1, 0, 0} : new double[] {0, 0, 1};
            }
        };
        FoundSequence found = new SequenceSearch(only, SearchConfig.beam(5, 9), 0).find();
        assertThat(found.tokens()).containsExactly(2, 2);
        assertThat(found.ended()).isTrue();
        assertThat(found.score()).isZero();
    }

    @Test
    void wrongRequestsAreRefused() {
        Toy toy = new Toy(4, 0);
        assertThatThrownBy(() -> new SequenceSearch(toy, SearchConfig.beam(5000, 3), 0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("width must be at most the 4096 sequences of the model, found 5000");
        assertThatThrownBy(() -> new SequenceSearch(toy, SearchConfig.beam(2, 3), 4))
                .hasMessage("end must be in [0, 4), found 4");
        assertThatThrownBy(() -> ExhaustiveSearch.find(toy, SearchConfig.beam(1, 7), 0))
                .hasMessage("an exhaustive search needs V^T' = 4^7 sequences, at most 4096 can be held");
        assertThatThrownBy(() -> SearchConfig.beam(0, 3)).hasMessage("width must be 1 or more, found 0");
        Toy broken = new Toy(4, 0) {
            @Override
            double[] distribution(int[] sequence) {
                return new double[] {Double.NaN, 0.5, 0.5, 0};
            }
        };
        assertThatThrownBy(() -> new SequenceSearch(broken, SearchConfig.greedy(3), 0).find())
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("the model gives token 0 a probability that is not a number");
    }
}
