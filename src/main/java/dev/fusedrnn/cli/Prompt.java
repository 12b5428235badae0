package dev.fusedrnn.cli;

import dev.fusedrnn.text.TextCodec;
import java.util.Arrays;
import java.util.stream.Collectors;

/** The start of a text to write. */
final class Prompt {
    private Prompt() {}

    /** The tokens of a prompt, with a note of those the model does not know. */
    static int[] encode(String prompt, TextCodec codec, Console console) {
        int[] start = codec.encode(prompt);
        int unknown = codec.vocabulary().unknownId();
        if (Arrays.stream(start).anyMatch(id -> id == unknown)) {
            String tokens = codec.tokenizer().tokenize(codec.recipe().clean(prompt)).stream()
                    .filter(token -> !codec.vocabulary().contains(token))
                    .distinct()
                    .map(token -> "'" + token + "'")
                    .collect(Collectors.joining(", "));
            console.note("note: the model has never seen " + tokens + " of the prompt");
        }
        return start;
    }
}
