package dev.fusedrnn.engine;

import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.testing.Gpu;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Tag;

/** One plan of the fused engine on a GPU, for every shape, also those that other plans are meant for. */
@Tag("gpu")
abstract class FusedEngineConformance extends EngineConformance {
    private final FusedEngine.Plan plan;

    FusedEngineConformance(FusedEngine.Plan plan) {
        this.plan = plan;
    }

    @Override
    protected RecurrentEngine engine() {
        return new FusedEngine(plan);
    }

    @Override
    protected Device openDevice() {
        return Device.cuda(0);
    }

    @Override
    protected List<DataType> dataTypes() {
        return List.of(DataType.F32, DataType.BF16, DataType.F16);
    }

    @Override
    protected Set<String> allowedRefusals() {
        return Set.of("no persistent kernel");
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
