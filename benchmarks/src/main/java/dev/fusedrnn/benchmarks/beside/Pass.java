package dev.fusedrnn.benchmarks.beside;

import java.util.Arrays;
import java.util.Locale;

/** What is timed of a layer. */
enum Pass {
    /** A forward pass that keeps nothing. */
    INFERENCE,
    /** A forward pass, and the backward pass to the input, the initial states and all parameters. */
    TRAINING;

    String id() {
        return name().toLowerCase(Locale.ROOT);
    }

    static Pass parse(String id) {
        return Arrays.stream(values())
                .filter(pass -> pass.id().equals(id))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("pass must be inference or training, found " + id));
    }
}
