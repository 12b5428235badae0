package dev.fusedrnn.benchmarks;

import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.tensor.Tensor;
import java.util.Locale;
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

/** Values between a Java array and a tensor, conversion included: there, and back again. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(3)
public class TransferBenchmark {
    @Param({"4096", "4194304"})
    public int elements;

    @Param({"f32", "bf16"})
    public String type;

    @Param({"cpu", "cuda"})
    public String device;

    private float[] values;
    private Device opened;
    private Tensor tensor;

    @Setup(Level.Trial)
    public void open() {
        values = new float[elements];
        for (int i = 0; i < elements; i++) {
            values[i] = i % 1000;
        }
        opened = Device.parse(device);
        tensor = opened.zeros(DataType.valueOf(type.toUpperCase(Locale.ROOT)), elements);
    }

    @TearDown(Level.Trial)
    public void close() {
        tensor.close();
        opened.close();
    }

    @Benchmark
    public void toDevice() {
        tensor.copyFrom(values);
        opened.synchronize();
    }

    @Benchmark
    public float[] fromDevice() {
        return tensor.toFloats();
    }
}
