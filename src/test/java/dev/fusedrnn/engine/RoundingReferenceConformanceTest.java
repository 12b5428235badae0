package dev.fusedrnn.engine;

import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Device;
import java.util.List;

/** The rounding reference stays below the ceilings of the tolerance rule, which it cannot widen itself. */
class RoundingReferenceConformanceTest extends EngineConformance {
    @Override
    protected RecurrentEngine engine() {
        return ReferenceEngine.rounding();
    }

    @Override
    protected Device openDevice() {
        return Device.cpu();
    }

    @Override
    protected List<DataType> dataTypes() {
        return List.of(DataType.F32, DataType.BF16, DataType.F16);
    }

    @Override
    protected long mostWork() {
        return 1_000_000;
    }

    @Override
    protected int repeats() {
        return 2;
    }
}
