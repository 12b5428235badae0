package dev.fusedrnn.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fusedrnn.engine.Scratch.Use;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.tensor.Tensor;
import org.junit.jupiter.api.Test;

class ScratchTest {
    @Test
    void aBlockIsSharedUntilALargerOneIsWanted() {
        try (Device device = Device.cpu()) {
            Scratch scratch = Scratch.shared(device);
            Tensor first = scratch.take(Use.WORKSPACE, 100);
            assertThat(scratch.take(Use.WORKSPACE, 41).address()).isEqualTo(first.address());
            assertThat(scratch.take(Use.WORKSPACE, 41).byteSize()).isEqualTo(44);
            assertThat(device.allocatedBytes()).isEqualTo(100).isEqualTo(scratch.bytes());
            Tensor larger = scratch.take(Use.WORKSPACE, 104);
            assertThat(larger.address()).isNotEqualTo(first.address());
            assertThat(scratch.take(Use.WORKSPACE, 100).address()).isEqualTo(larger.address());
            assertThat(first.toInts()).as("the block that a recording may hold").hasSize(25);
            assertThat(scratch.bytes()).isEqualTo(204);
            scratch.leave();
            assertThat(device.allocatedBytes()).as("shared by others").isEqualTo(204);
            scratch.close();
            scratch.close();
            assertThat(device.allocatedBytes()).isZero();
        }
    }

    @Test
    void usesHaveBlocksOfTheirOwnAndAsLargeAsExpected() {
        try (Device device = Device.cpu();
                Scratch scratch = Scratch.shared(device)) {
            scratch.expect(Use.DX, 80);
            scratch.expect(Use.DX, 60);
            scratch.expect(Use.DY, 1000);
            assertThat(device.allocatedBytes()).isZero();
            Tensor dx = scratch.take(Use.DX, 20);
            assertThat(dx.byteSize()).isEqualTo(20);
            assertThat(scratch.take(Use.DX, 80).address()).isEqualTo(dx.address());
            assertThat(scratch.take(Use.HY, 20).address()).isNotEqualTo(dx.address());
            assertThat(scratch.bytes()).isEqualTo(100);
            assertThat(scratch.bytesOfExecution()).isZero();
        }
    }

    @Test
    void theMemoryOfOneExecutionLeavesWithIt() {
        try (Device device = Device.cpu()) {
            Scratch scratch = Scratch.single(device);
            scratch.take(Use.WORKSPACE, 100);
            assertThat(scratch.bytesOfExecution()).isEqualTo(100);
            scratch.leave();
            assertThat(device.allocatedBytes()).isZero();
        }
    }

    @Test
    void itKnowsWhoRanLast() {
        RnnConfig config = RnnConfig.of(CellType.GRU, 2, 2);
        try (Device device = Device.cpu();
                Scratch scratch = Scratch.shared(device);
                RnnExecution one = new ReferenceEngine().prepare(config, device, 2, 1, true, scratch);
                RnnExecution other = new ReferenceEngine().prepare(config, device, 1, 1, true, scratch)) {
            assertThat(scratch.enter(one)).isFalse();
            assertThat(scratch.enter(one)).isTrue();
            assertThat(scratch.enter(other)).isFalse();
            assertThat(scratch.enter(one)).isFalse();
        }
    }
}
