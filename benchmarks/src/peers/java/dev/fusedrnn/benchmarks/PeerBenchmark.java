package dev.fusedrnn.benchmarks;

import dev.fusedrnn.engine.CpuEngine;
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

/** The cpu engine beside PyTorch, on the same data. {@link PeerRun} checks first that both compute the same. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class PeerBenchmark {
    @Param({
        "lstm-t64-n32-c128-h256-l2",
        "gru-t64-n32-c128-h256-l2",
        "lstm-t35-n32-c28-h256-l1",
        "gru-t35-n32-c28-h256-l1"
    })
    public String layer;

    @Param({"fusedrnn", "pytorch"})
    public String system;

    private LayerRunner runner;

    @Setup(Level.Trial)
    public void open() {
        LayerData data = LayerCase.parse(layer).data();
        runner = system.equals("fusedrnn")
                ? new EngineRunner(data, Device.cpu(), new CpuEngine())
                : new PyTorchRunner(data);
        System.out.println(runner.describe());
    }

    /**
     * Throws unless both systems compute the same. Not part of a timed fork: this library switches the threads of OpenBLAS
     * off, which PyTorch would feel if it ran in the same process.
     */
    static void check(LayerData data) {
        try (EngineRunner engine = new EngineRunner(data, Device.cpu(), new CpuEngine());
                PyTorchRunner peer = new PyTorchRunner(data)) {
            checkEqual(engine, peer);
        }
    }

    private static void checkEqual(LayerRunner engine, LayerRunner peer) {
        engine.infer();
        peer.infer();
        requireEqual("y (inference)", engine.y(), peer.y());
        engine.forwardBackward();
        peer.forwardBackward();
        requireEqual("y", engine.y(), peer.y());
        requireEqual("dx", engine.dx(), peer.dx());
        requireEqual("parameter gradients", engine.dParameters(), peer.dParameters());
    }

    private static void requireEqual(String name, float[] ours, float[] theirs) {
        if (ours.length != theirs.length) {
            throw new IllegalStateException(name + ": " + ours.length + " values here, " + theirs.length + " there");
        }
        double largest = 0;
        double difference = 0;
        for (int i = 0; i < ours.length; i++) {
            largest = Math.max(largest, Math.abs(theirs[i]));
            difference = Math.max(difference, Math.abs(ours[i] - theirs[i]));
        }
        if (!(largest > 0 && difference <= 1e-4 * Math.max(1, largest))) {
            throw new IllegalStateException(name + " differ by " + difference + ", the largest being " + largest);
        }
        System.out.printf("%s: %d values, largest difference %.2g of %.2g%n", name, ours.length, difference, largest);
    }

    @TearDown(Level.Trial)
    public void close() {
        runner.close();
    }

    @Benchmark
    public void inference() {
        runner.infer();
    }

    @Benchmark
    public void trainingForward() {
        runner.forward();
    }

    @Benchmark
    public void forwardBackward() {
        runner.forwardBackward();
    }
}
