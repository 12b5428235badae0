package dev.fusedrnn.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fusedrnn.internal.cuda.FakeCuda;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StagedIntsTest {
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void partsArriveWhereTheyWerePut(boolean cuda) {
        FakeCuda fake = new FakeCuda();
        try (Device device = cuda ? new CudaDevice(fake, 0, "fake") : Device.cpu();
                StagedInts staged = new StagedInts(device, 5);
                Tensor target = device.allocate(DataType.I32, 5)) {
            staged.put(3, new int[] {7, 8, 9}, 2);
            staged.put(0, new int[] {1, 2}, 2);
            staged.upload(target);
            staged.await();
            assertThat(target.toInts()).containsExactly(1, 2, 0, 7, 8);
            staged.put(2, new int[] {5}, 1);
            staged.upload(target);
            assertThat(target.toInts()).containsExactly(1, 2, 5, 7, 8);
        }
        assertThat(fake.alive()).isZero();
    }

    @Test
    void refusesWhatDoesNotFit() {
        try (Device device = Device.cpu();
                StagedInts staged = new StagedInts(device, 2);
                Tensor longer = device.zeros(DataType.I32, 3);
                Tensor floats = device.zeros(DataType.F32, 2)) {
            assertThatThrownBy(() -> staged.put(1, new int[2], 2)).hasMessageContaining("found 2 from 1");
            assertThatThrownBy(() -> staged.upload(longer)).hasMessageContaining("I32 of 2 elements");
            assertThatThrownBy(() -> staged.upload(floats)).hasMessageContaining("I32 of 2 elements");
        }
        StagedInts closed = new StagedInts(Device.cpu(), 2);
        closed.close();
        assertThatThrownBy(() -> closed.put(0, new int[1], 1)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void memoryThatCannotBeTakenLeavesNothingBehind() {
        FakeCuda fake = new FakeCuda();
        try (Device device = new CudaDevice(fake, 0, "fake")) {
            int before = fake.alive();
            fake.capacity(8);
            assertThatThrownBy(() -> new StagedInts(device, 1000)).isInstanceOf(GpuException.OutOfMemory.class);
            assertThat(fake.alive()).isEqualTo(before);
        }
        assertThat(fake.alive()).isZero();
    }
}
