package dev.fusedrnn.benchmarks.beside;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class StatisticsTest {
    @Test
    void quantilesLieBetweenNeighbours() {
        assertThat(Samples.quantile(List.of(4.0, 1.0, 3.0, 2.0), 0.5)).isEqualTo(2.5);
        assertThat(Samples.quantile(List.of(1.0, 2.0, 3.0), 0.5)).isEqualTo(2);
        assertThat(Samples.quantile(List.of(0.0, 10.0), 0.1)).isCloseTo(1, within(1e-12));
        assertThat(Samples.quantile(List.of(7.0), 0.9)).isEqualTo(7);
    }

    @Test
    void aSlowRoundShows() {
        Samples samples = new Samples();
        samples.add(List.of(1.0, 1.1, 0.9));
        samples.add(List.of(2.0, 2.1, 1.9));
        assertThat(samples.summary()).containsEntry("leastRoundMs", 1.0).containsEntry("largestRoundMs", 2.0);
    }

    @Test
    void ratiosAreAveragedAsFactors() {
        Ratios ratios = new Ratios();
        ratios.add("peer", "a", 4);
        ratios.add("peer", "b", 0.25);
        ratios.add("other", "a", 3);
        Map<String, Object> row = ratios.summary().get(0);
        assertThat((double) row.get("geometricMean")).isCloseTo(1, within(1e-12));
        assertThat(row).containsEntry("cases", 2).containsEntry("worst", 0.25).containsEntry("worstCase", "b");
        assertThat(ratios.summary()).hasSize(2);
    }
}
