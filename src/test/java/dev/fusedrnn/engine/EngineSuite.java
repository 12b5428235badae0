package dev.fusedrnn.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Device;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.TestExecutionExceptionHandler;

/**
 * Tests of one engine on one device. Of a case that the engine does not run, what is tested is that it refuses it with its reason;
 * refusals are counted by reason, and only reasons the subclass {@linkplain #allowedRefusals() expects} are accepted.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@ExtendWith(EngineSuite.EndAtRefusal.class)
public abstract class EngineSuite {
    /** Ends a test whose case the engine has refused, as it should. */
    private static final class Refused extends RuntimeException {
        private static final long serialVersionUID = 1;

        Refused(String reason) {
            super(reason);
        }
    }

    static final class EndAtRefusal implements TestExecutionExceptionHandler {
        @Override
        public void handleTestExecutionException(ExtensionContext context, Throwable thrown) throws Throwable {
            if (!(thrown instanceof Refused)) {
                throw thrown;
            }
        }
    }

    private final Map<String, Integer> refusals = new TreeMap<>();
    private Device device;

    /** The engine under test. */
    protected abstract RecurrentEngine engine();

    /** Opens its device. */
    protected abstract Device openDevice();

    /** The types it is to be tested with. */
    protected abstract List<DataType> dataTypes();

    /** Parts of the reasons it may have for not running a case. */
    protected Set<String> allowedRefusals() {
        return Set.of();
    }

    @BeforeAll
    void open() {
        device = openDevice();
    }

    @AfterAll
    void closeAndReportRefusals(TestReporter reporter) {
        if (device != null) {
            device.close();
        }
        refusals.forEach((reason, count) -> reporter.publishEntry("refused: " + reason, String.valueOf(count)));
    }

    final Device device() {
        return device;
    }

    /** Goes on if the engine runs the configuration; else the test ends here, having seen the refusal. */
    final void requireSupport(RnnConfig config) {
        Capability capability = engine().capability(config, device);
        if (capability.isSupported()) {
            return;
        }
        String reason = capability.reason();
        assertThat(allowedRefusals()).anyMatch(reason::contains);
        assertThatThrownBy(() -> engine().prepare(config, device, 2, 2, true).close())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(reason);
        refusals.merge(reason, 1, Integer::sum);
        throw new Refused(reason);
    }
}
