package dev.fusedrnn.train;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fusedrnn.engine.CellType;
import dev.fusedrnn.nn.LanguageNetwork;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Device;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class LossScaleTest {
    @Test
    void isOneAndNeverLookedAtOutsideF16() {
        LossScale scale = new LossScale(DataType.BF16);
        assertThat(scale.scale()).isEqualTo(1);
        assertThat(scale.wantsCheck()).isFalse();
    }

    @Test
    void halvesOnOverflowAndGrowsAfterManyFiniteSteps() {
        LossScale scale = new LossScale(DataType.F16);
        assertThat(scale.scale()).isEqualTo(65536);
        assertThat(scale.wantsCheck()).isTrue();
        scale.check(Float.NaN);
        assertThat(scale.scale()).isEqualTo(32768);
        int checks = 0;
        for (int step = 0; step < LossScale.GROWTH_STEPS; step++) {
            if (scale.wantsCheck()) {
                checks++;
                scale.check(1);
            }
        }
        assertThat(scale.scale()).isEqualTo(65536);
        assertThat(checks).isEqualTo(LossScale.CHECK_STEPS + LossScale.GROWTH_STEPS / LossScale.CHECK_STEPS - 1);
    }

    @Test
    void neverFallsBelowOne() {
        LossScale scale = new LossScale(DataType.F16);
        for (int i = 0; i < 40; i++) {
            scale.wantsCheck();
            scale.check(Float.NaN);
        }
        assertThat(scale.scale()).isEqualTo(1);
    }

    /** Features of 60,000 make F16 gradients overflow; the step then leaves the parameters as they are. */
    @Test
    void aStepThatOverflowsChangesNothingButTheScale() {
        int rows = 12;
        int[] inputs = new Random(1).ints(rows, 0, TinyLanguage.V).toArray();
        int[] targets = new Random(2).ints(rows, 0, TinyLanguage.V).toArray();
        try (Device device = Device.cpu();
                LanguageNetwork network = TinyLanguage.network(TinyLanguage.tiedWithDropout(DataType.F16), device, 7);
                TrainingStep step = new TrainingStep(network, 4, 3, true, TrainerConfig.sgd(1, 1, 1))) {
            float[] huge = new float[TinyLanguage.V * 5];
            Arrays.fill(huge, 60_000f);
            network.parameters().set("embedding.weight", huge);
            float[] before = network.parameters().masters().toFloats();
            step.run(inputs, targets, rows, false, 0.1, 0);
            assertThat(network.parameters().masters().toFloats()).containsExactly(before);
            assertThat(step.lossScale().scale()).isEqualTo(32768);
        }
    }

    @Test
    void trainingLowersTheLoss() {
        int rows = 12;
        int[] inputs = new Random(1).ints(rows, 0, TinyLanguage.V).toArray();
        int[] targets = new Random(2).ints(rows, 0, TinyLanguage.V).toArray();
        try (Device device = Device.cpu();
                LanguageNetwork network = TinyLanguage.network(TinyLanguage.embedded(CellType.GRU, 6), device, 7);
                TrainingStep step = new TrainingStep(network, 4, 3, false, TrainerConfig.sgd(1, 1, 1))) {
            step.run(inputs, targets, rows, false, 0.5, 0);
            double first = step.takeLoss();
            for (int i = 1; i < 60; i++) {
                step.run(inputs, targets, rows, false, 0.5, i);
            }
            step.takeLoss();
            step.run(inputs, targets, rows, false, 0.5, 60);
            assertThat(step.takeLoss()).isLessThan(0.7 * first);
        }
    }
}
