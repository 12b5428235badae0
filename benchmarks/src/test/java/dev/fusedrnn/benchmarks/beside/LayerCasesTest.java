package dev.fusedrnn.benchmarks.beside;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class LayerCasesTest {
    private static final Side LIBRARY = side("library");
    private static final Side CUDNN = side("cudnn");

    private static Side side(String name) {
        return new Side(name, List.of(), Path.of("log"));
    }

    @Test
    void everyEngineIsComparedWithThePeersFastestPlan() {
        Map<Rounds.Plan, Double> medians = new LinkedHashMap<>();
        medians.put(new Rounds.Plan(LIBRARY, "fused"), 2.0);
        medians.put(new Rounds.Plan(LIBRARY, "auto"), 1.0);
        medians.put(new Rounds.Plan(CUDNN, "standard-stream"), 6.0);
        medians.put(new Rounds.Plan(CUDNN, "standard-graph"), 3.0);
        medians.put(new Rounds.Plan(side("pytorch"), "eager"), 8.0);
        assertThat(LayerCases.ratios(medians))
                .containsExactlyInAnyOrderEntriesOf(Map.of(
                        "cudnn / fused", 1.5, "cudnn / auto", 3.0, "pytorch / fused", 4.0, "pytorch / auto", 8.0));
    }

    @Test
    void onlyAnEngineThatComputesInTheSameWayIsATwin() {
        Rounds.Plan fused = new Rounds.Plan(LIBRARY, "fused");
        Rounds.Plan auto = new Rounds.Plan(LIBRARY, "auto");
        Map<Rounds.Plan, Map<String, Object>> before = new LinkedHashMap<>();
        before.put(fused, Map.of("detail", "fused streamed"));
        before.put(new Rounds.Plan(CUDNN, "standard-graph"), Map.of("detail", "cudnn standard"));
        assertThat(LayerCases.twin(auto, Map.of("detail", "fused streamed"), before))
                .isEqualTo(fused);
        assertThat(LayerCases.twin(auto, Map.of("detail", "cudnn standard"), before))
                .isNull();
        assertThat(LayerCases.twin(auto, Map.of("detail", ""), Map.of(fused, Map.of("detail", ""))))
                .isNull();
    }
}
