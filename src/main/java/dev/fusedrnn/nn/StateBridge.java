package dev.fusedrnn.nn;

import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.kernel.Kernels;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.tensor.Owned;
import dev.fusedrnn.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * A linear layer for each layer of the decoder, from one part (h or c) of the encoder's final state [L·D, N, F] to that of the
 * decoder's first [L', N, F']. A decoder's layer reads both directions of its encoder's layer side by side.
 */
final class StateBridge implements AutoCloseable {
    private final Kernels kernels;
    private final int directions;
    private final int width;
    private final int decoderWidth;
    private final int encoderLayers;
    private final List<Linear> layers;
    private final List<Tensor> owned = new ArrayList<>();
    private final Tensor joined;
    private final Tensor dJoined;
    private final Tensor half;
    private final int batch;

    /** The parameters of a part, in {@code plan}. */
    static void plan(Parameters.Builder plan, String part, Seq2SeqConfig config) {
        for (int layer = 0; layer < config.decoder().layers(); layer++) {
            long inputs = (long) config.encoder().directions() * width(part, config.encoder());
            plan.add(weight(part, layer), width(part, config.decoder()), inputs);
            plan.add(bias(part, layer), width(part, config.decoder()));
        }
    }

    /** Draws the parameters of a part. */
    static void initialize(
            Parameters parameters, String part, Seq2SeqConfig config, Initialization initialization, Random random) {
        int inputs = config.encoder().directions() * width(part, config.encoder());
        for (int layer = 0; layer < config.decoder().layers(); layer++) {
            initialization.linear(parameters, weight(part, layer), inputs, random);
            initialization.linear(parameters, bias(part, layer), inputs, random);
        }
    }

    /**
     * Takes the tensors for a batch size.
     *
     * @param part {@code h} or {@code c}
     */
    StateBridge(Kernels kernels, Parameters parameters, String part, Seq2SeqConfig config, int batch) {
        this.kernels = kernels;
        this.directions = config.encoder().directions();
        this.width = width(part, config.encoder());
        this.decoderWidth = width(part, config.decoder());
        this.encoderLayers = config.encoder().layers();
        this.batch = batch;
        List<Linear> linears = new ArrayList<>();
        for (int layer = 0; layer < config.decoder().layers(); layer++) {
            linears.add(new Linear(kernels, parameters, weight(part, layer), bias(part, layer)));
        }
        this.layers = List.copyOf(linears);
        Device device = kernels.device();
        long inputs = (long) directions * width;
        DataType type = config.encoder().dataType();
        try {
            this.joined = own(device.zeros(type, layers.size(), batch, inputs));
            this.dJoined = own(device.zeros(type, batch, inputs));
            this.half = own(device.zeros(type, batch, width));
        } catch (RuntimeException | Error failed) {
            close();
            throw failed;
        }
    }

    private Tensor own(Tensor tensor) {
        owned.add(tensor);
        return tensor;
    }

    /** Queues the way from the encoder's state to the decoder's. */
    void forward(Tensor encoderState, Tensor decoderState) {
        for (int layer = 0; layer < layers.size(); layer++) {
            for (int direction = 0; direction < directions; direction++) {
                Tensor row = encoderRow(encoderState, layer, direction);
                kernels.copyColumns(row, 0, joined(layer), (long) direction * width, width);
            }
            layers.get(layer).forward(joined(layer), decoderRow(decoderState, layer));
        }
    }

    /** Queues the way back: sets the layers' gradients, and adds to {@code dEncoderState}. */
    void backward(Tensor dDecoderState, Tensor dEncoderState) {
        for (int layer = 0; layer < layers.size(); layer++) {
            Tensor dOut = decoderRow(dDecoderState, layer);
            layers.get(layer).backwardParameters(joined(layer), dOut, false);
            layers.get(layer).backwardInput(dOut, dJoined);
            for (int direction = 0; direction < directions; direction++) {
                kernels.copyColumns(dJoined, (long) direction * width, half, 0, width);
                kernels.addScaled(encoderRow(dEncoderState, layer, direction), 1, half);
            }
        }
    }

    private Tensor joined(int layer) {
        long inputs = (long) directions * width;
        return joined.view(layer * batch * inputs, batch, inputs);
    }

    private Tensor decoderRow(Tensor state, int layer) {
        return state.view((long) layer * batch * decoderWidth, batch, decoderWidth);
    }

    private Tensor encoderRow(Tensor state, int decoderLayer, int direction) {
        int layer = Math.max(0, decoderLayer + encoderLayers - layers.size());
        return state.view(((long) layer * directions + direction) * batch * width, batch, width);
    }

    private static int width(String part, RnnConfig config) {
        return part.equals("h") ? config.outputSize() : config.hiddenSize();
    }

    private static String weight(String part, int layer) {
        return "bridge.weight_" + part + "_l" + layer;
    }

    private static String bias(String part, int layer) {
        return "bridge.bias_" + part + "_l" + layer;
    }

    @Override
    public void close() {
        Owned.close(owned);
    }
}
