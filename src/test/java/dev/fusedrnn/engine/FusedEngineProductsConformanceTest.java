package dev.fusedrnn.engine;

import java.util.Set;

class FusedEngineProductsConformanceTest extends FusedEngineConformance {
    FusedEngineProductsConformanceTest() {
        super(FusedEngine.Plan.PRODUCTS);
    }

    @Override
    protected Set<String> allowedRefusals() {
        return Set.of();
    }

    @Override
    protected int repeats() {
        return 3;
    }
}
