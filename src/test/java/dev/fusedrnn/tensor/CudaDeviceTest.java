package dev.fusedrnn.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fusedrnn.internal.cuda.CudaContext;
import dev.fusedrnn.internal.cuda.Event;
import dev.fusedrnn.internal.cuda.Graph;
import dev.fusedrnn.internal.cuda.Stream;
import dev.fusedrnn.kernel.Kernels;
import dev.fusedrnn.testing.Gpu;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A CUDA device on a GPU. */
@Tag("gpu")
class CudaDeviceTest {
    /** What other processes on the GPU may change while a test looks. */
    private static final long NOISE_BYTES = 64L << 20;

    @Test
    void saysWhatItIs() {
        try (Device device = Gpu.open();
                Device best = Device.best();
                Device named = Device.parse("cuda:0")) {
            assertThat(device.isCuda()).isTrue();
            assertThat(device.name()).isEqualTo("cuda:0");
            assertThat(device.description()).startsWith("cuda:0 ").contains("compute capability");
            assertThat(best.isCuda()).as(best.reason()).isTrue();
            assertThat(named.name()).isEqualTo("cuda:0");
            assertThat(Device.gpus()).isNotEmpty();
        }
        assertThatThrownBy(() -> Device.cuda(99))
                .isInstanceOf(GpuException.Unavailable.class)
                .hasMessageContaining("cuda:99 is not available: this machine has");
    }

    @ParameterizedTest
    @EnumSource(
            value = DataType.class,
            names = {"F64", "F32", "BF16", "F16"})
    void valuesGoThereAndBack(DataType type) {
        try (Device device = Gpu.open();
                Device cpu = Device.cpu()) {
            for (int count : new int[] {0, 1, 7, 70_001, 5 << 20}) {
                float[] values = floats(count);
                try (Tensor there = device.of(type, values, count);
                        Tensor copy = device.allocate(type, count);
                        Tensor here = cpu.of(type, values, count);
                        Tensor back = cpu.allocate(type, count)) {
                    copy.copyFrom(there);
                    back.copyFrom(copy);
                    assertThat(copy.toFloats()).as("%d of %s", count, type).isEqualTo(here.toFloats());
                    assertThat(back.toFloats()).as("%d of %s", count, type).isEqualTo(here.toFloats());
                    copy.clear();
                    copy.copyFrom(here);
                    assertThat(copy.toFloats()).as("%d of %s", count, type).isEqualTo(here.toFloats());
                }
            }
            assertThat(device.allocatedBytes()).isZero();
        }
    }

    @Test
    void hostMemoryMayBeReusedWhenAnUploadReturns() {
        int count = 3 << 20;
        try (Device device = Gpu.open();
                Device cpu = Device.cpu();
                Tensor host = cpu.allocate(DataType.I32, count)) {
            List<Tensor> uploaded = new ArrayList<>();
            for (int round = 0; round < 8; round++) {
                int[] values = new int[count];
                Arrays.fill(values, round);
                host.copyFrom(values);
                Tensor there = device.allocate(DataType.I32, count);
                there.copyFrom(host);
                uploaded.add(there);
            }
            for (int round = 0; round < uploaded.size(); round++) {
                assertThat(uploaded.get(round).toInts()).as("round %d", round).containsOnly(round);
                uploaded.get(round).close();
            }
        }
    }

    @Test
    void moreThanThereIsGivesOutOfMemoryAndEverythingStaysUsable() {
        try (Device device = Gpu.open();
                Tensor kept = device.of(DataType.F32, new float[] {4, 5}, 2)) {
            long free = CudaContext.of(device).freeBytes();
            long wanted = free + (1L << 30);
            assertThatThrownBy(() -> device.allocate(DataType.F32, wanted / 4))
                    .isInstanceOfSatisfying(GpuException.OutOfMemory.class, failed -> {
                        assertThat(failed.wanted()).isEqualTo(wanted / 4 * 4);
                        assertThat(failed.free()).isBetween(free - NOISE_BYTES, free + NOISE_BYTES);
                    });
            assertThat(kept.toFloats()).containsExactly(4, 5);
            for (int part = 2; part <= 32; part *= 2) {
                try (Tensor smaller = device.zeros(DataType.F32, free / 4 / part)) {
                    assertThat(smaller.view(0, 1).toFloats()).containsExactly(0);
                }
            }
            try (Kernels kernels = Kernels.of(device)) {
                kernels.fill(kept, 6);
                assertThat(kept.toFloats()).containsExactly(6, 6);
            }
        }
    }

    /** Other processes may take memory of the device meanwhile; a leak shows in every round, their allocations do not. */
    @Test
    void tenThousandDevicesAndTensorsLeaveTheMemoryAsItWas() {
        try (Device first = Gpu.open();
                Kernels warm = Kernels.of(first)) {
            first.zeros(DataType.F32, 100).close();
            long tensors = first.allocatedBytes();
            long lost = Long.MAX_VALUE;
            for (int round = 0; round < 3 && lost > NOISE_BYTES; round++) {
                long before = CudaContext.of(first).freeBytes();
                openAndCloseManyDevices();
                lost = before - CudaContext.of(first).freeBytes();
            }
            assertThat(lost).as("bytes gone in each of three rounds").isLessThanOrEqualTo(NOISE_BYTES);
            assertThat(first.allocatedBytes()).isEqualTo(tensors);
            assertThat(warm.device()).isSameAs(first);
        }
    }

    private static void openAndCloseManyDevices() {
        for (int i = 0; i < 10_000; i++) {
            try (Device device = Device.cuda(0)) {
                try (Tensor tensor = device.zeros(DataType.F32, 1000)) {
                    assertThat(tensor.elements()).isEqualTo(1000);
                }
                assertThat(device.allocatedBytes()).isZero();
            }
        }
        for (int i = 0; i < 100; i++) {
            try (Device device = Device.cuda(0);
                    Tensor tensor = device.of(DataType.F32, new float[64], 8, 8);
                    Kernels kernels = Kernels.of(device)) {
                kernels.gemm(false, false, 8, 8, 8, 1, tensor, 8, tensor, 8, 0, tensor.view(0, 8, 8), 8, null);
                device.synchronize();
            }
        }
    }

    @Test
    void workOnASecondStreamIsOrderedByEventsAlsoWhenRecorded() {
        try (Device device = Gpu.open();
                Tensor a = device.zeros(DataType.F32, 1 << 20);
                Tensor b = device.zeros(DataType.F32, 1 << 20);
                Kernels kernels = Kernels.of(device)) {
            CudaContext context = CudaContext.of(device);
            try (Stream side = new Stream(context);
                    Event filled = new Event(context);
                    Event copied = new Event(context)) {
                Runnable work = () -> {
                    kernels.fill(a, 3);
                    filled.record();
                    filled.awaitOn(side.handle());
                    context.check(
                            context.api().copyAsync(b.address(), a.address(), b.byteSize(), 3, side.handle()), "copy");
                    copied.record(side.handle());
                    copied.awaitOn(context.stream());
                    kernels.fill(a, 5);
                };
                work.run();
                assertThat(b.toFloats()).containsOnly(3);
                try (Graph graph = Graph.capture(context, work)) {
                    b.clear();
                    graph.launch();
                    assertThat(b.toFloats()).containsOnly(3);
                    assertThat(a.toFloats()).containsOnly(5);
                }
            }
        }
    }

    @Test
    void eventsMeasureTime() {
        try (Device device = Gpu.open();
                Tensor tensor = device.zeros(DataType.F32, 64 << 20)) {
            CudaContext context = CudaContext.of(device);
            try (Event begin = new Event(context);
                    Event end = new Event(context)) {
                begin.record();
                tensor.fillBytes((byte) 1);
                end.record();
                end.synchronize();
                assertThat(end.millisecondsSince(begin)).isGreaterThan(0);
            }
        }
    }

    @Test
    void threadsWithADeviceEachDoNotDisturbOneAnother() throws Exception {
        Gpu.requireOrSkip(Device.gpuReasons());
        ExecutorService threads = Executors.newFixedThreadPool(16);
        try {
            List<Callable<float[]>> jobs = new ArrayList<>();
            for (int thread = 0; thread < 16; thread++) {
                jobs.add(CudaDeviceTest::products);
            }
            List<float[]> results = new ArrayList<>();
            for (Future<float[]> future : threads.invokeAll(jobs)) {
                results.add(get(future));
            }
            for (float[] result : results) {
                assertThat(result).isEqualTo(results.get(0));
            }
        } finally {
            threads.shutdownNow();
        }
    }

    private static float[] products() {
        try (Device device = Device.cuda(0);
                Kernels kernels = Kernels.of(device);
                Tensor a = device.of(DataType.F32, floats(96 * 96), 96, 96);
                Tensor c = device.zeros(DataType.F32, 96, 96)) {
            for (int i = 0; i < 200; i++) {
                kernels.gemm(false, false, 96, 96, 96, 0.1f, a, 96, a, 96, 0.5f, c, 96, null);
                if (i % 50 == 0) {
                    c.toFloats();
                }
            }
            return c.toFloats();
        }
    }

    private static float[] get(Future<float[]> future) throws InterruptedException {
        try {
            return future.get();
        } catch (ExecutionException failed) {
            throw new AssertionError("a thread failed: " + failed.getCause(), failed.getCause());
        }
    }

    @Test
    void aWildWriteLosesTheDeviceForGoodAndSaysSoEveryTime() throws IOException, InterruptedException {
        Gpu.requireOrSkip(Device.gpuReasons());
        List<String> command = new ArrayList<>(List.of(
                System.getProperty("java.home") + "/bin/java",
                "-cp",
                System.getProperty("java.class.path"),
                LostDeviceProgram.class.getName()));
        for (String property : List.of("fusedrnn.cuda.libraries", "org.bytedeco.javacpp.cachedir")) {
            if (System.getProperty(property) != null) {
                command.add(1, "-D" + property + "=" + System.getProperty(property));
            }
        }
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        List<String> lines = new ArrayList<>();
        try (BufferedReader output = new BufferedReader(new InputStreamReader(process.getInputStream()))) {
            for (String line = output.readLine(); line != null; line = output.readLine()) {
                lines.add(line);
            }
        }
        int exit = process.waitFor();
        assertThat(lines).as("exit %d of %s", exit, lines).contains(LostDeviceProgram.DONE);
        assertThat(exit).as("%s", lines).isZero();
    }

    private static float[] floats(int count) {
        Random random = new Random(count);
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = random.nextFloat() * 2 - 1;
        }
        return values;
    }
}
