package dev.fusedrnn.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.tensor.Tensor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Every array argument wrong in each dimension, with primes that no right size is a multiple of. */
class CallShapesTest {
    private static final int STEPS = 6;
    private static final int BATCH = 4;
    private static final RnnConfig CONFIG = RnnConfig.of(CellType.LSTM, 9, 8)
            .withLayers(2)
            .withBidirectional(true)
            .withProjSize(6)
            .withDropout(0.5);
    private static final Map<String, long[]> SHAPES = Map.ofEntries(
            Map.entry("parameters", new long[] {ParameterLayout.of(CONFIG).elements()}),
            Map.entry("x", new long[] {STEPS, BATCH, 9}),
            Map.entry("hx", new long[] {4, BATCH, 6}),
            Map.entry("cx", new long[] {4, BATCH, 8}),
            Map.entry("random", new long[] {4}),
            Map.entry("y", new long[] {STEPS, BATCH, 12}),
            Map.entry("hy", new long[] {4, BATCH, 6}),
            Map.entry("cy", new long[] {4, BATCH, 8}),
            Map.entry("dy", new long[] {STEPS, BATCH, 12}),
            Map.entry("dhy", new long[] {4, BATCH, 6}),
            Map.entry("dcy", new long[] {4, BATCH, 8}),
            Map.entry("dx", new long[] {STEPS, BATCH, 9}),
            Map.entry("dhx", new long[] {4, BATCH, 6}),
            Map.entry("dcx", new long[] {4, BATCH, 8}),
            Map.entry("dParameters", new long[] {ParameterLayout.of(CONFIG).elements()}));

    private final Device cpu = Device.cpu();
    private final Map<String, Tensor> tensors = new HashMap<>();
    private final List<Tensor> opened = new ArrayList<>();
    private SequenceLengths lengths;

    CallShapesTest() {
        SHAPES.forEach((name, shape) -> set(name, name.equals("random") ? DataType.I32 : DataType.F32, shape));
    }

    private void set(String name, DataType type, long... shape) {
        Tensor tensor = cpu.zeros(type, shape);
        opened.add(tensor);
        tensors.put(name, tensor);
    }

    @AfterEach
    void free() {
        opened.forEach(Tensor::close);
        cpu.close();
    }

    static List<Arguments> everyDimension() {
        List<Arguments> all = new ArrayList<>();
        SHAPES.forEach((name, shape) -> {
            for (int axis = 0; axis < shape.length; axis++) {
                all.add(Arguments.of(name, axis, 13));
                all.add(Arguments.of(name, axis, 1));
            }
        });
        return all;
    }

    @ParameterizedTest
    @MethodSource("everyDimension")
    void namesTheArgumentWithAWrongExtent(String name, int axis, int extent) {
        long[] shape = SHAPES.get(name).clone();
        shape[axis] = extent;
        set(name, name.equals("random") ? DataType.I32 : DataType.F32, shape);
        assertThatThrownBy(this::run)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith(name + " must have shape ")
                .hasMessageContaining(", found " + tensors.get(name).shape());
    }

    static List<String> names() {
        return List.copyOf(SHAPES.keySet());
    }

    @ParameterizedTest
    @MethodSource("names")
    void namesTheArgumentOfAWrongType(String name) {
        set(name, DataType.BF16, SHAPES.get(name));
        assertThatThrownBy(this::run)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith(name + " must have type ")
                .hasMessageContaining("found BF16");
    }

    @ParameterizedTest
    @MethodSource("names")
    void onlySomeArgumentsMayBeMissing(String name) {
        tensors.put(name, null);
        if (List.of("parameters", "x", "y", "random").contains(name)) {
            assertThatThrownBy(this::run)
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage(name + " is missing");
        } else {
            assertThatCode(this::run).doesNotThrowAnyException();
        }
    }

    @Test
    void acceptsTheRightShapes() {
        assertThatCode(this::run).doesNotThrowAnyException();
    }

    @Test
    void refusesAReserveThatIsTooSmallOrNotWanted() {
        long needed =
                new ReferenceEngine().prepare(CONFIG, cpu, STEPS, BATCH, true).reserveBytes();
        set("reserve", DataType.I32, needed / Integer.BYTES - 1);
        assertThatThrownBy(this::run)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("reserve must have at least " + needed + " bytes, found " + (needed - 4));
        try (RnnExecution inference = new ReferenceEngine().prepare(CONFIG, cpu, STEPS, BATCH, false)) {
            assertThatThrownBy(() -> inference.forward(forwardCall())).hasMessageContaining("prepared for inference");
        }
    }

    @Test
    void refusesLengthsOfAnotherBatchOrTime() {
        lengths = SequenceLengths.of(STEPS, 1, 2, 3);
        assertThatThrownBy(this::run).hasMessage("seqLengths must have 4 lengths, found 3");
        lengths = SequenceLengths.of(7, 1, 2, 7, 3);
        assertThatThrownBy(this::run).hasMessage("seqLengths[2] must be in [1, 6], found 7");
    }

    @Test
    void refusesACellStateWhereThereIsNone() {
        RnnConfig gru = RnnConfig.of(CellType.GRU, 9, 8);
        CallShapes shapes = new CallShapes(gru, cpu, STEPS, BATCH);
        ForwardCall call = new ForwardCall(
                cpuTensor(ParameterLayout.of(gru).elements()),
                tensors.get("x"),
                null,
                tensors.get("cx"),
                null,
                null,
                cpuTensor(STEPS, BATCH, 8),
                null,
                null,
                null);
        assertThatThrownBy(() -> shapes.check(call, 0)).hasMessage("cx is for LSTM alone, found for gru");
    }

    @Test
    void refusesTokensWhereTheExecutionDoesNotTakeThem() {
        TokenInput tokens = new TokenInput(tensors.get("random"), null);
        try (RnnExecution execution = new ReferenceEngine().prepare(CONFIG, cpu, STEPS, BATCH, false)) {
            assertThat(execution.takes(tokens)).isFalse();
            ForwardCall call = new ForwardCall(
                    tensors.get("parameters"),
                    null,
                    null,
                    null,
                    null,
                    null,
                    tensors.get("y"),
                    null,
                    null,
                    null,
                    tokens);
            assertThatThrownBy(() -> execution.forward(call))
                    .hasMessage("tokens are given, but this execution reads x");
        }
    }

    private Tensor cpuTensor(long... shape) {
        set("other", DataType.F32, shape);
        return tensors.get("other");
    }

    @Test
    void refusesNoStepsAndNoSamples() {
        assertThatThrownBy(() -> new ReferenceEngine().prepare(CONFIG, cpu, 0, 4, true))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("steps must be in [1, 1048576], found 0");
        assertThatThrownBy(() -> new ReferenceEngine().prepare(CONFIG, cpu, 4, -1, true))
                .hasMessage("batch must be in [1, 1048576], found -1");
        assertThatThrownBy(() -> new ReferenceEngine().prepare(CONFIG, cpu, Integer.MAX_VALUE, 1, true))
                .hasMessage("steps must be in [1, 1048576], found 2147483647");
    }

    @Test
    void sizesBeyondOneJavaArrayAreRefusedBeforeAnythingIsAllocated() {
        RnnConfig small = RnnConfig.of(CellType.GRU, 3, 4);
        assertThatThrownBy(() -> new ReferenceEngine().prepare(small, cpu, 1 << 16, 1 << 15, true))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("T·N·features")
                .hasMessageContaining("found 8589934592");
        RnnConfig deep = RnnConfig.of(CellType.GRU, 3, 4).withLayers(1024);
        assertThatThrownBy(() -> new ReferenceEngine().prepare(deep, cpu, 1, 1 << 20, true))
                .hasMessageContaining("L·D·N·H")
                .hasMessageContaining("found 4294967296");
        RnnConfig wide = RnnConfig.of(CellType.GRU, RnnConfig.MAX_SIZE, RnnConfig.MAX_SIZE);
        assertThatThrownBy(() -> new ReferenceEngine().prepare(wide, cpu, 1, 1, true))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("parameters")
                .hasMessageContaining("found " + ParameterLayout.of(wide).elements());
    }

    @Test
    void lifecycleMistakesAreIllegalStates() {
        RnnExecution execution = new ReferenceEngine().prepare(CONFIG, cpu, STEPS, BATCH, true);
        ForwardCall inference = forwardCall();
        assertThatThrownBy(() -> execution.backward(backwardCall(inference)))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("no reserve");
        execution.close();
        execution.close();
        assertThatThrownBy(() -> execution.forward(inference)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> execution.backward(backwardCall(inference))).isInstanceOf(IllegalStateException.class);
    }

    private void run() {
        try (RnnExecution execution = new ReferenceEngine().prepare(CONFIG, cpu, STEPS, BATCH, true)) {
            if (!tensors.containsKey("reserve")) {
                set("reserve", DataType.I32, execution.reserveElements());
            }
            ForwardCall call = forwardCall();
            execution.forward(call);
            execution.backward(backwardCall(call));
        }
    }

    private ForwardCall forwardCall() {
        return new ForwardCall(
                tensors.get("parameters"),
                tensors.get("x"),
                tensors.get("hx"),
                tensors.get("cx"),
                lengths,
                tensors.get("random"),
                tensors.get("y"),
                tensors.get("hy"),
                tensors.get("cy"),
                tensors.get("reserve"));
    }

    private BackwardCall backwardCall(ForwardCall forward) {
        return new BackwardCall(
                forward,
                tensors.get("dy"),
                tensors.get("dhy"),
                tensors.get("dcy"),
                tensors.get("dx"),
                tensors.get("dhx"),
                tensors.get("dcx"),
                tensors.get("dParameters"),
                false);
    }
}
