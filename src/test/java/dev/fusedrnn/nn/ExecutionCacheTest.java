package dev.fusedrnn.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fusedrnn.engine.BackwardCall;
import dev.fusedrnn.engine.ForwardCall;
import dev.fusedrnn.engine.RnnExecution;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ExecutionCacheTest {
    private final Listening execution = new Listening();
    private final ExecutionCache.Prepared prepared = new ExecutionCache.Prepared(execution);

    @Test
    void parametersAreTheSameAsLongAsTheirVersionIs() {
        prepared.forward(null, 7);
        prepared.forward(null, 7);
        prepared.forward(null, 8);
        prepared.forward(null, 8);
        assertThat(execution.told).containsExactly(false, true, false, true);
    }

    @Test
    void afterAFailureNothingIsTakenAsKnown() {
        prepared.forward(null, 7);
        execution.fails = true;
        assertThatThrownBy(() -> prepared.forward(null, 7)).hasMessage("planted");
        execution.fails = false;
        prepared.forward(null, 7);
        assertThat(execution.told).containsExactly(false, false);
    }

    /** Writes down what it is told about the parameters. */
    private static final class Listening implements RnnExecution {
        private final List<Boolean> told = new ArrayList<>();
        private boolean fails;

        @Override
        public long reserveBytes() {
            return 0;
        }

        @Override
        public long workspaceBytes() {
            return 0;
        }

        @Override
        public String plan() {
            return "listening";
        }

        @Override
        public void forward(ForwardCall call) {
            forward(call, false);
        }

        @Override
        public void forward(ForwardCall call, boolean sameParameters) {
            if (fails) {
                throw new IllegalStateException("planted");
            }
            told.add(sameParameters);
        }

        @Override
        public void backward(BackwardCall call) {}

        @Override
        public void close() {}
    }
}
