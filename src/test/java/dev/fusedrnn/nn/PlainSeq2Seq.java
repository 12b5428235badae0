package dev.fusedrnn.nn;

import dev.fusedrnn.engine.ParameterLayout;
import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.engine.SequenceLengths;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.tensor.Tensor;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/** An encoder and a decoder written out in double on arrays, around recurrent layers of the reference engine in double. */
final class PlainSeq2Seq implements AutoCloseable {
    private final Seq2SeqConfig config;
    private final Map<String, double[]> values = new LinkedHashMap<>();
    private final Device device = Device.cpu();
    private final Rnn encoder;
    private final Rnn decoder;

    /** Takes the parameters of a network. */
    PlainSeq2Seq(Seq2SeqNetwork network) {
        this.config = network.config();
        for (Parameters.Entry entry : network.parameters().entries()) {
            values.put(entry.name(), network.parameters().value(entry.name()).toDoubles());
        }
        this.encoder = Rnn.create(inDouble(config.encoder()), device, EngineChoice.REFERENCE, 1);
        this.decoder = Rnn.create(inDouble(config.decoder()), device, EngineChoice.REFERENCE, 1);
    }

    private static RnnConfig inDouble(RnnConfig config) {
        return config.withDataType(DataType.F64).withDropout(0);
    }

    /** Sum of losses with one parameter moved. */
    double moved(
            String name, int index, double by, int[] sources, int[] lengths, int[] inputs, int[] targets, int steps) {
        double[] all = values.get(name);
        double before = all[index];
        all[index] = before + by;
        try {
            return loss(sources, lengths, inputs, targets, steps);
        } finally {
            all[index] = before;
        }
    }

    /** Sum of the losses of all targets that are not negative. */
    double loss(int[] sources, int[] lengths, int[] inputs, int[] targets, int steps) {
        int batch = lengths.length;
        set(encoder, "encoder.rnn.");
        set(decoder, "decoder.rnn.");
        double[] source = looked(sources, "encoder.embedding.weight", config.sourceEmbedding());
        try (Tensor x = doubles(source, steps, batch, config.sourceEmbedding());
                RnnOutput read = encoder.infer(RnnInput.of(x).withLengths(SequenceLengths.of(steps, lengths)))) {
            double[] h = read.hy().toDoubles();
            double[] c = read.cy() == null ? null : read.cy().toDoubles();
            boolean cell = config.decoder().cell().hasCellState();
            double[] h0 = bridged(
                    "h",
                    h,
                    batch,
                    config.encoder().outputSize(),
                    config.decoder().outputSize());
            double[] c0 = cell
                    ? bridged(
                            "c",
                            c,
                            batch,
                            config.encoder().hiddenSize(),
                            config.decoder().hiddenSize())
                    : null;
            if (config.attentionSize() > 0) {
                return losses(attended(inputs, read.y().toDoubles(), lengths, h0, c0, steps), targets);
            }
            double[] in = joined(inputs, context(h, batch), steps, batch);
            int layers = config.decoder().layers();
            try (Tensor dx = doubles(in, steps, batch, config.decoder().inputSize());
                    Tensor hx = doubles(h0, layers, batch, config.decoder().outputSize());
                    Tensor cx =
                            cell ? doubles(c0, layers, batch, config.decoder().hiddenSize()) : null;
                    RnnOutput written = decoder.infer(RnnInput.of(dx).withState(hx, cx))) {
                return losses(written.y().toDoubles(), targets);
            }
        }
    }

    /** Outputs of a decoder that takes one step after the other. */
    private double[] attended(int[] inputs, double[] outputs, int[] lengths, double[] h, double[] c, int steps) {
        int batch = lengths.length;
        int width = config.decoder().outputSize();
        int inputSize = config.decoder().inputSize();
        int layers = config.decoder().layers();
        double[] embedded = looked(inputs, "decoder.embedding.weight", config.targetEmbedding());
        double[] y = new double[steps * batch * width];
        for (int t = 0; t < steps; t++) {
            double[] x = new double[batch * inputSize];
            for (int n = 0; n < batch; n++) {
                System.arraycopy(
                        embedded,
                        (t * batch + n) * config.targetEmbedding(),
                        x,
                        n * inputSize,
                        config.targetEmbedding());
                double[] context = attention(h, outputs, lengths, n);
                System.arraycopy(context, 0, x, n * inputSize + config.targetEmbedding(), context.length);
            }
            try (Tensor in = doubles(x, 1, batch, inputSize);
                    Tensor hx = doubles(h, layers, batch, width);
                    Tensor cx = c == null
                            ? null
                            : doubles(c, layers, batch, config.decoder().hiddenSize());
                    RnnOutput step = decoder.infer(RnnInput.of(in).withState(hx, cx))) {
                h = step.hy().toDoubles();
                c = c == null ? null : step.cy().toDoubles();
                System.arraycopy(step.y().toDoubles(), 0, y, t * batch * width, batch * width);
            }
        }
        return y;
    }

    /** The context of sample n for a state of the decoder. */
    private double[] attention(double[] h, double[] outputs, int[] lengths, int n) {
        int batch = lengths.length;
        int width = config.decoder().outputSize();
        int size = config.contextSize();
        int top = (config.decoder().layers() - 1) * batch + n;
        double[] scores = new double[lengths[n]];
        for (int s = 0; s < lengths[n]; s++) {
            for (int a = 0; a < config.attentionSize(); a++) {
                double sum = 0;
                for (int j = 0; j < width; j++) {
                    sum += values.get("attention.query.weight")[a * width + j] * h[top * width + j];
                }
                for (int j = 0; j < size; j++) {
                    sum += values.get("attention.key.weight")[a * size + j] * outputs[(s * batch + n) * size + j];
                }
                scores[s] += values.get("attention.score.weight")[a] * Math.tanh(sum);
            }
        }
        double total = Arrays.stream(scores).map(Math::exp).sum();
        double[] context = new double[size];
        for (int s = 0; s < lengths[n]; s++) {
            for (int j = 0; j < size; j++) {
                context[j] += Math.exp(scores[s]) / total * outputs[(s * batch + n) * size + j];
            }
        }
        return context;
    }

    private double[] context(double[] h, int batch) {
        int width = config.encoder().outputSize();
        int directions = config.encoder().directions();
        double[] context = new double[batch * width * directions];
        for (int n = 0; n < batch; n++) {
            for (int d = 0; d < directions; d++) {
                for (int j = 0; j < width; j++) {
                    int row = (config.encoder().layers() - 1) * directions + d;
                    context[(n * directions + d) * width + j] = h[(row * batch + n) * width + j];
                }
            }
        }
        return context;
    }

    private double[] bridged(String part, double[] state, int batch, int width, int outputs) {
        if (!config.hasBridge()) {
            return state;
        }
        int directions = config.encoder().directions();
        double[] result = new double[config.decoder().layers() * batch * outputs];
        for (int layer = 0; layer < config.decoder().layers(); layer++) {
            int from = Math.max(
                    0, layer + config.encoder().layers() - config.decoder().layers());
            double[] weight = values.get("bridge.weight_" + part + "_l" + layer);
            double[] bias = values.get("bridge.bias_" + part + "_l" + layer);
            for (int n = 0; n < batch; n++) {
                for (int o = 0; o < outputs; o++) {
                    double sum = bias[o];
                    for (int d = 0; d < directions; d++) {
                        for (int j = 0; j < width; j++) {
                            sum += weight[(o * directions + d) * width + j]
                                    * state[((from * directions + d) * batch + n) * width + j];
                        }
                    }
                    result[(layer * batch + n) * outputs + o] = sum;
                }
            }
        }
        return result;
    }

    private double[] joined(int[] inputs, double[] context, int steps, int batch) {
        double[] embedded = looked(inputs, "decoder.embedding.weight", config.targetEmbedding());
        int e = config.targetEmbedding();
        int c = config.contextSize();
        double[] joined = new double[steps * batch * (e + c)];
        for (int i = 0; i < steps * batch; i++) {
            System.arraycopy(embedded, i * e, joined, i * (e + c), e);
            System.arraycopy(context, i % batch * c, joined, i * (e + c) + e, c);
        }
        return joined;
    }

    private double losses(double[] y, int[] targets) {
        int width = config.decoder().outputSize();
        int vocabulary = config.targetVocabulary();
        double[] weight = values.get("head.weight");
        double[] bias = values.get("head.bias");
        double total = 0;
        for (int i = 0; i < targets.length; i++) {
            if (targets[i] < 0) {
                continue;
            }
            double sum = 0;
            double wanted = 0;
            for (int v = 0; v < vocabulary; v++) {
                double logit = bias[v];
                for (int j = 0; j < width; j++) {
                    logit += weight[v * width + j] * y[i * width + j];
                }
                sum += Math.exp(logit);
                wanted = v == targets[i] ? logit : wanted;
            }
            total += Math.log(sum) - wanted;
        }
        return total;
    }

    private double[] looked(int[] ids, String table, int width) {
        double[] rows = new double[ids.length * width];
        for (int i = 0; i < ids.length; i++) {
            System.arraycopy(values.get(table), ids[i] * width, rows, i * width, width);
        }
        return rows;
    }

    private void set(Rnn rnn, String prefix) {
        for (ParameterLayout.Entry entry : ParameterLayout.of(rnn.config()).entries()) {
            rnn.parameters().set(entry.name(), values.get(prefix + entry.name()));
        }
    }

    private Tensor doubles(double[] values, long... extents) {
        Tensor tensor = device.allocate(DataType.F64, extents);
        tensor.copyFrom(values);
        return tensor;
    }

    @Override
    public void close() {
        encoder.close();
        decoder.close();
        device.close();
    }
}
