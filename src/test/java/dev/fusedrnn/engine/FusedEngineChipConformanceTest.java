package dev.fusedrnn.engine;

import dev.fusedrnn.tensor.DataType;
import java.util.List;

class FusedEngineChipConformanceTest extends FusedEngineConformance {
    FusedEngineChipConformanceTest() {
        super(FusedEngine.Plan.CHIP);
    }

    /** Its kernels are for 16 bits. */
    @Override
    protected List<DataType> dataTypes() {
        return List.of(DataType.BF16, DataType.F16);
    }
}
