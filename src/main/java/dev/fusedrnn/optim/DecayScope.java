package dev.fusedrnn.optim;

import java.util.Arrays;
import java.util.Locale;

/** Which parameters an optimizer's weight decay pulls towards 0. */
public enum DecayScope {
    /** All. */
    ALL,
    /** Those with two extents: weights and embeddings, but no biases. */
    MATRICES;

    /** Lower-case name, as on the command line. */
    public String id() {
        return name().toLowerCase(Locale.ROOT);
    }

    /**
     * The inverse of {@link #id}.
     *
     * @throws IllegalArgumentException naming those there are
     */
    public static DecayScope parse(String id) {
        return Arrays.stream(values())
                .filter(scope -> scope.id().equals(id))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("decay scope must be one of "
                        + Arrays.stream(values()).map(DecayScope::id).toList() + ", found " + id));
    }

    boolean includes(int extents) {
        return this == ALL || extents > 1;
    }
}
