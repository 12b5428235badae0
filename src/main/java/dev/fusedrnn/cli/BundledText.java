package dev.fusedrnn.cli;

import dev.fusedrnn.text.TextSource;
import java.io.FileNotFoundException;
import java.io.InputStream;

/** The story that is trained on when no text is given. */
final class BundledText {
    static final String NAME = "bundled story";
    static final String PROMPT = "The old man";
    private static final String RESOURCE = "/dev/fusedrnn/text/lighthouse.txt";

    private BundledText() {}

    static TextSource source() {
        return TextSource.of(NAME, () -> {
            InputStream stream = BundledText.class.getResourceAsStream(RESOURCE);
            if (stream == null) {
                throw new FileNotFoundException("the bundled story is missing from the class path: " + RESOURCE);
            }
            return stream;
        });
    }
}
