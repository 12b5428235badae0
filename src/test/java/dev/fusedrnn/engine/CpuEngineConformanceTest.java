package dev.fusedrnn.engine;

import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Device;
import java.util.List;

class CpuEngineConformanceTest extends EngineConformance {
    @Override
    protected RecurrentEngine engine() {
        return new CpuEngine();
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
        return 5_000_000;
    }
}
