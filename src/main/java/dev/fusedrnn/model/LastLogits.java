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
        int inputs = network.config().rnn().inputSize();
        try (Tensor ids = network.device().allocate(DataType.I32, count);
                Tensor x = network.device().allocate(network.config().rnn().dataType(), count, 1, inputs)) {
            ids.copyFrom(Arrays.copyOf(text, count));
            network.input().forward(ids, x.view(0, count, inputs));
            return behind(network, 0, x);
        }
    }

    /** Logits of the last step of what a stack reads. */
    private static float[] behind(LanguageNetwork network, int stack, Tensor in) {
        if (stack < network.stacks().size()) {
            try (RnnOutput output = network.stacks().get(stack).infer(RnnInput.of(in))) {
                return behind(network, stack + 1, output.y());
            }
        }
        long outputs = in.shape().extent(2);
        try (Tensor logits =
                network.device().allocate(in.dataType(), 1, network.config().vocabularySize())) {
            network.head().forward(in.view(in.elements() - outputs, 1, outputs), logits);
            return logits.toFloats();
        }
    }
}
