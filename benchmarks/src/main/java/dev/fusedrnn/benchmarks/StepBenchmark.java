package dev.fusedrnn.benchmarks;

import dev.fusedrnn.engine.CellType;
import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.nn.EngineChoice;
import dev.fusedrnn.nn.Initialization;
import dev.fusedrnn.nn.LanguageNetwork;
import dev.fusedrnn.nn.LanguageNetworkConfig;
import dev.fusedrnn.optim.Adam;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.train.TrainerConfig;
import dev.fusedrnn.train.TrainingStep;
import java.util.Arrays;
import java.util.Locale;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Whole training steps of a character model (T 35, N 32, V 65, E 64, H 256): features, recurrence, loss, backward pass,
 * clipping, Adam. One call queues {@value #STEPS} steps and waits for the last one's loss.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(3)
public class StepBenchmark {
    static final int STEPS = 4;
    private static final int T = 35;
    private static final int N = 32;
    private static final double RATE = 1e-3;
    private static final int VOCABULARY = 65;

    @Param({"lstm", "gru"})
    public String cell;

    @Param({"f32", "bf16"})
    public String type;

    @Param({"cpu", "cuda"})
    public String device;

    private final int[] inputs = new int[T * N];
    private final int[] targets = new int[T * N];
    private Device opened;
    private LanguageNetwork network;
    private TrainingStep step;
    private long steps;

    @Setup(Level.Trial)
    public void open() {
        Random random = new Random(1);
        Arrays.setAll(inputs, i -> random.nextInt(VOCABULARY));
        Arrays.setAll(targets, i -> random.nextInt(VOCABULARY));
        RnnConfig stack = RnnConfig.of(CellType.valueOf(cell.toUpperCase(Locale.ROOT)), 64, 256)
                .withDataType(DataType.valueOf(type.toUpperCase(Locale.ROOT)));
        opened = Device.parse(device);
        network = LanguageNetwork.create(LanguageNetworkConfig.of(VOCABULARY, 64, stack), opened, EngineChoice.AUTO);
        network.initialize(Initialization.FRAMEWORK, 1);
        step = new TrainingStep(
                network, T, N, true, TrainerConfig.sgd(RATE, 1, 1).withOptimizer(Adam.usual()));
    }

    @TearDown(Level.Trial)
    public void close() {
        step.close();
        network.close();
        opened.close();
    }

    @Benchmark
    public double trainingSteps() {
        for (int i = 0; i < STEPS; i++) {
            step.run(inputs, targets, T * N, steps > 0, RATE, steps);
            steps++;
        }
        return step.takeLoss();
    }
}
