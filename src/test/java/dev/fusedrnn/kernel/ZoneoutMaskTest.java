package dev.fusedrnn.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ZoneoutMaskTest {
    private static final int COUNT = 200_000;
    /** In so many standard deviations of a binomial number of kept units; passed by chance once in 1e9. */
    private static final double DEVIATIONS = 6;

    @ParameterizedTest
    @ValueSource(floats = {0.01f, 0.1f, 0.5f, 0.9f})
    void keepsAsManyUnitsAsItShould(float p) {
        float[] keeps = keeps(p, 3, 0);
        double expected = p * (double) COUNT;
        assertThat((double) ones(keeps)).isEqualTo(expected, within(DEVIATIONS * Math.sqrt(expected * (1 - p))));
    }

    @Test
    void keepsNoneOrAllAtTheEnds() {
        assertThat(ones(keeps(0, 3, 0))).isZero();
        assertThat(ones(keeps(1, 3, 0))).isEqualTo(COUNT);
    }

    /** Masks of different steps, states, layers and directions keep the same unit as often as independent ones would. */
    @Test
    void masksOfDifferentStreamsAndStepsAreIndependent() {
        float p = 0.3f;
        float[] h = keeps(p, 3, ZoneoutMask.stream(1, 0, false));
        float[][] others = {
            keeps(p, 3, ZoneoutMask.stream(1, 0, true)),
            keeps(p, 3, ZoneoutMask.stream(1, 1, false)),
            keeps(p, 3, ZoneoutMask.stream(0, 0, false)),
            keeps(p, 4, ZoneoutMask.stream(1, 0, false))
        };
        for (float[] other : others) {
            close(p, both(h, other, 0));
        }
        close(p, both(h, h, 64));
    }

    private static void close(float p, int both) {
        double expected = p * p * COUNT;
        assertThat((double) both).isEqualTo(expected, within(DEVIATIONS * Math.sqrt(expected)));
    }

    @Test
    void oneUnitAtATimeIsTheSame() {
        float[] keeps = new float[1003];
        ZoneoutMask.keeps(0.4f, new int[] {5, -6, 7}, 9, 3, new int[4], keeps, keeps.length);
        for (int i = 0; i < keeps.length; i++) {
            assertThat(keeps[i]).isEqualTo(ZoneoutMask.keeps(0.4f, 5, -6, 7, 9, 3 + i));
        }
    }

    @Test
    void everyStateHasAStreamOfItsOwn() {
        Set<Integer> streams = new HashSet<>();
        for (int layer = 0; layer < 1024; layer++) {
            for (int direction = 0; direction < 2; direction++) {
                streams.add(ZoneoutMask.stream(layer, direction, false));
                streams.add(ZoneoutMask.stream(layer, direction, true));
            }
        }
        assertThat(streams).hasSize(4 * 1024).allMatch(stream -> stream > 2 * 1024);
    }

    private static float[] keeps(float p, int draw, int stream) {
        float[] keeps = new float[COUNT];
        ZoneoutMask.keeps(p, new int[] {11, -12, draw}, stream, 0, new int[4], keeps, COUNT);
        return keeps;
    }

    private static int ones(float[] keeps) {
        return both(keeps, keeps, 0);
    }

    private static int both(float[] a, float[] b, int shift) {
        int count = 0;
        for (int i = 0; i < COUNT; i++) {
            count += a[i] == 1 && b[(i + shift) % COUNT] == 1 ? 1 : 0;
        }
        return count;
    }
}
