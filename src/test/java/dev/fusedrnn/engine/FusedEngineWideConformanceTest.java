package dev.fusedrnn.engine;

import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.testing.Gpu;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Tag;

/** {@link FusedEngine.Plan#WIDE} for every shape, also those that other plans are meant for. */
@Tag("gpu")
class FusedEngineWideConformanceTest extends EngineConformance {
    @Override
    protected RecurrentEngine engine() {
        return new FusedEngine(FusedEngine.Plan.WIDE);
    }

    @Override
    protected Device openDevice() {
        return Device.cuda(0);
    }

    @Override
    protected List<DataType> dataTypes() {
        return List.of(DataType.BF16, DataType.F16);
    }

    @Override
    protected Set<String> allowedRefusals() {
        return Set.of("no persistent kernel");
    }

    @Override
    protected long mostWork() {
        return Gpu.isSimulated() ? 2_000_000 : 400_000_000;
    }

    @Override
    protected int repeats() {
        return Gpu.isSimulated() ? 3 : 100;
    }
}
