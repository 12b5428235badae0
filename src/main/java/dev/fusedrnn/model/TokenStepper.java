package dev.fusedrnn.model;

import dev.fusedrnn.nn.LanguageNetwork;
import dev.fusedrnn.nn.RnnState;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Tensor;

/** Feeds a network one token at a time; its tensors are taken once. */
final class TokenStepper implements AutoCloseable {
    private final LanguageNetwork network;
    private final Tensor id;
    private final Tensor x;
    private final Tensor y;
    private final Tensor logits;
    private final RnnState state;
    private final int[] host = new int[1];

    TokenStepper(LanguageNetwork network) {
        this.network = network;
        DataType type = network.config().rnn().dataType();
        id = network.device().zeros(DataType.I32, 1);
        x = network.device().zeros(type, 1, network.config().rnn().inputSize());
        y = network.device().zeros(type, 1, network.config().rnn().totalOutputSize());
        logits = network.device().zeros(type, 1, network.config().vocabularySize());
        state = network.rnn().zeroState(1);
    }

    /** Advances the state by a token. */
    void feed(int token) {
        host[0] = token;
        id.copyFrom(host);
        network.input().forward(id, x);
        network.rnn().step(x, state, y);
    }

    /** Logits of what follows the tokens fed. Waits for the device. */
    float[] logits() {
        network.head().forward(y, logits);
        return logits.toFloats();
    }

    @Override
    public void close() {
        id.close();
        x.close();
        y.close();
        logits.close();
        state.close();
    }
}
