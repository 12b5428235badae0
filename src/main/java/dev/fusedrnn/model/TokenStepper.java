package dev.fusedrnn.model;

import dev.fusedrnn.nn.LanguageNetwork;
import dev.fusedrnn.nn.RnnState;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/** Feeds a network one token at a time; its tensors are taken once. */
final class TokenStepper implements AutoCloseable {
    private final LanguageNetwork network;
    private final List<Tensor> tensors = new ArrayList<>();
    private final Tensor id;
    private final Tensor x;
    private final List<Tensor> outputs;
    private final Tensor logits;
    private final List<RnnState> states;
    private final int[] host = new int[1];

    TokenStepper(LanguageNetwork network) {
        this.network = network;
        DataType type = network.config().rnn().dataType();
        try {
            id = take(DataType.I32, 1);
            x = take(type, 1, network.config().rnn().inputSize());
            outputs = network.stacks().stream()
                    .map(rnn -> take(type, 1, rnn.config().totalOutputSize()))
                    .toList();
            logits = take(type, 1, network.config().vocabularySize());
            states = network.zeroStates(1);
        } catch (RuntimeException | Error failed) {
            tensors.forEach(Tensor::close);
            throw failed;
        }
    }

    private Tensor take(DataType type, long... extents) {
        Tensor tensor = network.device().zeros(type, extents);
        tensors.add(tensor);
        return tensor;
    }

    /** Advances the state by a token. */
    void feed(int token) {
        host[0] = token;
        id.copyFrom(host);
        network.input().forward(id, x);
        Tensor in = x;
        for (int i = 0; i < outputs.size(); i++) {
            network.stacks().get(i).step(in, states.get(i), outputs.get(i));
            in = outputs.get(i);
        }
    }

    /** Logits of what follows the tokens fed. Waits for the device. */
    float[] logits() {
        network.head().forward(outputs.get(outputs.size() - 1), logits);
        return logits.toFloats();
    }

    @Override
    public void close() {
        tensors.forEach(Tensor::close);
        states.forEach(RnnState::close);
    }
}
