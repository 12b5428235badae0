package dev.fusedrnn.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.fusedrnn.internal.cuda.CudaContext;
import dev.fusedrnn.internal.cuda.FakeCuda;
import dev.fusedrnn.internal.cuda.Graph;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Memory, failures and life cycle of a CUDA device over a fake CUDA: what needs no GPU. */
class CudaDeviceLifecycleTest {
    private final FakeCuda cuda = new FakeCuda();

    private CudaDevice open() {
        return new CudaDevice(cuda, 0, "fake");
    }

    @Test
    void valuesGoThereAndBack() {
        try (Device device = open();
                Tensor tensor = device.of(DataType.BF16, new float[] {1, -2, 0.5f}, 3);
                Tensor copy = device.allocate(DataType.BF16, 3)) {
            copy.copyFrom(tensor);
            assertThat(copy.toFloats()).containsExactly(1, -2, 0.5f);
            assertThat(device.name()).isEqualTo("cuda:0");
        }
        assertThat(cuda.alive()).isZero();
    }

    @Test
    void anUploadLargerThanAllStagingArrivesWhole() {
        int[] values = new int[6 << 20];
        for (int i = 0; i < values.length; i++) {
            values[i] = i * 31;
        }
        try (Device device = open();
                Tensor tensor = device.allocate(DataType.I32, values.length)) {
            tensor.copyFrom(values);
            assertThat(tensor.toInts()).isEqualTo(values);
        }
        assertThat(cuda.alive()).isZero();
    }

    @Test
    void outOfMemoryTellsWantedAndFreeAndLeavesTheRestUsable() {
        cuda.capacity(40L << 20);
        try (Device device = open();
                Tensor kept = device.of(DataType.F32, new float[] {7}, 1)) {
            long before = device.allocatedBytes();
            assertThatThrownBy(() -> device.allocate(DataType.F32, 64L << 20))
                    .isInstanceOfSatisfying(GpuException.OutOfMemory.class, failed -> {
                        assertThat(failed.wanted()).isEqualTo(256L << 20);
                        assertThat(failed.free()).isLessThan(40L << 20).isPositive();
                        assertThat(failed).hasMessageContaining("wanted 268435456 bytes");
                    });
            assertThat(device.allocatedBytes()).isEqualTo(before);
            assertThat(kept.toFloats()).containsExactly(7);
            device.allocate(DataType.F32, 10).close();
        }
        assertThat(cuda.alive()).isZero();
    }

    @Test
    void theRequestedAllocationFailsOnce() {
        try (CudaDevice device = open()) {
            device.context().failAllocation(2);
            Tensor first = device.allocate(DataType.F32, 5);
            assertThatThrownBy(() -> device.allocate(DataType.F32, 5))
                    .isInstanceOf(GpuException.OutOfMemory.class)
                    .hasMessageContaining("failed on request");
            assertThat(device.context().isFailurePending()).isFalse();
            device.allocate(DataType.F32, 5).close();
            first.close();
        }
        assertThat(cuda.alive()).isZero();
    }

    @ParameterizedTest
    @ValueSource(ints = {FakeCuda.INVALID_VALUE, FakeCuda.MEMORY_ALLOCATION})
    void everyFailingCallGivesTheRightExceptionAndLeaksNothing(int status) {
        Class<?> expected =
                status == FakeCuda.MEMORY_ALLOCATION ? GpuException.OutOfMemory.class : GpuException.Internal.class;
        int failures = 0;
        for (int k = 1; k < 200; k++) {
            cuda.failCall(k, status);
            Throwable thrown = catchThrowable(this::useDevice);
            boolean reached = !cuda.isFailurePending();
            cuda.heal();
            if (!reached) {
                assertThat(failures).isGreaterThan(15);
                return;
            }
            if (thrown != null) {
                failures++;
                assertThat(thrown).as("call %d", k).isInstanceOf(expected);
            }
        }
        throw new AssertionError("the calls did not end");
    }

    private void useDevice() {
        try (Device device = open();
                Tensor a = device.of(DataType.F32, new float[] {1, 2}, 2);
                Tensor b = device.zeros(DataType.F32, 2)) {
            b.copyFrom(a);
            b.toFloats();
            try (Graph graph = Graph.capture(CudaContext.of(device), b::clear)) {
                graph.launch();
                graph.update(b::clear);
            }
            device.synchronize();
        }
    }

    @Test
    void aLostDeviceIsReportedByEveryCallButClose() {
        CudaDevice device = open();
        Tensor tensor = device.of(DataType.F32, new float[] {1}, 1);
        cuda.lose();
        Throwable first = catchThrowable(tensor::toFloats);
        assertThat(first).isInstanceOf(GpuException.DeviceLost.class).hasMessageContaining("error 700");
        List<Runnable> calls = List.of(
                tensor::clear,
                tensor::toFloats,
                () -> tensor.copyFrom(new float[1]),
                device::synchronize,
                () -> device.zeros(DataType.F32, 1),
                () -> Graph.capture(device.context(), () -> {}));
        for (Runnable call : calls) {
            assertThatThrownBy(call::run)
                    .isInstanceOf(GpuException.DeviceLost.class)
                    .hasCause(first);
        }
        assertThatCode(tensor::close).doesNotThrowAnyException();
        int callsBefore = cuda.calls();
        assertThatCode(device::close).doesNotThrowAnyException();
        assertThat(cuda.calls()).as("calls made while closing a lost device").isEqualTo(callsBefore);
    }

    @Test
    void useAfterCloseIsRefusedAndClosingTwiceIsHarmless() {
        CudaDevice device = open();
        Tensor tensor = device.zeros(DataType.F32, 2);
        tensor.close();
        tensor.close();
        device.close();
        device.close();
        assertThatThrownBy(() -> device.zeros(DataType.F32, 1))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("cuda:0 is closed");
        assertThatThrownBy(device::synchronize).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> device.context().enter()).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(tensor::toFloats).isInstanceOf(IllegalStateException.class);
        assertThat(cuda.alive()).isZero();
    }

    @Test
    void whatCannotBeRecordedIsRefusedAndTheRecordingIsDropped() {
        try (CudaDevice device = open();
                Tensor tensor = device.zeros(DataType.F32, 2)) {
            List<Runnable> forbidden = List.of(
                    () -> tensor.copyFrom(new float[2]),
                    tensor::toFloats,
                    device::synchronize,
                    () -> device.allocate(DataType.F32, 1),
                    () -> Graph.capture(device.context(), () -> {}));
            for (Runnable work : forbidden) {
                assertThatThrownBy(() -> Graph.capture(device.context(), work))
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessageContaining("cannot be recorded");
                assertThat(device.context().isCapturing()).isFalse();
            }
            Graph graph = Graph.capture(device.context(), tensor::clear);
            graph.launch();
            graph.close();
            graph.close();
            assertThatThrownBy(graph::launch).isInstanceOf(IllegalStateException.class);
        }
        assertThat(cuda.alive()).isZero();
    }
}
