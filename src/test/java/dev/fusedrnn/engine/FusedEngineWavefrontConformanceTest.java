package dev.fusedrnn.engine;

import java.util.Set;

/** Stacks of one direction, their layers as a wavefront; all else has to be refused. */
class FusedEngineWavefrontConformanceTest extends FusedEngineConformance {
    FusedEngineWavefrontConformanceTest() {
        super(FusedEngine.Plan.PERSISTENT);
    }

    @Override
    protected RecurrentEngine engine() {
        return new FusedEngine(FusedEngine.Plan.PERSISTENT, new FusedEngine.Layers(3));
    }

    @Override
    protected RecurrentEngine layerEngine() {
        return new FusedEngine(FusedEngine.Plan.PERSISTENT);
    }

    @Override
    protected Set<String> allowedRefusals() {
        return Set.of(
                "no wavefront: there is one layer",
                "no wavefront: a layer needs both directions of the one below over all time steps",
                "no persistent kernel");
    }
}
