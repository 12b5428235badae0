package dev.fusedrnn.text;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;

/**
 * How often each sequence of one, two or three neighbouring tokens occurs in a text, and how their frequencies fall with
 * rank (Zipf's law). Immutable, and free to be shared between threads.
 */
public final class NgramCounts {
    private static final int LONGEST = 3;
    private static final int LARGEST_VOCABULARY = 1 << 21;
    private static final int BLOCK = 1 << 13;

    private final int order;
    private final int vocabularySize;
    private final LongCounts counts = new LongCounts();
    private long total;

    /** A sequence of token ids and how often it occurs. */
    public record Ngram(List<Integer> ids, long count) {}

    private NgramCounts(int order, int vocabularySize) {
        if (order < 1 || order > LONGEST) {
            throw new IllegalArgumentException("order: expected 1 to " + LONGEST + ", found " + order);
        }
        checkVocabularySize(vocabularySize);
        this.order = order;
        this.vocabularySize = vocabularySize;
    }

    /** The largest vocabulary is that of which three ids fit into the bits of one {@code long}. */
    static void checkVocabularySize(int vocabularySize) {
        if (vocabularySize < 1 || vocabularySize > LARGEST_VOCABULARY) {
            throw new IllegalArgumentException(
                    "vocabularySize: expected 1 to " + LARGEST_VOCABULARY + ", found " + vocabularySize);
        }
    }

    /**
     * Counts the n-grams of a text.
     *
     * @param tokens ids below {@code vocabularySize}
     * @param order 1, 2 or 3 tokens
     */
    public static NgramCounts of(TokenSequence tokens, int vocabularySize, int order) {
        NgramCounts result = new NgramCounts(order, vocabularySize);
        int[] block = new int[BLOCK];
        int kept = 0;
        for (long at = 0; at < tokens.size(); ) {
            int count = (int) Math.min(BLOCK - kept, tokens.size() - at);
            tokens.copy(at, block, kept, count);
            at += count;
            result.countBlock(block, kept + count);
            int keep = Math.min(order - 1, kept + count);
            System.arraycopy(block, kept + count - keep, block, 0, keep);
            kept = keep;
        }
        return result;
    }

    private void countBlock(int[] block, int length) {
        for (int i = 0; i + order <= length; i++) {
            counts.add(key(block, i, order));
            total++;
        }
    }

    private long key(int[] ids, int from, int length) {
        long key = 0;
        for (int i = from; i < from + length; i++) {
            if (ids[i] < 0 || ids[i] >= vocabularySize) {
                throw new IllegalArgumentException(
                        "tokens: expected ids from 0 to " + (vocabularySize - 1) + ", found " + ids[i]);
            }
            key = key * vocabularySize + ids[i];
        }
        return key;
    }

    /** Number of tokens in each n-gram. */
    public int order() {
        return order;
    }

    /** How often one n-gram occurs. */
    public long count(int... ids) {
        if (ids.length != order) {
            throw new IllegalArgumentException("ids: expected " + order + ", found " + ids.length);
        }
        return counts.get(key(ids, 0, order));
    }

    /** Number of n-grams in the text. */
    public long total() {
        return total;
    }

    /** Number of different n-grams. */
    public int types() {
        return counts.size();
    }

    /** Number of n-grams that occur once. */
    public int singletons() {
        int found = 0;
        for (int i = 0; i < counts.size(); i++) {
            found += counts.count(i) == 1 ? 1 : 0;
        }
        return found;
    }

    /** The {@code k} most frequent n-grams, or all if fewer; of equally frequent ones, the one met first comes first. */
    public List<Ngram> top(int k) {
        Comparator<Integer> worstFirst =
                Comparator.<Integer>comparingLong(counts::count).thenComparing(Comparator.reverseOrder());
        PriorityQueue<Integer> best = new PriorityQueue<>(worstFirst);
        for (int i = 0; i < counts.size(); i++) {
            best.add(i);
            if (best.size() > k) {
                best.poll();
            }
        }
        List<Ngram> top = new ArrayList<>(best.size());
        while (!best.isEmpty()) {
            int index = best.poll();
            top.add(new Ngram(ids(counts.key(index)), counts.count(index)));
        }
        Collections.reverse(top);
        return top;
    }

    private List<Integer> ids(long key) {
        Integer[] ids = new Integer[order];
        long rest = key;
        for (int i = order - 1; i >= 0; i--) {
            ids[i] = (int) (rest % vocabularySize);
            rest /= vocabularySize;
        }
        return List.of(ids);
    }

    /**
     * The exponent a of Zipf's law, frequency ~ rank^-a: minus the slope of log frequency over log rank by least
     * squares.
     *
     * @param firstRank first rank to take, counted from 1; the book's plots bend below 10
     * @param lastRank last rank to take, above {@code firstRank} and no more than {@link #types()}
     */
    public double zipfExponent(int firstRank, int lastRank) {
        if (firstRank < 1 || lastRank <= firstRank || lastRank > types()) {
            throw new IllegalArgumentException("firstRank, lastRank: expected rising ranks from 1 to " + types()
                    + ", found " + firstRank + " and " + lastRank);
        }
        long[] sorted = counts.counts();
        Arrays.sort(sorted);
        double n = lastRank - firstRank + 1;
        double sumX = 0;
        double sumY = 0;
        double sumXx = 0;
        double sumXy = 0;
        for (int rank = firstRank; rank <= lastRank; rank++) {
            double x = Math.log(rank);
            double y = Math.log(sorted[sorted.length - rank]);
            sumX += x;
            sumY += y;
            sumXx += x * x;
            sumXy += x * y;
        }
        return (sumX * sumY - n * sumXy) / (n * sumXx - sumX * sumX);
    }
}
