package dev.fusedrnn.train;

import java.util.Arrays;

/**
 * How often sequences of each class were taken for which.
 *
 * @param counts [classes][classes]: of the true class, how often each was predicted
 */
public record ClassScores(long[][] counts) {
    public ClassScores {
        counts = copy(counts);
    }

    private static long[][] copy(long[][] counts) {
        return Arrays.stream(counts).map(long[]::clone).toArray(long[][]::new);
    }

    /** A copy. */
    @Override
    public long[][] counts() {
        return copy(counts);
    }

    /**
     * Scores of predictions.
     *
     * @param classes how many there are; expected and predicted ones are numbers in [0, classes)
     * @throws IllegalArgumentException for other numbers, or not as many predictions as expected classes
     */
    public static ClassScores of(int classes, int[] expected, int[] predicted) {
        if (expected.length != predicted.length) {
            throw new IllegalArgumentException(
                    "expected " + expected.length + " predictions, found " + predicted.length);
        }
        long[][] counts = new long[classes][classes];
        for (int i = 0; i < expected.length; i++) {
            counts[checked("expected", i, expected[i], classes)][checked("predicted", i, predicted[i], classes)]++;
        }
        return new ClassScores(counts);
    }

    private static int checked(String name, int at, int label, int classes) {
        if (label < 0 || label >= classes) {
            throw new IllegalArgumentException(name + "[" + at + "] must be in [0, " + classes + "), found " + label);
        }
        return label;
    }

    /** Number of sequences. */
    public long total() {
        return Arrays.stream(counts).flatMapToLong(Arrays::stream).sum();
    }

    /** Share of sequences whose class was found; NaN for none. */
    public double accuracy() {
        long right = 0;
        for (int i = 0; i < counts.length; i++) {
            right += counts[i][i];
        }
        return right / (double) total();
    }

    /** Harmonic mean of precision and recall of a class: 2·right/(predicted + true); 0 where nothing was right. */
    public double f1(int label) {
        long predicted = 0;
        for (long[] row : counts) {
            predicted += row[label];
        }
        long expected = Arrays.stream(counts[label]).sum();
        return counts[label][label] == 0 ? 0 : 2.0 * counts[label][label] / (predicted + expected);
    }

    /** Mean of all classes' F1, 0 counting for one that neither occurs nor is predicted. */
    public double macroF1() {
        double sum = 0;
        for (int label = 0; label < counts.length; label++) {
            sum += f1(label);
        }
        return sum / counts.length;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof ClassScores that && Arrays.deepEquals(counts, that.counts);
    }

    @Override
    public int hashCode() {
        return Arrays.deepHashCode(counts);
    }

    @Override
    public String toString() {
        return "ClassScores" + Arrays.deepToString(counts);
    }
}
