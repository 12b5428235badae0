package dev.fusedrnn.benchmarks;

import dev.fusedrnn.nn.EngineChoice;
import dev.fusedrnn.nn.Engines;
import dev.fusedrnn.tensor.Device;
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

/** One stack of layers: inference, training forward pass, forward and backward pass. Each call waits for its result. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(3)
public class LayerBenchmark {
    @Param({
        "lstm-t64-n32-c128-h256-l2",
        "gru-t64-n32-c128-h256-l2",
        "lstm-t35-n32-c28-h256-l1",
        "gru-t35-n32-c28-h256-l1"
    })
    public String layer;

    @Param({"cpu", "cuda"})
    public String device;

    private Device opened;
    private LayerRunner runner;

    @Setup(Level.Trial)
    public void open() {
        LayerData data = LayerCase.parse(layer).data();
        opened = Device.parse(device);
        runner = new EngineRunner(data, opened, Engines.choose(EngineChoice.AUTO, data.config(), opened));
    }

    @TearDown(Level.Trial)
    public void close() {
        runner.close();
        opened.close();
    }

    @Benchmark
    public void inference() {
        runner.infer();
        runner.finish();
    }

    @Benchmark
    public void trainingForward() {
        runner.forward();
        runner.finish();
    }

    @Benchmark
    public void forwardBackward() {
        runner.forwardBackward();
        runner.finish();
    }
}
