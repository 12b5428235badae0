package dev.fusedrnn.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;

class EntityScoresTest {
    private static List<String> tags(String tags) {
        return List.of(tags.split(" "));
    }

    /** By hand: 4 entities there, 4 found, 2 of them right; a wrong end and a wrong type do not count. */
    @Test
    void scoresAreThoseByHand() {
        EntityScores scores = EntityScores.of(
                List.of(tags("B-PER I-PER O B-LOC"), tags("S-ORG O B-PER E-PER")),
                List.of(tags("I-PER I-PER O I-ORG"), tags("I-ORG O I-PER O")));

        assertThat(scores.all()).isEqualTo(new EntityScores.Count(2, 4, 4));
        assertThat(scores.all().f1()).isCloseTo(0.5, within(1e-15));
        assertThat(scores.types().get("PER")).isEqualTo(new EntityScores.Count(1, 2, 2));
        assertThat(scores.types().get("ORG").precision()).isEqualTo(0.5);
        assertThat(scores.types().get("ORG").recall()).isEqualTo(1);
        assertThat(scores.types().get("ORG").f1()).isCloseTo(2 / 3.0, within(1e-15));
        assertThat(scores.types().get("LOC")).isEqualTo(new EntityScores.Count(0, 0, 1));
        assertThat(scores.types().get("LOC").f1()).isZero();
        assertThat(scores.types().get("LOC").precision()).isZero();
    }

    @Test
    void typesAreInAlphabeticalOrder() {
        List<String> all = tags("S-f S-d S-a S-h S-c S-b S-g S-e");
        assertThat(EntityScores.of(List.of(all), List.of(all)).types().keySet())
                .containsExactly("a", "b", "c", "d", "e", "f", "g", "h");
    }

    @Test
    void whatDoesNotFitIsRefused() {
        assertThatThrownBy(() -> EntityScores.of(List.of(tags("O")), List.of()))
                .hasMessage("expected 1 sentences, found 0");
        assertThatThrownBy(() -> EntityScores.of(List.of(tags("O O")), List.of(tags("O"))))
                .hasMessage("sentence 0: expected 2 tags, found 1");
    }
}
