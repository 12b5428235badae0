package dev.fusedrnn.internal.fused;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.fusedrnn.internal.cuda.CudaType;
import dev.fusedrnn.internal.fused.WavefrontPolicy.Choice;
import dev.fusedrnn.internal.fused.WavefrontPolicy.Stack;
import org.junit.jupiter.api.Test;

class WavefrontPolicyTest {
    /** Steps that take as long however many layers run at once, as long as these are no more than fit. */
    private static Stack stack(long steps, int layers, double micros, int fit) {
        return new Stack(steps, layers, 1, 1, lanes -> lanes <= fit ? micros : Double.POSITIVE_INFINITY);
    }

    @Test
    void longSequencesAreCut() {
        Choice choice = WavefrontPolicy.choose(stack(512, 2, 0.6, 8));
        assertThat(choice.lanes()).isEqualTo(2);
        // Cut into k parts, two layers take (k + 1) * (512 * 0.6 / k + 12) microseconds: least near k = 5.
        assertThat(choice.partSteps()).isEqualTo(103);
        assertThat(choice.micros()).isEqualTo(4 * (103 * 0.6 + 12) + 103 * 0.6 + 12 + 100 * 0.6 + 12, within(1e-9));
        assertThat(choice.micros()).isLessThan(2 * (512 * 0.6 + 12));
    }

    @Test
    void shortSequencesAreNot() {
        assertThat(WavefrontPolicy.choose(stack(35, 2, 0.6, 8))).isNull();
        assertThat(WavefrontPolicy.choose(stack(1, 4, 3, 8))).isNull();
        assertThat(WavefrontPolicy.choose(stack(512, 1, 0.6, 8))).isNull();
    }

    @Test
    void layersThatDoNotFitAtOnceStayInTurn() {
        assertThat(WavefrontPolicy.choose(stack(1000, 4, 2, 1))).isNull();
        assertThat(WavefrontPolicy.of(stack(1000, 4, 2, 1), 3)).isNull();
    }

    /** With as many lanes as fit, layers share the lanes: two groups of two take twice as long as one. */
    @Test
    void moreLayersThanFitFollowOnTheLanesOfOthers() {
        Choice two = WavefrontPolicy.of(stack(400, 4, 1, 2), 4);
        Choice four = WavefrontPolicy.of(stack(400, 4, 1, 4), 4);
        assertThat(two.lanes()).isEqualTo(2);
        assertThat(two.micros()).isEqualTo((4 + 4 + 1) * 112.0, within(1e-9));
        assertThat(four.lanes()).isEqualTo(4);
        assertThat(four.micros()).isEqualTo((4 + 3) * 112.0, within(1e-9));
    }

    /** A smaller share of the device with slower steps is not worth more layers at once. */
    @Test
    void slowerStepsAreWeighedAgainstMoreLayersAtOnce() {
        Stack slower = new Stack(400, 4, 1, 1, lanes -> lanes <= 2 ? 1 : 3);
        assertThat(WavefrontPolicy.choose(slower).lanes()).isEqualTo(2);
        Stack muchSlower = new Stack(400, 2, 1, 1, lanes -> lanes == 1 ? 1 : 2.1);
        assertThat(WavefrontPolicy.choose(muchSlower)).isNull();
    }

    @Test
    void bothPassesPayForTheirParts() {
        Stack inference = new Stack(30, 2, 1, 1, lanes -> 1.2);
        Stack training = new Stack(30, 2, 2, 1, lanes -> 1.2);
        assertThat(WavefrontPolicy.choose(inference)).isNotNull();
        assertThat(WavefrontPolicy.choose(training)).isNull();
    }

    /** Whatever the shape: no slower than in turn, parts of whole units, no more lanes than layers or than fit. */
    @Test
    void choicesKeepTheirPromises() {
        for (long steps = 1; steps < 300; steps += 7) {
            for (int layers = 1; layers <= 6; layers++) {
                for (int fit = 1; fit <= 5; fit++) {
                    for (long unit = 1; unit <= 8; unit *= 2) {
                        int most = fit;
                        Stack stack =
                                new Stack(steps, layers, 1, unit, n -> n <= most ? 0.9 : Double.POSITIVE_INFINITY);
                        Choice choice = WavefrontPolicy.choose(stack);
                        if (choice == null) {
                            continue;
                        }
                        assertThat(choice.micros()).isLessThan(stack.inTurn());
                        assertThat(choice.lanes()).isBetween(2, Math.min(layers, fit));
                        assertThat(choice.partSteps() % unit).isZero();
                        assertThat(choice.partSteps()).isLessThan(steps);
                        // No layer can be faster than all its steps, and the last one begins behind a part of each
                        // other.
                        double least = (steps + (Math.min(layers, 2) - 1) * Math.min(choice.partSteps(), steps)) * 0.9;
                        assertThat(choice.micros()).isGreaterThan(least);
                    }
                }
            }
        }
    }

    @Test
    void partsBeginAtMultiplesOfSixteenBytes() {
        assertThat(unit(CudaType.BF16, 1, 8, 32)).isEqualTo(1);
        assertThat(unit(CudaType.BF16, 3, 8, 33)).isEqualTo(8);
        assertThat(unit(CudaType.BF16, 3, 12, 32)).isEqualTo(2);
        assertThat(unit(CudaType.F32, 3, 9, 33)).isEqualTo(4);
        assertThat(unit(CudaType.F32, 4, 9, 33)).isEqualTo(1);
    }

    private static long unit(CudaType type, long batch, long inputs, long hidden) {
        int lstm = LayerShape.cell("lstm", false);
        return WavefrontPolicy.unit(
                new LayerShape(lstm, type, 10, batch, inputs, hidden, 0, 1, 0, 0, 0, 0, false, true, false));
    }
}
