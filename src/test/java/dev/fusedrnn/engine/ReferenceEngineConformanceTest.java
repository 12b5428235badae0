package dev.fusedrnn.engine;

import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Device;
import java.util.List;

/** The exact reference passes what it judges others by; in 16-bit types the rounding one does. */
class ReferenceEngineConformanceTest extends EngineConformance {
    @Override
    protected RecurrentEngine engine() {
        return new ReferenceEngine();
    }

    @Override
    protected Device openDevice() {
        return Device.cpu();
    }

    @Override
    protected List<DataType> dataTypes() {
        return List.of(DataType.F32, DataType.F64);
    }

    @Override
    protected long mostWork() {
        return 1_000_000;
    }
}
