package dev.fusedrnn.text;

import java.io.Serializable;
import java.util.HashSet;
import java.util.List;

/**
 * Which tokens a vocabulary takes in, and in which order.
 *
 * @param minFrequency tokens that occur less often are left out and read as {@code <unk>}; 0 and 1 keep all
 * @param reserved tokens that are always in, such as {@code <pad>}, {@code <bos>} and {@code <eos>}
 * @param order how tokens are numbered
 * @param maxSize most tokens in all, {@code <unk>} and reserved ones included; the most frequent stay
 */
public record VocabularyOptions(long minFrequency, List<String> reserved, Vocabulary.Order order, int maxSize)
        implements Serializable {
    /** All tokens in alphabetical order, none reserved: the vocabulary of the book's version 1.0. */
    public static final VocabularyOptions DEFAULT =
            new VocabularyOptions(0, List.of(), Vocabulary.Order.ALPHABETICAL, Integer.MAX_VALUE);

    /** Checks the values and copies the list. */
    public VocabularyOptions {
        if (minFrequency < 0) {
            throw new IllegalArgumentException("minFrequency: expected at least 0, found " + minFrequency);
        }
        reserved = List.copyOf(reserved);
        if (new HashSet<>(reserved).size() != reserved.size()) {
            throw new IllegalArgumentException("reserved: expected different tokens, found " + reserved);
        }
        int always = reserved.size() + (reserved.contains(Vocabulary.UNKNOWN) ? 0 : 1);
        if (maxSize < always) {
            throw new IllegalArgumentException(
                    "maxSize: expected at least the " + always + " tokens that are always in, found " + maxSize);
        }
    }

    /** The same with another least frequency. */
    public VocabularyOptions withMinFrequency(long frequency) {
        return new VocabularyOptions(frequency, reserved, order, maxSize);
    }

    /** The same with other reserved tokens. */
    public VocabularyOptions withReserved(String... tokens) {
        return new VocabularyOptions(minFrequency, List.of(tokens), order, maxSize);
    }

    /** The same in another order. */
    public VocabularyOptions withOrder(Vocabulary.Order other) {
        return new VocabularyOptions(minFrequency, reserved, other, maxSize);
    }

    /** The same with another limit of size. */
    public VocabularyOptions withMaxSize(int size) {
        return new VocabularyOptions(minFrequency, reserved, order, size);
    }
}
