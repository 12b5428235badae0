package dev.fusedrnn.nn;

import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.tensor.Owned;
import dev.fusedrnn.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/** What the decoder starts from: the encoder's final state itself, or what a bridge makes of it. */
final class DecoderStart implements AutoCloseable {
    private final EncoderPass encoder;
    private final boolean hasCell;
    private final List<AutoCloseable> owned = new ArrayList<>();
    private final StateBridge hBridge;
    private final StateBridge cBridge;
    private final Tensor h;
    private final Tensor c;
    private final Tensor dh;
    private final Tensor dc;

    DecoderStart(Seq2SeqNetwork network, EncoderPass encoder, int batch, boolean training) {
        this.encoder = encoder;
        Seq2SeqConfig config = network.config();
        RnnConfig decoder = config.decoder();
        this.hasCell = decoder.cell().hasCellState();
        if (!config.hasBridge()) {
            hBridge = null;
            cBridge = null;
            h = encoder.hy();
            c = hasCell ? encoder.cy() : null;
            dh = encoder.dhy();
            dc = hasCell ? encoder.dcy() : null;
            return;
        }
        try {
            hBridge = own(new StateBridge(network.kernels(), network.parameters(), "h", config, batch));
            cBridge =
                    hasCell ? own(new StateBridge(network.kernels(), network.parameters(), "c", config, batch)) : null;
            h = take(network, batch, decoder.outputSize());
            c = hasCell ? take(network, batch, decoder.hiddenSize()) : null;
            dh = training ? take(network, batch, decoder.outputSize()) : null;
            dc = training && hasCell ? take(network, batch, decoder.hiddenSize()) : null;
        } catch (RuntimeException | Error failed) {
            close();
            throw failed;
        }
    }

    /** Queues what leads from the encoder's final state to the decoder's first. */
    void forward() {
        if (hBridge != null) {
            hBridge.forward(encoder.hy(), h);
            if (hasCell) {
                cBridge.forward(encoder.cy(), c);
            }
        }
    }

    /** Queues the way back from {@link #dh} and {@link #dc}: sets the gradients of the encoder's final state. */
    void backward() {
        if (hBridge == null) {
            if (!hasCell && encoder.dcy() != null) {
                encoder.dcy().clear();
            }
            return;
        }
        encoder.dhy().clear();
        hBridge.backward(dh, encoder.dhy());
        if (encoder.dcy() != null) {
            encoder.dcy().clear();
        }
        if (hasCell) {
            cBridge.backward(dc, encoder.dcy());
        }
    }

    /** First h of the decoder, [L, N, F]. */
    Tensor h() {
        return h;
    }

    /** First c of the decoder, or null. */
    Tensor c() {
        return c;
    }

    /** Where the gradient of {@link #h} goes; null in inference. */
    Tensor dh() {
        return dh;
    }

    /** Where the gradient of {@link #c} goes; null in inference, or if there is no c. */
    Tensor dc() {
        return dc;
    }

    private Tensor take(Seq2SeqNetwork network, int batch, int width) {
        RnnConfig decoder = network.config().decoder();
        return own(network.device().zeros(decoder.dataType(), decoder.layers(), batch, width));
    }

    private <T extends AutoCloseable> T own(T resource) {
        owned.add(resource);
        return resource;
    }

    @Override
    public void close() {
        Owned.close(owned);
    }
}
