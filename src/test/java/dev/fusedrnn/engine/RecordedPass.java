package dev.fusedrnn.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fusedrnn.engine.check.CaseData;
import dev.fusedrnn.engine.check.EngineCase;
import dev.fusedrnn.engine.check.EngineRun;
import dev.fusedrnn.engine.check.PassResult;
import dev.fusedrnn.internal.cuda.CudaContext;
import dev.fusedrnn.internal.cuda.Graph;
import dev.fusedrnn.tensor.Device;

/** Records a forward and a backward pass into one graph of the caller and compares a replay with the passes run directly. */
final class RecordedPass {
    private RecordedPass() {}

    static void check(RecurrentEngine engine, Device device, String name) {
        EngineCase engineCase = EngineCase.parse(name);
        CaseData data = CaseData.draw(engineCase);
        try (EngineRun run = EngineRun.open(engine, device, data)) {
            run.forward();
            run.backward();
            PassResult expected = run.result();
            try (Graph graph = Graph.capture(CudaContext.of(device), () -> {
                run.forward();
                run.backward();
            })) {
                for (int replay = 0; replay < 2; replay++) {
                    run.poison();
                    graph.launch();
                    PassResult replayed = run.result();
                    assertThat(replayed.damage()).isEmpty();
                    assertThat(replayed.tensors().keySet())
                            .isEqualTo(expected.tensors().keySet());
                    expected.tensors()
                            .forEach((tensor, values) ->
                                    assertThat(replayed.get(tensor)).as(tensor).isEqualTo(values));
                }
            }
        }
    }
}
