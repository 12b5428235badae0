package dev.fusedrnn.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.fusedrnn.engine.CellType;
import dev.fusedrnn.engine.GruVariant;
import dev.fusedrnn.engine.ParameterLayout;
import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.engine.SequenceLengths;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A bidirectional layer whose directions differ in size, made of two stacks, one over reversed time.
 *
 * <p>The judge is one bidirectional layer of the larger size. In the smaller direction its additional units have weights of
 * zero and start at zero, so they stay at zero in every cell (an LSTM's g, a GRU's n is tanh(0)) and nothing reads them.
 */
class UnequalDirectionsTest {
    private static final int T = 5;
    private static final int N = 3;
    private static final int C = 2;
    private static final int LARGE = 6;

    /** Results of a whole layer: y [T,N,first + second], dx [T,N,C]. */
    private record Layer(double[] y, double[] dx) {}

    static List<Arguments> cases() {
        List<RnnConfig> configs = new ArrayList<>();
        for (CellType cell : CellType.values()) {
            configs.add(RnnConfig.of(cell, C, LARGE).withDataType(DataType.F64));
        }
        configs.add(configs.get(CellType.GRU.ordinal()).withGruVariant(GruVariant.RESET_BEFORE));
        List<Arguments> cases = new ArrayList<>();
        for (RnnConfig config : configs) {
            for (int backwardSize : new int[] {LARGE, 4, 1}) {
                cases.add(Arguments.of(config, config.cell(), config.gruVariant(), backwardSize, false));
                cases.add(Arguments.of(config, config.cell(), config.gruVariant(), backwardSize, true));
            }
        }
        return cases;
    }

    @ParameterizedTest(name = "{1} {2}: {3} units backward, lengths {4}")
    @MethodSource("cases")
    void twoStacksAreOneLayer(
            RnnConfig config, CellType cell, GruVariant variant, int backwardSize, boolean withLengths) {
        SequenceLengths lengths = withLengths ? SequenceLengths.of(T, 2, T, 1) : null;
        double[] dy = values(new Random(11), T * N * (LARGE + backwardSize));
        try (Device device = Device.cpu();
                Tensor x = tensor(device, values(new Random(5), T * N * C), C);
                Rnn forward = Rnn.create(config, device, EngineChoice.REFERENCE, 1);
                Rnn backward = Rnn.create(resized(config, backwardSize), device, EngineChoice.REFERENCE, 2);
                Rnn judge = Rnn.create(config.withBidirectional(true), device, EngineChoice.REFERENCE, 3)) {
            judge.flatParameters().clear();
            embed(forward, judge, "");
            embed(backward, judge, "_reverse");
            Layer found = twoStacks(forward, backward, x, dy, lengths);
            Layer expected = oneLayer(judge, x, dy, backwardSize, lengths);
            assertThat(found.y()).containsExactly(expected.y(), within(1e-14));
            assertThat(found.dx()).containsExactly(expected.dx(), within(1e-13));
        }
    }

    private static Layer twoStacks(Rnn forward, Rnn backward, Tensor x, double[] dy, SequenceLengths lengths) {
        int first = forward.config().hiddenSize();
        int second = backward.config().hiddenSize();
        Device device = x.device();
        try (Tensor turned = TimeReversal.of(x, lengths);
                RnnPass ahead = forward.forward(RnnInput.of(x).withLengths(lengths));
                RnnPass behind = backward.forward(RnnInput.of(turned).withLengths(lengths));
                Tensor behindY = TimeReversal.of(behind.y(), lengths);
                Tensor dyAhead = tensor(device, columns(dy, first + second, 0, first), first);
                Tensor dyBehind = tensor(device, columns(dy, first + second, first, second), second);
                Tensor dyTurned = TimeReversal.of(dyBehind, lengths);
                RnnGradients aheadGradients = ahead.backward(dyAhead, null, null);
                RnnGradients behindGradients = behind.backward(dyTurned, null, null);
                Tensor behindDx = TimeReversal.of(behindGradients.dx(), lengths)) {
            double[] dx = aheadGradients.dx().toDoubles();
            double[] other = behindDx.toDoubles();
            for (int i = 0; i < dx.length; i++) {
                dx[i] += other[i];
            }
            return new Layer(concatenated(ahead.y().toDoubles(), first, behindY.toDoubles(), second), dx);
        }
    }

    /** A bidirectional layer of LARGE units per direction, of whose second direction {@code second} units count. */
    private static Layer oneLayer(Rnn layer, Tensor x, double[] dy, int second, SequenceLengths lengths) {
        double[] wide = new double[T * N * 2 * LARGE];
        for (int row = 0; row < T * N; row++) {
            System.arraycopy(dy, row * (LARGE + second), wide, row * 2 * LARGE, LARGE + second);
        }
        try (RnnPass pass = layer.forward(RnnInput.of(x).withLengths(lengths));
                Tensor dyWide = tensor(x.device(), wide, 2 * LARGE);
                RnnGradients gradients = pass.backward(dyWide, null, null)) {
            double[] y = columns(pass.y().toDoubles(), 2 * LARGE, 0, LARGE + second);
            return new Layer(y, gradients.dx().toDoubles());
        }
    }

    /** Puts a stack's parameters into the upper left corner of each gate's block of a direction of a layer. */
    private static void embed(Rnn small, Rnn layer, String suffix) {
        int hidden = small.config().hiddenSize();
        for (ParameterLayout.Entry entry : ParameterLayout.of(small.config()).entries()) {
            Parameters.Entry target = layer.parameters().entry(entry.name() + suffix);
            int wide = (int) (target.elements() / (layer.config().cell().gates() * LARGE));
            double[] from = small.parameters().value(entry.name()).toDoubles();
            double[] to = new double[(int) target.elements()];
            for (int row = 0; row < entry.rows(); row++) {
                int place = row / hidden * LARGE + row % hidden;
                System.arraycopy(from, row * entry.columns(), to, place * wide, entry.columns());
            }
            layer.parameters().set(target.name(), to);
        }
    }

    private static RnnConfig resized(RnnConfig config, int hidden) {
        return RnnConfig.of(config.cell(), C, hidden)
                .withGruVariant(config.gruVariant())
                .withDataType(config.dataType());
    }

    private static Tensor tensor(Device device, double[] values, int features) {
        Tensor tensor = device.allocate(DataType.F64, T, N, features);
        tensor.copyFrom(values);
        return tensor;
    }

    private static double[] values(Random random, int count) {
        return random.doubles(count, -1.5, 1.5).toArray();
    }

    private static double[] columns(double[] values, int width, int first, int count) {
        double[] part = new double[T * N * count];
        for (int row = 0; row < T * N; row++) {
            System.arraycopy(values, row * width + first, part, row * count, count);
        }
        return part;
    }

    private static double[] concatenated(double[] left, int leftWidth, double[] right, int rightWidth) {
        double[] joined = new double[T * N * (leftWidth + rightWidth)];
        for (int row = 0; row < T * N; row++) {
            System.arraycopy(left, row * leftWidth, joined, row * (leftWidth + rightWidth), leftWidth);
            System.arraycopy(right, row * rightWidth, joined, row * (leftWidth + rightWidth) + leftWidth, rightWidth);
        }
        return joined;
    }
}
