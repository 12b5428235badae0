package dev.fusedrnn.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DeviceTest {
    @Test
    void withoutAGpuTheBestDeviceIsTheCpuAndSaysWhy() {
        Assumptions.assumeFalse(Device.gpuReasons().isEmpty(), "this machine has a GPU");
        try (Device best = Device.best();
                Device auto = Device.parse("auto")) {
            assertThat(best.isCuda()).isFalse();
            assertThat(best.reason())
                    .startsWith("no GPU is used: ")
                    .contains(Device.gpuReasons().get(0));
            assertThat(auto.isCuda()).isFalse();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"cuda", "cuda:0", "cuda:7"})
    void aGpuThatIsAskedForIsNeverReplaced(String name) {
        Assumptions.assumeFalse(Device.gpuReasons().isEmpty(), "this machine has a GPU");
        assertThatThrownBy(() -> Device.parse(name)).isInstanceOfSatisfying(GpuException.Unavailable.class, failed -> {
            assertThat(failed.reasons()).isNotEmpty().isEqualTo(Device.gpuReasons());
            assertThat(failed)
                    .hasMessageContaining(
                            "is not available: " + failed.reasons().get(0));
        });
    }

    @Test
    void theCpuHasNothingToExplain() {
        try (Device cpu = Device.parse("cpu")) {
            assertThat(cpu.isCuda()).isFalse();
            assertThat(cpu.reason()).isEmpty();
            assertThat(cpu.description()).startsWith("cpu");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "gpu", "CUDA", "cuda:", "cuda:-1", "cuda:x", "cuda:12345", "cpu:0"})
    void otherNamesAreRefused(String name) {
        assertThatThrownBy(() -> Device.parse(name))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("\"" + name + "\"");
    }

    @Test
    void workThatMeetsAnotherThreadsIsRefusedUntilThatHasLeft() throws Exception {
        try (Device device = Device.cpu()) {
            device.enter();
            device.enter();
            device.leave();
            assertThat(entering(device))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContainingAll(
                            "device cpu is in use by thread "
                                    + Thread.currentThread().getName(),
                            "other has to wait");
            device.leave();
            assertThat(entering(device)).isNull();
            assertThat(entering(device)).as("the other thread has left").isNull();
        }
    }

    /** What another thread gets that enters and leaves. */
    private static Throwable entering(Device device) throws InterruptedException {
        AtomicReference<Throwable> thrown = new AtomicReference<>();
        Thread other = new Thread(
                () -> {
                    try {
                        device.enter();
                        device.leave();
                    } catch (IllegalStateException refused) {
                        thrown.set(refused);
                    }
                },
                "other");
        other.start();
        other.join();
        return thrown.get();
    }

    @Test
    void thePeakBeginsAnewAtWhatIsOpen() {
        try (Device device = Device.cpu();
                Tensor kept = device.zeros(DataType.F32, 10)) {
            device.zeros(DataType.F32, 1000).close();
            assertThat(device.peakBytes()).isGreaterThan(4000);
            device.resetPeakBytes();
            assertThat(device.peakBytes()).isEqualTo(device.allocatedBytes()).isGreaterThanOrEqualTo(kept.byteSize());
            device.zeros(DataType.F32, 100).close();
            assertThat(device.peakBytes())
                    .isGreaterThanOrEqualTo(kept.byteSize() + 400)
                    .isLessThan(4000);
        }
    }
}
