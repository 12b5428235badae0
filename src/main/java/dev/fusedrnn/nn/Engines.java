package dev.fusedrnn.nn;

import dev.fusedrnn.engine.AutoEngine;
import dev.fusedrnn.engine.Capability;
import dev.fusedrnn.engine.CpuEngine;
import dev.fusedrnn.engine.CudnnEngine;
import dev.fusedrnn.engine.FusedEngine;
import dev.fusedrnn.engine.RecurrentEngine;
import dev.fusedrnn.engine.ReferenceEngine;
import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.tensor.Device;
import java.util.ArrayList;
import java.util.List;

/** The engines of this build, and the choice among them. */
public final class Engines {
    private Engines() {}

    /** All engines. On the CPU {@link EngineChoice#AUTO} takes the first that can; on a GPU it measures. */
    public static List<RecurrentEngine> all() {
        return List.of(new FusedEngine(), new CudnnEngine(), new CpuEngine(), new ReferenceEngine());
    }

    /**
     * The engine for a configuration on a device.
     *
     * @throws IllegalArgumentException with the reason if the engine that was named, or every engine if none was, does not
     *     run it
     */
    public static RecurrentEngine choose(EngineChoice choice, RnnConfig config, Device device) {
        if (choice == EngineChoice.AUTO && device.isCuda()) {
            return measured(config, device);
        }
        List<String> reasons = new ArrayList<>();
        for (RecurrentEngine engine : all()) {
            if (choice != EngineChoice.AUTO && !choice.id().equals(engine.name())) {
                continue;
            }
            Capability capability = engine.capability(config, device);
            if (capability.isSupported()) {
                return engine;
            }
            reasons.add(engine.name() + ": " + capability.reason());
        }
        throw new IllegalArgumentException("no engine that was asked for (" + choice.id() + ") can run this on "
                + device.name() + "; " + String.join("; ", reasons));
    }

    private static RecurrentEngine measured(RnnConfig config, Device device) {
        AutoEngine engine = new AutoEngine();
        Capability capability = engine.capability(config, device);
        if (!capability.isSupported()) {
            throw new IllegalArgumentException(
                    "no engine can run this on " + device.name() + "; " + capability.reason());
        }
        return engine;
    }
}
