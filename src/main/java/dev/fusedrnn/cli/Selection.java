package dev.fusedrnn.cli;

import dev.fusedrnn.engine.Capability;
import dev.fusedrnn.engine.RecurrentEngine;
import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.nn.EngineChoice;
import dev.fusedrnn.nn.Engines;
import dev.fusedrnn.tensor.Device;
import java.util.ArrayList;
import java.util.List;

/**
 * The pairs of engine and device that a command looks at.
 *
 * @param engine how it is done
 * @param device where
 */
record Selection(RecurrentEngine engine, Device device) {
    /** The CPU and the best GPU there is, or the one device that was named. The caller closes them. */
    static List<Device> devices(String name) {
        if (!name.equals("auto")) {
            return List.of(Device.parse(name));
        }
        Device best = Device.best();
        if (!best.isCuda()) {
            return List.of(best);
        }
        return List.of(Device.cpu(), best);
    }

    /**
     * Engines on devices, each that runs {@code sample}.
     *
     * @throws UserError with the reasons if an engine was named that runs on none of the devices
     */
    static List<Selection> of(EngineChoice choice, List<Device> devices, RnnConfig sample) {
        List<Selection> selected = new ArrayList<>();
        List<String> reasons = new ArrayList<>();
        for (Device device : devices) {
            for (RecurrentEngine engine : Engines.all()) {
                if (choice != EngineChoice.AUTO && !choice.id().equals(engine.name())) {
                    continue;
                }
                Capability capability = engine.capability(sample, device);
                if (capability.isSupported()) {
                    selected.add(new Selection(engine, device));
                } else {
                    reasons.add(engine.name() + " on " + device.name() + ": " + capability.reason());
                }
            }
        }
        if (selected.isEmpty()) {
            throw new UserError("--engine " + choice.id() + ": not available: " + String.join("; ", reasons));
        }
        return selected;
    }

    /** Engine and device in words. */
    String name() {
        return engine.name() + " on " + device.name();
    }
}
