package dev.fusedrnn.internal.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class RecordingsTest {
    private final FakeCuda cuda = new FakeCuda();
    private final CudaContext context = new CudaContext(cuda, 0, new PlainFailures());
    private final Recordings recordings = new Recordings(context);
    private int runs;

    @AfterEach
    void close() {
        recordings.close();
        context.close();
        assertThat(cuda.alive()).isZero();
    }

    private void pass(long key) {
        recordings.run(List.of(key), () -> runs++);
    }

    @Test
    void aPassIsRecordedWhenItComesASecondTimeAndReplayedFromThenOn() {
        pass(1);
        assertThat(runs).isEqualTo(1);
        pass(1);
        assertThat(runs).as("recording runs the code once more").isEqualTo(2);
        pass(1);
        pass(1);
        assertThat(runs).isEqualTo(2);
    }

    @Test
    void passesThatNeverComeBackAreNotRecorded() {
        int before = cuda.alive();
        for (int key = 0; key < 100; key++) {
            pass(key);
        }
        assertThat(runs).isEqualTo(100);
        assertThat(cuda.alive()).isEqualTo(before);
    }

    @Test
    void theOldestRecordingMakesRoom() {
        for (int key = 0; key < 9; key++) {
            pass(key);
            pass(key);
        }
        int recorded = runs;
        pass(8);
        assertThat(runs).as("the newest is still there").isEqualTo(recorded);
        pass(0);
        assertThat(runs).as("the oldest is gone").isEqualTo(recorded + 1);
    }

    @Test
    void insideAnotherRecordingThePassJoinsIt() {
        pass(1);
        pass(1);
        int recorded = runs;
        Graph.capture(context, () -> pass(1)).close();
        assertThat(runs).isEqualTo(recorded + 1);
    }

    static final class PlainFailures implements Failures {
        @Override
        public RuntimeException outOfMemory(String call, long wanted, long free) {
            return new IllegalStateException(call);
        }

        @Override
        public RuntimeException deviceLost(String call, String status, RuntimeException first) {
            return new IllegalStateException(call, first);
        }

        @Override
        public RuntimeException unsupported(String reason) {
            return new IllegalStateException(reason);
        }

        @Override
        public RuntimeException internal(String call, String status) {
            return new IllegalStateException(call + status);
        }
    }
}
