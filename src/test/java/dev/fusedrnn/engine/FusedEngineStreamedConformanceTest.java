package dev.fusedrnn.engine;

import java.util.Set;

class FusedEngineStreamedConformanceTest extends FusedEngineConformance {
    FusedEngineStreamedConformanceTest() {
        super(FusedEngine.Plan.STREAMED);
    }

    @Override
    protected Set<String> allowedRefusals() {
        return Set.of();
    }
}
