package dev.fusedrnn.train;

import java.util.List;

/**
 * BLEU of one sentence as the book "Dive into Deep Learning" defines it: {@code exp(min(0, 1 − label/prediction lengths)) · ∏ pₙ^(1/2ⁿ)}
 * for n = 1..k, pₙ the share of the prediction's runs of n tokens that the label has too. Longer runs weigh more than in {@link
 * CorpusBleu}, with which it is not to be compared. From 0 to 1.
 */
public final class SentenceBleu {
    private SentenceBleu() {}

    /**
     * BLEU of a prediction.
     *
     * @param k longest run looked at; runs longer than the prediction are left out, as in the book's version 1.0
     * @return 0 for an empty prediction
     */
    public static double of(List<String> prediction, List<String> label, int k) {
        if (k < 1) {
            throw new IllegalArgumentException("k must be 1 or more, found " + k);
        }
        if (prediction.isEmpty()) {
            return 0;
        }
        double score = Math.exp(Math.min(0, 1 - label.size() / (double) prediction.size()));
        for (int n = 1; n <= Math.min(k, prediction.size()); n++) {
            int matches = Ngrams.matches(Ngrams.count(prediction, n), Ngrams.count(label, n));
            score *= Math.pow(matches / (double) (prediction.size() - n + 1), Math.pow(0.5, n));
        }
        return score;
    }
}
