package dev.fusedrnn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fusedrnn.engine.CellType;
import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.model.Decoding;
import dev.fusedrnn.model.ForecastWindow;
import dev.fusedrnn.model.SearchConfig;
import dev.fusedrnn.nn.Dropouts;
import dev.fusedrnn.nn.Initialization;
import dev.fusedrnn.nn.LanguageNetworkConfig;
import dev.fusedrnn.nn.Pooling;
import dev.fusedrnn.nn.Seq2SeqConfig;
import dev.fusedrnn.nn.SequenceNetworkConfig;
import dev.fusedrnn.optim.OptimizerConfig;
import dev.fusedrnn.optim.Schedule;
import dev.fusedrnn.text.VocabularyOptions;
import dev.fusedrnn.train.ActivityPenalty;
import dev.fusedrnn.train.Batching;
import dev.fusedrnn.train.TrainerConfig;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Spark and Flink send configurations to their workers by Java's serialization. */
class SerializationTest {
    private static final RnnConfig STACK =
            RnnConfig.of(CellType.GRU, 4, 6).withLayers(2).withDropout(0.25).withZoneout(0.125);

    static Stream<Object> configurations() {
        Stream<Object> plain = Stream.of(
                STACK,
                LanguageNetworkConfig.of(9, 4, STACK).withDropouts(Dropouts.NONE.withOutput(0.5)),
                Initialization.uniform(0.25),
                TrainerConfig.sgd(0.5, 1, 3).withPenalty(new ActivityPenalty(2, 1)),
                Batching.of(16, 3),
                SequenceNetworkConfig.of(9, STACK, Pooling.NONE, 5)
                        .withCrf(true)
                        .withDropout(0.25, 0.5),
                ForecastWindow.steps(7).withHorizon(2).withScaling(ForecastWindow.Scaling.WINDOW),
                Decoding.sampling(7).withTopK(3),
                SearchConfig.beam(4, 9),
                Seq2SeqConfig.of(9, 8, 4, STACK),
                VocabularyOptions.DEFAULT.withReserved("<eos>"));
        Stream<Object> optimizers = OptimizerConfig.IDS.stream().map(OptimizerConfig::parse);
        Stream<Object> schedules = Stream.of(
                        "constant", "decay:2:0.5", "warmup:10", "cosine:1:9:0.125", "one-cycle:8:0.25")
                .map(Schedule::parse);
        return Stream.of(plain, optimizers, schedules).flatMap(part -> part);
    }

    @ParameterizedTest
    @MethodSource("configurations")
    void aConfigurationArrivesAsItWasSent(Object configuration) throws Exception {
        assertThat(read(write(configuration))).isEqualTo(configuration).isNotSameAs(configuration);
    }

    @Test
    void whatArrivesIsChecked() throws IOException {
        byte[] sent = write(Initialization.uniform(0.25));
        byte[] value = ByteBuffer.allocate(Double.BYTES).putDouble(0.25).array();
        int at = new String(sent, StandardCharsets.ISO_8859_1).indexOf(new String(value, StandardCharsets.ISO_8859_1));
        ByteBuffer.wrap(sent).putDouble(at, -1);

        assertThatThrownBy(() -> read(sent)).hasStackTraceContaining("scale must be 0 or a positive finite number");
    }

    private static byte[] write(Object object) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
            out.writeObject(object);
        }
        return bytes.toByteArray();
    }

    private static Object read(byte[] bytes) throws IOException, ClassNotFoundException {
        try (ObjectInputStream in = new ObjectInputStream(new ByteArrayInputStream(bytes))) {
            return in.readObject();
        }
    }
}
