package dev.fusedrnn.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fusedrnn.engine.CellType;
import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.engine.SequenceLengths;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Each array of each call wrong in each dimension; wrong sizes are primes that match nothing by accident. */
class RnnArgumentsTest {
    private static final int T = 4;
    private static final int N = 3;
    private static final int C = 2;
    private static final int H = 5;
    private static final int PRIME = 1009;
    private static final Device DEVICE = Device.cpu();
    private static final RnnConfig CONFIG =
            RnnConfig.of(CellType.LSTM, C, H).withLayers(2).withBidirectional(true);
    private static final RnnConfig STEPPED = RnnConfig.of(CellType.LSTM, C, H);
    private static final Rnn RNN = Rnn.create(CONFIG, DEVICE, EngineChoice.REFERENCE, 1);
    private static final Rnn SINGLE = Rnn.create(STEPPED, DEVICE, EngineChoice.REFERENCE, 1);

    @AfterAll
    static void close() {
        RNN.close();
        SINGLE.close();
        assertThat(DEVICE.allocatedBytes()).isZero();
    }

    /** An array of a call: its name in messages, its right extents, and the call with one array replaced. */
    private record Case(String name, long[] extents, BiConsumer<Tensor, List<Tensor>> call) {}

    private static List<Case> cases() {
        long[] state = {4, N, H};
        return List.of(
                new Case("x", new long[] {T, N, C}, (wrong, own) -> forward(own, wrong, null, null)),
                new Case("hx", state, (wrong, own) -> forward(own, x(own), wrong, null)),
                new Case("cx", state, (wrong, own) -> forward(own, x(own), null, wrong)),
                new Case("dy", new long[] {T, N, 2 * H}, (wrong, own) -> backward(own, wrong, null, null)),
                new Case("dhy", state, (wrong, own) -> backward(own, null, wrong, null)),
                new Case("dcy", state, (wrong, own) -> backward(own, null, null, wrong)),
                new Case("x", new long[] {N, C}, (wrong, own) -> step(own, wrong, null)),
                new Case("y", new long[] {N, H}, (wrong, own) -> step(own, null, wrong)));
    }

    static Stream<Arguments> wrongExtents() {
        List<Arguments> all = new ArrayList<>();
        for (Case one : cases()) {
            for (int axis = 0; axis < one.extents().length; axis++) {
                // T and N of a sequence are what x says they are.
                boolean free = one.name().equals("x") && one.extents().length == 3 && axis < 2;
                if (!free) {
                    long[] wrong = one.extents().clone();
                    wrong[axis] = PRIME;
                    all.add(Arguments.of(one.name(), wrong, one.call()));
                }
            }
            long[] flat = {Stream.of(one).mapToLong(c -> product(c.extents())).sum()};
            all.add(Arguments.of(one.name(), flat, one.call()));
        }
        return all.stream();
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource("wrongExtents")
    void wrongExtent(String name, long[] extents, BiConsumer<Tensor, List<Tensor>> call) {
        assertRefused(name, DEVICE.zeros(DataType.F32, extents), call);
    }

    static Stream<Arguments> eachArray() {
        return cases().stream().map(one -> Arguments.of(one.name(), one.extents(), one.call()));
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource("eachArray")
    void wrongType(String name, long[] extents, BiConsumer<Tensor, List<Tensor>> call) {
        assertRefused(name, DEVICE.zeros(DataType.F64, extents), call);
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource("eachArray")
    void closedTensor(String name, long[] extents, BiConsumer<Tensor, List<Tensor>> call) {
        List<Tensor> own = new ArrayList<>();
        Tensor closed = DEVICE.zeros(DataType.F32, extents);
        closed.close();
        try {
            assertThatThrownBy(() -> call.accept(closed, own))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining(name + " ")
                    .hasMessageContaining("closed");
        } finally {
            own.forEach(Tensor::close);
        }
    }

    @Test
    void initialAndFinalStateOfAnotherBatch() {
        List<Tensor> own = new ArrayList<>();
        Tensor other = track(own, DEVICE.zeros(DataType.F32, 4, N + 1, H));
        assertThatThrownBy(() -> forward(own, x(own), other, null))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("hx must have shape [L·D, N, H] = [4, 3, 5], found [4, 4, 5]");
        own.forEach(Tensor::close);
    }

    @Test
    void emptySequenceAndEmptyBatch() {
        for (long[] extents : new long[][] {{0, N, C}, {T, 0, C}}) {
            try (Tensor x = DEVICE.zeros(DataType.F32, extents)) {
                assertThatThrownBy(() -> RNN.infer(RnnInput.of(x)))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessageContaining("x must have");
            }
        }
    }

    @Test
    void lengths() {
        try (Tensor x = DEVICE.zeros(DataType.F32, T, N, C)) {
            assertThatThrownBy(() -> RNN.infer(RnnInput.of(x).withLengths(SequenceLengths.of(T, 1, 2))))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("seqLengths must have N = 3");
            assertThatThrownBy(() -> RNN.infer(RnnInput.of(x).withLengths(SequenceLengths.of(T + 1, 1, T + 1, 2))))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("seqLengths[1]");
        }
    }

    @Test
    void cellStateForACellWithoutOne() {
        try (Rnn gru = Rnn.create(RnnConfig.of(CellType.GRU, C, H), DEVICE, EngineChoice.REFERENCE, 1);
                Tensor x = DEVICE.zeros(DataType.F32, T, N, C);
                Tensor cx = DEVICE.zeros(DataType.F32, 1, N, H)) {
            assertThatThrownBy(() -> gru.infer(RnnInput.of(x).withState(null, cx)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("cx is for LSTM alone");
        }
    }

    @Test
    void aBidirectionalStackHasNoSteps() {
        try (Tensor x = DEVICE.zeros(DataType.F32, N, C);
                Tensor y = DEVICE.zeros(DataType.F32, N, 2 * H);
                RnnState state = RNN.zeroState(N)) {
            assertThatThrownBy(() -> RNN.step(x, state, y))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("bidirectional");
        }
    }

    private static void assertRefused(String name, Tensor wrong, BiConsumer<Tensor, List<Tensor>> call) {
        List<Tensor> own = new ArrayList<>();
        track(own, wrong);
        try {
            assertThatThrownBy(() -> call.accept(wrong, own))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageStartingWith(name + " must")
                    .hasMessageContaining("found");
        } finally {
            own.forEach(Tensor::close);
        }
    }

    private static long product(long[] extents) {
        long product = 1;
        for (long extent : extents) {
            product *= extent;
        }
        return product;
    }

    private static Tensor x(List<Tensor> own) {
        return track(own, DEVICE.zeros(DataType.F32, T, N, C));
    }

    private static Tensor track(List<Tensor> own, Tensor tensor) {
        own.add(tensor);
        return tensor;
    }

    private static void forward(List<Tensor> own, Tensor x, Tensor hx, Tensor cx) {
        try (RnnPass pass = RNN.forward(new RnnInput(x, hx, cx, null))) {
            assertThat(pass.y()).isNotNull();
        }
    }

    private static void backward(List<Tensor> own, Tensor dy, Tensor dhy, Tensor dcy) {
        try (RnnPass pass = RNN.forward(RnnInput.of(x(own)));
                RnnGradients gradients = pass.backward(dy, dhy, dcy)) {
            assertThat(gradients.dx()).isNotNull();
        }
    }

    private static void step(List<Tensor> own, Tensor x, Tensor y) {
        Tensor rightX = track(own, DEVICE.zeros(DataType.F32, N, C));
        Tensor rightY = track(own, DEVICE.zeros(DataType.F32, N, H));
        try (RnnState state = SINGLE.zeroState(N)) {
            SINGLE.step(x == null ? rightX : x, state, y == null ? rightY : y);
        }
    }
}
