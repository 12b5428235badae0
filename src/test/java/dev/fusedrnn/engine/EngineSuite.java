package dev.fusedrnn.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Device;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestReporter;

/**
 * Tests of one engine on one device. A case the engine does not run is skipped with the engine's reason; skips are counted
 * by reason, and only reasons the subclass {@linkplain #allowedSkips() expects} are accepted.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
public abstract class EngineSuite {
    private final Map<String, Integer> skips = new TreeMap<>();
    private Device device;

    /** The engine under test. */
    protected abstract RecurrentEngine engine();

    /** Opens its device. */
    protected abstract Device openDevice();

    /** The types it is to be tested with. */
    protected abstract List<DataType> dataTypes();

    /** Parts of the reasons it may have for not running a case. */
    protected Set<String> allowedSkips() {
        return Set.of();
    }

    @BeforeAll
    void open() {
        device = openDevice();
    }

    @AfterAll
    void closeAndCheckSkips(TestReporter reporter) {
        if (device != null) {
            device.close();
        }
        skips.forEach((reason, count) -> reporter.publishEntry("skipped: " + reason, String.valueOf(count)));
        assertThat(skips.keySet()).allMatch(reason -> allowedSkips().stream().anyMatch(reason::contains));
    }

    final Device device() {
        return device;
    }

    final void requireSupport(RnnConfig config) {
        Capability capability = engine().capability(config, device);
        if (!capability.isSupported()) {
            skips.merge(capability.reason(), 1, Integer::sum);
            Assumptions.abort(engine().name() + ": " + capability.reason());
        }
    }
}
