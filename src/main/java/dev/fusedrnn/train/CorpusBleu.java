package dev.fusedrnn.train;

import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * BLEU of a corpus (Papineni et al. 2002), as {@code multi-bleu.perl} and sacreBLEU compute it from tokens: precisions of runs of
 * 1 to 4 tokens over all sentences, each run counted at most as often as in the reference that has it most, their geometric
 * mean times {@code min(1, exp(1 − references' length / length))}, the length of a sentence's references being that of the one
 * closest to it, the shorter of two. From 0 to 100.
 *
 * <p>Scores depend on how text is cut into tokens. This takes tokens as they are given, without sacreBLEU's tokenizer: say
 * with a score which tokens it is of.
 */
public final class CorpusBleu {
    /** The longest runs. */
    public static final int ORDER = 4;

    /** What a precision without a single match counts as. */
    public enum Smoothing {
        /** 0, and with it the score: {@code multi-bleu.perl}, sacreBLEU's {@code none}. */
        NONE,
        /** The first such precision 1/(2·runs), the next 1/(4·runs) and so on: NIST, sacreBLEU's default {@code exp}. */
        EXP,
        /** 0.1/runs: sacreBLEU's {@code floor}. */
        FLOOR,
        /** One match and one run more for every length but 1, whether there are matches or not: sacreBLEU's {@code add-k}. */
        ADD_ONE
    }

    private final long[] matches = new long[ORDER];
    private final long[] runs = new long[ORDER];
    private long length;
    private long referenceLength;

    /**
     * Adds a sentence.
     *
     * @param references its translations, at least one
     */
    public void add(List<String> prediction, List<List<String>> references) {
        if (references.isEmpty()) {
            throw new IllegalArgumentException("references must be one or more, found none");
        }
        length += prediction.size();
        referenceLength += closestLength(prediction.size(), references);
        for (int n = 1; n <= ORDER; n++) {
            Map<List<String>, Integer> most = Ngrams.count(references.get(0), n);
            for (List<String> reference : references.subList(1, references.size())) {
                Ngrams.count(reference, n).forEach((run, count) -> most.merge(run, count, Math::max));
            }
            matches[n - 1] += Ngrams.matches(Ngrams.count(prediction, n), most);
            runs[n - 1] += Math.max(0, prediction.size() - n + 1);
        }
    }

    private static int closestLength(int length, List<List<String>> references) {
        int closest = references.get(0).size();
        for (List<String> reference : references) {
            int difference = Math.abs(reference.size() - length) - Math.abs(closest - length);
            if (difference < 0 || difference == 0 && reference.size() < closest) {
                closest = reference.size();
            }
        }
        return closest;
    }

    /** The score of all sentences added; 0 if there are none or nothing matches. */
    public double score(Smoothing smoothing) {
        if (Arrays.stream(matches).sum() == 0) {
            return 0;
        }
        double logarithms = 0;
        double halving = 1;
        for (int n = 1; n <= ORDER; n++) {
            boolean added = smoothing == Smoothing.ADD_ONE && n > 1;
            double matched = matches[n - 1] + (added ? 1 : 0);
            double of = runs[n - 1] + (added ? 1 : 0);
            if (of == 0) {
                return 0;
            }
            if (matched == 0 && smoothing == Smoothing.EXP) {
                halving /= 2;
                matched = halving;
            } else if (matched == 0 && smoothing == Smoothing.FLOOR) {
                matched = 0.1;
            }
            logarithms += Math.log(matched / of);
        }
        return 100 * brevityPenalty() * Math.exp(logarithms / ORDER);
    }

    /** Factor for predictions shorter than their references. */
    public double brevityPenalty() {
        return length >= referenceLength ? 1 : length == 0 ? 0 : Math.exp(1 - referenceLength / (double) length);
    }
}
