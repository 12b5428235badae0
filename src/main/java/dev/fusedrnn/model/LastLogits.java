package dev.fusedrnn.model;

import dev.fusedrnn.nn.LanguageNetwork;
import dev.fusedrnn.nn.RnnInput;
import dev.fusedrnn.nn.RnnOutput;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Tensor;
import java.util.Arrays;

/** The logits a network gives for the last token of a text, computed from the whole text at once. */
final class LastLogits {
    private LastLogits() {}

    /** Logits behind the first {@code count} tokens of {@code text}. */
    static float[] of(LanguageNetwork network, int[] text, int count) {
        DataType type = network.config().rnn().dataType();
        int inputs = network.config().rnn().inputSize();
        int outputs = network.config().rnn().totalOutputSize();
        int vocabulary = network.config().vocabularySize();
        try (Tensor ids = network.device().allocate(DataType.I32, count);
                Tensor x = network.device().allocate(type, count, 1, inputs);
                Tensor logits = network.device().allocate(type, 1, vocabulary)) {
            ids.copyFrom(Arrays.copyOf(text, count));
            network.input().forward(ids, x.view(0, count, inputs));
            try (RnnOutput output = network.rnn().infer(RnnInput.of(x))) {
                network.head().forward(output.y().view((long) (count - 1) * outputs, 1, outputs), logits);
                return logits.toFloats();
            }
        }
    }
}
