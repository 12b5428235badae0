package dev.fusedrnn.text;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fusedrnn.testing.Draw;
import java.util.BitSet;
import org.junit.jupiter.api.Test;

class ShuffleTest {
    @Test
    void everyElementHasOnePlace() {
        Draw.cases(300, draw -> {
            int size = draw.whole(1, 3000);
            long seed = draw.anyLong();
            Shuffle shuffle = new Shuffle(size, seed);
            BitSet seen = new BitSet();
            for (int i = 0; i < size; i++) {
                long element = shuffle.at(i);
                assertThat(element).isBetween(0L, size - 1L);
                seen.set((int) element);
            }
            assertThat(seen.cardinality()).isEqualTo(size);
        });
    }

    @Test
    void hugeSizesStayInRange() {
        Draw.cases(100, draw -> {
            long size = draw.whole(1L << 31, 1L << 60);
            long seed = draw.anyLong();
            Shuffle shuffle = new Shuffle(size, seed);
            assertThat(shuffle.at(size - 1)).isBetween(0L, size - 1);
            assertThat(shuffle.at(0)).isNotEqualTo(shuffle.at(1));
        });
    }

    /** Chi-squared over where each of 7 elements lands in 14,000 shuffles; 42 has mean 36 and deviation 8.5. */
    @Test
    void everyElementIsEquallyLikelyAtEveryPlace() {
        int size = 7;
        int[] counts = new int[size * size];
        for (int seed = 0; seed < 14_000; seed++) {
            Shuffle shuffle = new Shuffle(size, seed);
            for (int i = 0; i < size; i++) {
                counts[i * size + (int) shuffle.at(i)]++;
            }
        }
        double chiSquared = 0;
        for (int count : counts) {
            chiSquared += (count - 2000.0) * (count - 2000.0) / 2000.0;
        }
        assertThat(chiSquared).isLessThan(36 + 4 * 8.5);
    }
}
