package dev.fusedrnn.text;

import dev.fusedrnn.testing.SharedData;
import java.io.IOException;

/** The novel that all published counts are about. */
final class TimeMachine {
    private TimeMachine() {}

    static TextSource text() {
        return TextSource.file(SharedData.data("timemachine/timemachine.txt"));
    }

    static TextCodec words(long minFrequency) throws IOException {
        VocabularyOptions options =
                VocabularyOptions.DEFAULT.withOrder(Vocabulary.Order.FREQUENCY).withMinFrequency(minFrequency);
        return TextCodec.build(text(), Recipe.V017, Tokenizer.words(), options);
    }
}
