package dev.fusedrnn.engine;

import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.testing.Gpu;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Tag;

@Tag("gpu")
class CudnnEngineConformanceTest extends EngineConformance {
    /** One algorithm: measuring all of them for each of several hundred shapes would take most of the time. */
    private final CudnnEngine engine = new CudnnEngine(Set.of(CudnnAlgorithm.STANDARD));

    @Override
    protected RecurrentEngine engine() {
        return engine;
    }

    @Override
    protected Device openDevice() {
        return Gpu.open();
    }

    @Override
    protected List<DataType> dataTypes() {
        return List.of(DataType.F32, DataType.BF16, DataType.F16);
    }

    @Override
    protected Set<String> allowedRefusals() {
        return Set.of("RESET_BEFORE", "zoneout");
    }

    @Override
    protected long mostWork() {
        return Gpu.isSimulated() ? 4_000_000 : 400_000_000;
    }

    @Override
    protected int repeats() {
        return Gpu.isSimulated() ? 5 : 100;
    }
}
