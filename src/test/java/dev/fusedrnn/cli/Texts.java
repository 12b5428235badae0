package dev.fusedrnn.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** A short text, and the options of a network so small that it trains in a moment. */
final class Texts {
    static final String SEA = "the sea came in and the sea went out and the light was good ".repeat(12);

    private static final Map<String, String> TINY =
            Map.of("--hidden", "8", "--embedding", "4", "--batch", "2", "--steps", "10", "--sample", "10");

    private Texts() {}

    /** A file with {@link #SEA}. */
    static Path sea(Path folder) throws IOException {
        return Files.writeString(folder.resolve("sea.txt"), SEA);
    }

    /** {@code train} on a text with a tiny network on the CPU, but for what {@code more} says otherwise. */
    static String[] train(Path text, String... more) {
        List<String> given = List.of(more);
        List<String> options = new ArrayList<>(List.of("train", "--text", text.toString(), "--device", "cpu"));
        TINY.forEach((option, value) -> {
            if (!given.contains(option)) {
                options.add(option);
                options.add(value);
            }
        });
        options.addAll(given);
        return options.toArray(String[]::new);
    }
}
