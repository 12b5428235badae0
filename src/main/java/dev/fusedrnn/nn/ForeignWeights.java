package dev.fusedrnn.nn;

import dev.fusedrnn.engine.CellType;
import dev.fusedrnn.engine.GateOrder;
import dev.fusedrnn.engine.GruVariant;
import dev.fusedrnn.engine.ParameterLayout;
import dev.fusedrnn.engine.ParameterLayout.Role;
import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.tensor.Shape;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;

/**
 * Collects the weights of a recurrent stack from the tensors of ONNX operators or Keras layers, layer by layer, and gives
 * them in this library's order. (PyTorch's need no conversion: {@link StateDict}.)
 *
 * <p>The form of a GRU belongs to its weights: {@code linear_before_reset = 1} and {@code reset_after = True} are {@link
 * GruVariant#RESET_AFTER}, 0 and False are {@link GruVariant#RESET_BEFORE}. Activations are those of {@link CellType}.
 * Not expressible: other activations, peepholes (P), {@code input_forget}, and ONNX's {@code clip}, which limits
 * pre-activations where {@code cellClip} limits c.
 *
 * <p>Every method throws {@link IllegalArgumentException} naming the tensor if its shape is not the expected one or a value
 * is not finite.
 */
public final class ForeignWeights {
    private final RnnConfig config;
    private final ParameterLayout layout;
    private final Map<String, double[]> collected = new LinkedHashMap<>();

    private ForeignWeights(RnnConfig config) {
        this.config = config;
        this.layout = ParameterLayout.of(config);
    }

    /**
     * Nothing collected yet.
     *
     * @throws IllegalArgumentException if the configuration has a projection, which neither system has
     */
    public static ForeignWeights of(RnnConfig config) {
        if (config.projSize() > 0) {
            throw new IllegalArgumentException(
                    "projSize must be 0 for weights of ONNX or Keras, found " + config.projSize());
        }
        return new ForeignWeights(config);
    }

    /**
     * The tensors of an ONNX RNN, LSTM or GRU operator, all directions of one layer.
     *
     * @param w W [D, G·H, C], C being the layer's input size
     * @param r R [D, G·H, H]
     * @param b B [D, 2·G·H], input biases before recurrent ones; null if the operator has none, which is zeros
     */
    public ForeignWeights onnx(int layer, WeightArray w, WeightArray r, WeightArray b) {
        int directions = config.directions();
        int inputs = layout.entry(Role.W_IH, layer, 0).columns();
        int rows = gateRows();
        double[] input = checked("W", w, "[D, G·H, C]", directions, rows, inputs);
        double[] recurrent = checked("R", r, "[D, G·H, H]", directions, rows, config.hiddenSize());
        double[] biases = optionalBias("B", b, "[D, 2·G·H]", directions, 2L * rows);
        for (int direction = 0; direction < directions; direction++) {
            put(Role.W_IH, layer, direction, GateOrder.ONNX, part(input, direction, rows * inputs));
            put(Role.W_HH, layer, direction, GateOrder.ONNX, part(recurrent, direction, rows * config.hiddenSize()));
            putBiases(
                    layer,
                    direction,
                    GateOrder.ONNX,
                    part(biases, 2 * direction, rows),
                    part(biases, 2 * direction + 1, rows));
        }
        return this;
    }

    /**
     * The weights of a Keras SimpleRNN, LSTM or GRU layer, in the order of its {@code get_weights()}. A Bidirectional
     * wrapper is two such layers, merged by {@code concat}.
     *
     * @param direction 0, or 1 for the backward layer of a Bidirectional wrapper
     * @param kernel [C, G·H], C being the layer's input size
     * @param recurrent [H, G·H]
     * @param bias [G·H], or [2, G·H] for a GRU with {@code reset_after=True}: input biases, then recurrent ones; null if
     *     the layer has none, which is zeros
     */
    public ForeignWeights keras(int layer, int direction, WeightArray kernel, WeightArray recurrent, WeightArray bias) {
        int inputs = layout.entry(Role.W_IH, layer, direction).columns();
        int hidden = config.hiddenSize();
        int rows = gateRows();
        double[] input = checked("kernel", kernel, "[C, G·H]", inputs, rows);
        double[] hiddenRows = checked("recurrent_kernel", recurrent, "[H, G·H]", hidden, rows);
        boolean twoBiases = config.cell() == CellType.GRU && config.gruVariant() == GruVariant.RESET_AFTER;
        double[] biases = twoBiases
                ? optionalBias("bias of a GRU with reset_after=True", bias, "[2, G·H]", 2, rows)
                : Arrays.copyOf(optionalBias("bias", bias, "[G·H]", rows), 2 * rows);
        put(Role.W_IH, layer, direction, GateOrder.KERAS, transposed(input, inputs, rows));
        put(Role.W_HH, layer, direction, GateOrder.KERAS, transposed(hiddenRows, hidden, rows));
        putBiases(layer, direction, GateOrder.KERAS, part(biases, 0, rows), part(biases, 1, rows));
        return this;
    }

    /**
     * All parameters of the stack in the order of {@link ParameterLayout}.
     *
     * @throws IllegalStateException naming the first parameter not given yet
     */
    public double[] flat() {
        requireComplete();
        double[] flat = new double[Math.toIntExact(layout.elements())];
        for (ParameterLayout.Entry entry : layout.entries()) {
            double[] values = collected.get(entry.name());
            System.arraycopy(values, 0, flat, Math.toIntExact(entry.offset()), values.length);
        }
        return flat;
    }

    /**
     * Sets the parameters of a stack, such as {@link Rnn#parameters()}.
     *
     * @param section the stack's section in them, "" for a stack with parameters of its own
     * @throws IllegalArgumentException if there is no such section or it is not of this configuration; nothing has been
     *     changed then
     * @throws IllegalStateException naming the first parameter not given yet
     */
    public void load(Parameters parameters, String section) {
        requireComplete();
        String prefix = section.isEmpty() ? "" : section + ".";
        for (ParameterLayout.Entry entry : layout.entries()) {
            Shape found = parameters.entry(prefix + entry.name()).shape();
            Shape expected = entry.matrix() ? Shape.of(entry.rows(), entry.columns()) : Shape.of(entry.rows());
            if (!found.equals(expected)) {
                throw new IllegalArgumentException(
                        "parameter " + prefix + entry.name() + " must have shape " + expected + ", found " + found);
            }
        }
        collected.forEach((name, values) -> parameters.set(prefix + name, values));
    }

    private void requireComplete() {
        for (ParameterLayout.Entry entry : layout.entries()) {
            if (!collected.containsKey(entry.name())) {
                throw new IllegalStateException("parameter " + entry.name() + " has not been given yet");
            }
        }
    }

    private int gateRows() {
        return Math.multiplyExact(config.cell().gates(), config.hiddenSize());
    }

    private void putBiases(int layer, int direction, GateOrder order, double[] input, double[] recurrent) {
        if (config.bias()) {
            put(Role.B_IH, layer, direction, order, input);
            put(Role.B_HH, layer, direction, order, recurrent);
        }
    }

    private void put(Role role, int layer, int direction, GateOrder order, double[] values) {
        String name = layout.entry(role, layer, direction).name();
        collected.put(name, order.toLibrary(config.cell(), config.hiddenSize(), values));
    }

    private double[] optionalBias(String name, WeightArray bias, String letters, long... extents) {
        if (bias == null) {
            return new double[Math.toIntExact(Shape.of(extents).elements())];
        }
        if (!config.bias()) {
            throw new IllegalArgumentException(name + " is given for a configuration without biases");
        }
        return checked(name, bias, letters, extents);
    }

    private static double[] checked(String name, WeightArray array, String letters, long... extents) {
        Objects.requireNonNull(array, name);
        Shape expected = Shape.of(extents);
        if (!array.shape().equals(expected)) {
            throw new IllegalArgumentException(
                    name + " must have shape " + letters + " = " + expected + ", found " + array.shape());
        }
        double[] values = array.values();
        for (int i = 0; i < values.length; i++) {
            if (!Double.isFinite(values[i])) {
                throw new IllegalArgumentException(name + " must be finite, found " + values[i] + " at element " + i);
            }
        }
        return values;
    }

    private static double[] part(double[] values, int index, int length) {
        return Arrays.copyOfRange(values, index * length, (index + 1) * length);
    }

    private static double[] transposed(double[] values, int rows, int columns) {
        double[] transposed = new double[values.length];
        for (int row = 0; row < rows; row++) {
            for (int column = 0; column < columns; column++) {
                transposed[column * rows + row] = values[row * columns + column];
            }
        }
        return transposed;
    }
}
