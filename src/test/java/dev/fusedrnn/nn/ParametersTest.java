package dev.fusedrnn.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fusedrnn.engine.CellType;
import dev.fusedrnn.engine.ParameterLayout;
import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Device;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ParametersTest {
    private static final RnnConfig STACK = RnnConfig.of(CellType.GRU, 3, 5).withLayers(2);

    private final Device device = Device.cpu();

    @AfterEach
    void nothingLeaks() {
        assertThat(device.allocatedBytes()).isZero();
    }

    @Test
    void sectionsStartAlignedAndAStackHasNoGaps() {
        try (Parameters parameters = arena(DataType.F32)) {
            ParameterLayout layout = ParameterLayout.of(STACK);
            long start = parameters.entry("rnn.weight_ih_l0").offset();
            assertThat(start).isEqualTo(64);
            for (ParameterLayout.Entry entry : layout.entries()) {
                assertThat(parameters.entry("rnn." + entry.name()).offset()).isEqualTo(start + entry.offset());
            }
            assertThat(parameters.sectionValues("rnn").elements()).isEqualTo(layout.elements());
            assertThat(parameters.entry("head.bias").offset() % Parameters.ALIGNMENT)
                    .isZero();
            assertThat(parameters.elements() % Parameters.ALIGNMENT).isZero();
            assertThat(parameters.count()).isEqualTo(21 + layout.elements() + 7);
        }
    }

    @Test
    void aParameterThatNoArrayHoldsIsRefusedBeforeMemoryIsTaken() {
        assertThatThrownBy(
                        () -> Rnn.create(RnnConfig.of(CellType.RNN_TANH, 1 << 20, 2048), device, EngineChoice.CPU, 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll("weight_ih_l0", "[2048, 1048576]", "2147483639", "2147483648");
        assertThat(device.peakBytes()).isZero();
    }

    @Test
    void viewsShareTheArena() {
        try (Parameters parameters = arena(DataType.F32)) {
            long version = parameters.version();
            parameters.set("head.bias", new float[] {1, 2, 3, 4, 5, 6, 7});
            assertThat(parameters.version()).isGreaterThan(version);
            int offset = (int) parameters.entry("head.bias").offset();
            assertThat(parameters.values().toFloats()[offset + 6]).isEqualTo(7);
            parameters.gradients().fillBytes((byte) 0x3f);
            assertThat(parameters.gradient("embedding.weight").toFloats()[0]).isGreaterThan(0.7f);
        }
    }

    @Test
    void halvesHaveMastersAndGradientsInF32() {
        try (Parameters parameters = arena(DataType.BF16)) {
            parameters.set("head.bias", new float[] {0.1f, 0, 0, 0, 0, 0, 0});
            assertThat(parameters.get("head.bias")[0]).isEqualTo(0.1f);
            assertThat(parameters.value("head.bias").toFloats()[0])
                    .isNotEqualTo(0.1f)
                    .isCloseTo(0.1f, within(1e-3f));
            assertThat(parameters.gradients().dataType()).isEqualTo(DataType.F32);
        }
    }

    @Test
    void unknownAndDoubleNames() {
        try (Parameters parameters = arena(DataType.F32)) {
            assertThatThrownBy(() -> parameters.value("head.weight"))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("head.bias");
            assertThatThrownBy(() -> parameters.sectionValues("lstm")).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> parameters.set("head.bias", new float[3]))
                    .isInstanceOf(IllegalArgumentException.class);
        }
        assertThatThrownBy(() -> Parameters.builder().add("a", 1).add("a", 2))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void afterCloseEverythingThrows() {
        Parameters parameters = arena(DataType.F16);
        parameters.moment(1);
        parameters.close();
        parameters.close();
        assertThatThrownBy(parameters::values).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(parameters::gradients).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> parameters.moment(0)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> parameters.get("head.bias")).isInstanceOf(IllegalStateException.class);
    }

    /** Mean and spread of each distribution over a large matrix, and the same bits for the same seed. */
    @Test
    void initializations() {
        double xavier = Math.sqrt(6.0 / 700) / Math.sqrt(3);
        assertSpread(Initialization.FRAMEWORK, 1 / Math.sqrt(100) / Math.sqrt(3), true);
        assertSpread(Initialization.SCRATCH, 0.01, false);
        assertSpread(Initialization.XAVIER, xavier, false);
        assertSpread(Initialization.uniform(0.3), 0.3 / Math.sqrt(3), true);
        for (String id : new String[] {"framework", "xavier", "normal:0.01", "uniform:0.3"}) {
            assertThat(Initialization.parse(id).id()).isEqualTo(id);
        }
        for (String id : new String[] {"", "zero", "normal:x", "normal:NaN", "uniform:-1", "xavier:1"}) {
            assertThatThrownBy(() -> Initialization.parse(id)).isInstanceOf(IllegalArgumentException.class);
        }
    }

    /** Tied weights need small rows; the recurrent layers stay as the framework has them. */
    @Test
    void aBoundForEmbeddingAndHead() {
        Initialization bounded = Initialization.parse("framework:0.1");
        assertThat(bounded.id()).isEqualTo("framework:0.1");
        assertSpread(bounded, 1 / Math.sqrt(100) / Math.sqrt(3), true);
        LanguageNetworkConfig config = LanguageNetworkConfig.of(200, 50, RnnConfig.of(CellType.GRU, 50, 60));
        try (LanguageNetwork network = LanguageNetwork.create(config, device, EngineChoice.REFERENCE)) {
            network.initialize(bounded, 3);
            for (String name : new String[] {"embedding.weight", "head.weight"}) {
                float[] values = network.parameters().get(name);
                double squares = 0;
                for (float value : values) {
                    assertThat(Math.abs(value)).isLessThanOrEqualTo(0.1f);
                    squares += (double) value * value;
                }
                assertThat(Math.sqrt(squares / values.length)).isCloseTo(0.1 / Math.sqrt(3), within(0.002));
            }
            for (float bias : network.parameters().get("head.bias")) {
                assertThat(bias == 0).isTrue();
            }
            network.initialize(Initialization.FRAMEWORK, 3);
            assertThat(network.parameters().get("head.bias")[0]).isNotZero();
        }
    }

    private void assertSpread(Initialization initialization, double deviation, boolean biases) {
        RnnConfig config = RnnConfig.of(CellType.RNN_TANH, 600, 100);
        try (Rnn rnn = Rnn.create(config, device, EngineChoice.REFERENCE, 1)) {
            rnn.initialize(initialization, new Random(5));
            float[] weights = rnn.parameters().get("weight_ih_l0");
            double sum = 0;
            double squares = 0;
            for (float weight : weights) {
                sum += weight;
                squares += (double) weight * weight;
            }
            assertThat(sum / weights.length).isCloseTo(0, within(5 * deviation / Math.sqrt(weights.length)));
            assertThat(Math.sqrt(squares / weights.length)).isCloseTo(deviation, within(0.01 * deviation));
            assertThat(rnn.parameters().get("bias_hh_l0")[3] != 0).isEqualTo(biases);
            rnn.initialize(initialization, new Random(5));
            assertThat(rnn.parameters().get("weight_ih_l0")).containsExactly(weights);
        }
    }

    private Parameters arena(DataType type) {
        return Parameters.builder()
                .add("embedding.weight", 7, 3)
                .section("rnn", ParameterLayout.of(STACK))
                .add("head.bias", 7)
                .build(device, type);
    }
}
