package dev.fusedrnn.train;

/**
 * A linear-chain conditional random field (Lafferty, McCallum and Pereira 2001) in double on the host. The score of tags y of a
 * sequence is {@code start[y_0] + Σ_t e[t][y_t] + Σ_{t≥1} transitions[y_{t−1}][y_t] + end[y_{T−1}]}; their probability is the
 * exponential of it divided by the sum of those of all K^T sequences, which the forward algorithm gives exactly.
 *
 * @param tags K
 * @param transitions [K, K], from a tag (row) to the next
 * @param start [K]
 * @param end [K]
 */
record LinearChain(int tags, double[] transitions, double[] start, double[] end) {
    /** Sums of gradients over sequences. */
    static final class Gradients {
        final double[] transitions;
        final double[] start;
        final double[] end;

        Gradients(int tags) {
            transitions = new double[tags * tags];
            start = new double[tags];
            end = new double[tags];
        }
    }

    /**
     * −log probability of a sequence's tags in nats.
     *
     * @param e emissions [T, K]
     * @param expected T tags
     */
    double loss(double[] e, int[] expected) {
        return logSum(forward(e), expected.length - 1) - score(e, expected);
    }

    /**
     * The same with its gradients.
     *
     * @param de [T, K]; written
     * @param sums to which the gradients of the parameters are added
     */
    double differentiate(double[] e, int[] expected, double[] de, Gradients sums) {
        int steps = expected.length;
        double[] alpha = forward(e);
        double[] beta = backward(e);
        double logZ = logSum(alpha, steps - 1);
        for (int t = 0; t < steps; t++) {
            for (int k = 0; k < tags; k++) {
                de[t * tags + k] = Math.exp(alpha[t * tags + k] + beta[t * tags + k] - logZ);
            }
        }
        for (int t = 1; t < steps; t++) {
            addPairs(e, alpha, beta, logZ, t, sums);
        }
        for (int k = 0; k < tags; k++) {
            sums.start[k] += de[k];
            sums.end[k] += de[(steps - 1) * tags + k];
        }
        subtract(expected, de, sums);
        return logZ - score(e, expected);
    }

    private void addPairs(double[] e, double[] alpha, double[] beta, double logZ, int t, Gradients sums) {
        for (int i = 0; i < tags; i++) {
            double from = alpha[(t - 1) * tags + i] - logZ;
            for (int j = 0; j < tags; j++) {
                int at = t * tags + j;
                sums.transitions[i * tags + j] += Math.exp(from + transitions[i * tags + j] + e[at] + beta[at]);
            }
        }
    }

    private void subtract(int[] expected, double[] de, Gradients sums) {
        int last = expected.length - 1;
        for (int t = 0; t <= last; t++) {
            de[t * tags + expected[t]]--;
            if (t > 0) {
                sums.transitions[expected[t - 1] * tags + expected[t]]--;
            }
        }
        sums.start[expected[0]]--;
        sums.end[expected[last]]--;
    }

    private double score(double[] e, int[] expected) {
        int last = expected.length - 1;
        double score = start[expected[0]] + end[expected[last]];
        for (int t = 0; t <= last; t++) {
            score += e[t * tags + expected[t]];
            score += t > 0 ? transitions[expected[t - 1] * tags + expected[t]] : 0;
        }
        return score;
    }

    /** Log of the sum over all beginnings that end in each tag, emission included. */
    private double[] forward(double[] e) {
        double[] alpha = new double[e.length];
        double[] terms = new double[tags];
        for (int k = 0; k < tags; k++) {
            alpha[k] = start[k] + e[k];
        }
        for (int at = tags; at < e.length; at += tags) {
            for (int j = 0; j < tags; j++) {
                for (int i = 0; i < tags; i++) {
                    terms[i] = alpha[at - tags + i] + transitions[i * tags + j];
                }
                alpha[at + j] = logSum(terms) + e[at + j];
            }
        }
        return alpha;
    }

    /** Log of the sum over all endings behind each tag. */
    private double[] backward(double[] e) {
        double[] beta = new double[e.length];
        double[] terms = new double[tags];
        System.arraycopy(end, 0, beta, e.length - tags, tags);
        for (int at = e.length - 2 * tags; at >= 0; at -= tags) {
            for (int i = 0; i < tags; i++) {
                for (int j = 0; j < tags; j++) {
                    terms[j] = transitions[i * tags + j] + e[at + tags + j] + beta[at + tags + j];
                }
                beta[at + i] = logSum(terms);
            }
        }
        return beta;
    }

    private double logSum(double[] alpha, int last) {
        double[] terms = new double[tags];
        for (int k = 0; k < tags; k++) {
            terms[k] = alpha[last * tags + k] + end[k];
        }
        return logSum(terms);
    }

    private static double logSum(double[] terms) {
        double most = Double.NEGATIVE_INFINITY;
        for (double term : terms) {
            most = Math.max(most, term);
        }
        double sum = 0;
        for (double term : terms) {
            sum += Math.exp(term - most);
        }
        return most + Math.log(sum);
    }

    /** The likeliest tags (Viterbi 1967); of equally likely ones, those of lower numbers at the end. */
    int[] best(double[] e) {
        int steps = e.length / tags;
        double[] best = new double[e.length];
        int[] from = new int[e.length];
        for (int k = 0; k < tags; k++) {
            best[k] = start[k] + e[k];
        }
        for (int at = tags; at < e.length; at += tags) {
            for (int j = 0; j < tags; j++) {
                int choice = 0;
                for (int i = 1; i < tags; i++) {
                    boolean better = best[at - tags + i] + transitions[i * tags + j]
                            > best[at - tags + choice] + transitions[choice * tags + j];
                    choice = better ? i : choice;
                }
                best[at + j] = best[at - tags + choice] + transitions[choice * tags + j] + e[at + j];
                from[at + j] = choice;
            }
        }
        int[] path = new int[steps];
        int last = (steps - 1) * tags;
        for (int k = 1; k < tags; k++) {
            path[steps - 1] =
                    best[last + k] + end[k] > best[last + path[steps - 1]] + end[path[steps - 1]] ? k : path[steps - 1];
        }
        for (int t = steps - 1; t > 0; t--) {
            path[t - 1] = from[t * tags + path[t]];
        }
        return path;
    }
}
