package dev.fusedrnn.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.tensor.Tensor;
import dev.fusedrnn.text.Minibatches;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class MinibatchRingTest {
    private static final int T = 5;
    private static final int N = 3;
    private static final int ROWS = T * N;

    private final Device device = Device.cpu();
    private final MinibatchRing ring = new MinibatchRing(device, ROWS, 1);
    private final Tensor arrived = device.zeros(DataType.I32, 2 * ROWS + 1);

    @AfterEach
    void close() {
        arrived.close();
        ring.close();
        assertThat(Thread.getAllStackTraces().keySet())
                .as("threads that assemble minibatches end with their run")
                .noneMatch(thread -> thread.getName().equals("fusedrnn-minibatches"));
    }

    /** More minibatches than places in the ring, with a short one at the end of each epoch. */
    @Test
    void minibatchesArriveInOrderAsTheSourceWritesThem() {
        Minibatches source = Minibatches.sliding(TinyLanguage.text(120, 3), N, T, 0, 100, true, 5);
        for (int index = 0; index < 3; index++) {
            Minibatches.Epoch epoch = source.epoch(index);
            int[] inputs = new int[ROWS];
            int[] targets = new int[ROWS];
            try (MinibatchRing.Run run = ring.start(source.epoch(index), 2, epoch.size())) {
                for (long i = 2; i < epoch.size(); i++) {
                    long count = epoch.load(i, inputs, targets);
                    MinibatchRing.Slot slot = run.next();
                    slot.ints().upload(arrived);
                    assertThat(slot.targetCount()).isEqualTo(count);
                    int[] found = arrived.toInts();
                    assertThat(Arrays.copyOf(found, ROWS)).containsExactly(inputs);
                    assertThat(Arrays.copyOfRange(found, ROWS, 2 * ROWS)).containsExactly(targets);
                }
            }
        }
    }

    @Test
    void aRunMayBeClosedBeforeItsEndAndAnotherStarted() {
        Minibatches source = Minibatches.random(TinyLanguage.text(2000, 3), N, T, 5);
        for (int taken : new int[] {0, 1, 7, 20}) {
            try (MinibatchRing.Run run =
                    ring.start(source.epoch(0), 0, source.epoch(0).size())) {
                for (int i = 0; i < taken; i++) {
                    run.next().ints().upload(arrived);
                    int[] inputs = new int[ROWS];
                    source.epoch(0).load(i, inputs, new int[ROWS]);
                    assertThat(Arrays.copyOf(arrived.toInts(), ROWS))
                            .as("minibatch %d of a run that ends after %d", i, taken)
                            .containsExactly(inputs);
                }
            }
        }
    }

    @Test
    void whatTheSourceThrowsReachesTheCallerAtThatMinibatch() {
        RuntimeException planned = new IllegalStateException("tokens: read after close");
        try (MinibatchRing.Run run = ring.start(failingAt(10, planned), 0, 20)) {
            for (int i = 0; i < 10; i++) {
                assertThat(run.next().targetCount()).isEqualTo(i);
            }
            assertThatThrownBy(run::next).isSameAs(planned);
            assertThatThrownBy(run::next).isSameAs(planned);
        }
        Error error = new OutOfMemoryError("planned");
        try (MinibatchRing.Run run = ring.start(failingAt(0, error), 0, 1)) {
            assertThatThrownBy(run::next).isSameAs(error);
        }
    }

    @Test
    void anInterruptIsKeptForTheCaller() {
        Thread.currentThread().interrupt();
        try (MinibatchRing.Run run = ring.start(failingAt(5, null), 0, 3)) {
            IntStream.range(0, 3)
                    .forEach(i -> assertThat(run.next().targetCount()).isEqualTo(i));
            assertThatThrownBy(run::next).hasMessageContaining("all 3 minibatches");
        }
        assertThat(Thread.interrupted()).isTrue();
    }

    private static Minibatches.Epoch failingAt(long minibatch, Throwable failure) {
        return new Minibatches.Epoch() {
            @Override
            public long size() {
                return 20;
            }

            @Override
            public int steps(long index) {
                return 1;
            }

            @Override
            public long load(long index, int[] inputs, int[] targets) {
                if (index == minibatch && failure instanceof Error error) {
                    throw error;
                }
                if (index == minibatch && failure != null) {
                    throw (RuntimeException) failure;
                }
                return index;
            }

            @Override
            public boolean continuesState(long index) {
                return false;
            }
        };
    }
}
