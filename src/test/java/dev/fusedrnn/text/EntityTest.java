package dev.fusedrnn.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fusedrnn.testing.Draw;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class EntityTest {
    private static List<String> tags(String tags) {
        return List.of(tags.split(" "));
    }

    /** Entities with gaps and without, of the same type next to each other and of others. */
    private static List<Entity> entities(int words, long seed) {
        Random random = new Random(seed);
        List<Entity> entities = new ArrayList<>();
        int at = random.nextInt(2);
        while (at < words) {
            int end = Math.min(words, at + 1 + random.nextInt(3));
            entities.add(new Entity(random.nextBoolean() ? "PER" : "LOC-A", at, end));
            at = end + random.nextInt(3) / 2 * (1 + random.nextInt(2));
        }
        return entities;
    }

    @Test
    void everySchemeGivesTheEntitiesBack() {
        Draw.cases(200, draw -> {
            long seed = draw.anyLong();
            int words = 1 + (int) Math.floorMod(seed, 12L);
            List<Entity> entities = entities(words, seed);
            for (TagScheme scheme : TagScheme.values()) {
                List<String> tags = scheme.tags(entities, words);
                assertThat(tags).hasSize(words);
                assertThat(Entity.of(tags)).as("%s", scheme).isEqualTo(entities);
                for (TagScheme other : TagScheme.values()) {
                    assertThat(other.convert(tags)).isEqualTo(other.tags(entities, words));
                }
            }
        });
    }

    @Test
    void schemesAreAsTheyAreDefined() {
        List<String> first = tags("I-PER I-PER B-PER O I-LOC I-PER");
        assertThat(TagScheme.IOB1.convert(first)).isEqualTo(first);
        assertThat(TagScheme.IOB2.convert(first)).isEqualTo(tags("B-PER I-PER B-PER O B-LOC B-PER"));
        assertThat(TagScheme.BIOES.convert(first)).isEqualTo(tags("B-PER E-PER S-PER O S-LOC S-PER"));
        assertThat(TagScheme.BIOES.convert(tags("B-X I-X I-X"))).isEqualTo(tags("B-X I-X E-X"));
    }

    /** Sequences that no scheme writes, as conlleval divides them. */
    @Test
    void illFormedTagsAreReadAsConllevalDoes() {
        assertThat(Entity.of(tags("I-A I-B I-B"))).containsExactly(new Entity("A", 0, 1), new Entity("B", 1, 3));
        assertThat(Entity.of(tags("O I-A O B-A B-A")))
                .containsExactly(new Entity("A", 1, 2), new Entity("A", 3, 4), new Entity("A", 4, 5));
        assertThat(Entity.of(tags("E-A E-A I-A"))).hasSize(3);
        assertThat(Entity.of(tags("S-A I-A E-A"))).containsExactly(new Entity("A", 0, 1), new Entity("A", 1, 3));
        assertThat(Entity.of(tags("B-A S-A I-B"))).hasSize(3);
        assertThat(Entity.of(tags("B-A E-B"))).containsExactly(new Entity("A", 0, 1), new Entity("B", 1, 2));
        assertThat(Entity.of(List.of())).isEmpty();
    }

    @Test
    void wrongTagsAndEntitiesAreNamed() {
        for (String wrong : List.of("X-A", "B", "B-", "BA", "o", "")) {
            assertThatThrownBy(() -> Entity.of(List.of("O", wrong)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("tag must be O or one of B, I, E, S with a hyphen and a type, found '" + wrong + "'");
        }
        List<Entity> crossing = List.of(new Entity("A", 0, 2), new Entity("A", 1, 3));
        assertThatThrownBy(() -> TagScheme.IOB2.tags(crossing, 3)).hasMessageContaining("in order within 3 words");
        assertThatThrownBy(() -> TagScheme.IOB2.tags(List.of(new Entity("A", 0, 2)), 1))
                .hasMessageContaining("in order within 1 words");
    }
}
