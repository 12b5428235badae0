package dev.fusedrnn.benchmarks.beside;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.fusedrnn.io.SafetensorsWriter;
import dev.fusedrnn.io.StoredType;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelAgreementTest {
    private static final float[] LOSSES = {4, 3.9f, 3.8f};
    private static final float[] NORMS = {0.5f, 0.4f, 0.3f};
    private static final float[] GRADIENT = {0.3f, 0.4f};
    private static final float[] CHANGE = {0.01f, -0.01f};

    @TempDir
    private Path folder;

    @Test
    void equalStepsAgree() throws IOException {
        ModelAgreement agreement = ModelAgreement.of(
                file("found", LOSSES, NORMS, GRADIENT, CHANGE),
                file("exact", LOSSES, NORMS, GRADIENT, CHANGE),
                Precision.F32);
        assertThat(agreement.holds()).isTrue();
        assertThat(agreement.error()).isZero();
    }

    @Test
    void lossesThatFallMoreSlowlyAreFoundThoughTheyAreNear() throws IOException {
        // 0.6 % of the loss, a quarter of its progress
        assertFarthest("progress", 0.25, new float[] {4, 3.925f, 3.85f}, NORMS, GRADIENT, CHANGE);
    }

    @Test
    void everyOtherValueIsJudgedToo() throws IOException {
        assertFarthest("losses", 0.0512, new float[] {4.2f, 4.1f, 4}, NORMS, GRADIENT, CHANGE);
        assertFarthest("first gradient's norm", 0.02, LOSSES, new float[] {0.51f, 0.4f, 0.3f}, GRADIENT, CHANGE);
        assertFarthest("gradient.w", 0.2828, LOSSES, NORMS, new float[] {0.4f, 0.3f}, CHANGE);
        assertFarthest("change.w", 0.8, LOSSES, NORMS, GRADIENT, new float[] {0.002f, -0.002f});
        assertFarthest("change.w", Double.NaN, LOSSES, NORMS, GRADIENT, new float[] {0.01f, Float.NaN});
    }

    @Test
    void normsOfLaterGradientsAreNotJudged() throws IOException {
        assertThat(farthest(LOSSES, new float[] {0.5f, 9, 0.001f}, GRADIENT, CHANGE)
                        .holds())
                .isTrue();
    }

    @Test
    void anotherSystemMayConfirmWhatIsFarFromTheJudgeButNotWhatIsNoNumber() throws IOException {
        Path exact = file("exact", LOSSES, NORMS, GRADIENT, CHANGE);
        Path found = file("found", new float[] {4, 3.92f, 3.84f}, NORMS, GRADIENT, CHANGE);
        Path alike = file("alike", new float[] {4, 3.921f, 3.841f}, NORMS, GRADIENT, CHANGE);
        Path far = file("far", new float[] {4, 5, 6}, NORMS, GRADIENT, CHANGE);
        Path broken = file("broken", new float[] {4, Float.NaN, 3.84f}, NORMS, GRADIENT, CHANGE);
        assertThat(nearest(found, exact).holds()).isFalse();
        assertThat(nearest(found, exact, far, broken).holds()).isFalse();
        assertThat(nearest(found, exact, broken, alike).holds()).isTrue();
        assertThat(nearest(found, found, far).error()).isZero();
        assertThat(nearest(broken, exact, broken, alike).holds()).isFalse();
    }

    private static ModelAgreement nearest(Path found, Path exact, Path... others) throws IOException {
        return ModelAgreement.of(found, exact, Precision.BF16).orNearer(found, List.of(others), Precision.BF16);
    }

    private void assertFarthest(
            String what, double error, float[] losses, float[] norms, float[] gradient, float[] change)
            throws IOException {
        ModelAgreement agreement = farthest(losses, norms, gradient, change);
        assertThat(agreement.holds()).as(agreement.toString()).isFalse();
        assertThat(agreement.what()).isEqualTo(what);
        if (Double.isNaN(error)) {
            assertThat(agreement.error()).isNaN();
        } else {
            assertThat(agreement.error()).isCloseTo(error, within(2e-2 * error + 1e-3));
        }
    }

    private ModelAgreement farthest(float[] losses, float[] norms, float[] gradient, float[] change)
            throws IOException {
        Path exact = file("exact", LOSSES, NORMS, GRADIENT, CHANGE);
        return ModelAgreement.of(file("found", losses, norms, gradient, change), exact, Precision.BF16);
    }

    private Path file(String name, float[] losses, float[] norms, float[] gradient, float[] change) throws IOException {
        Path file = folder.resolve(name);
        new SafetensorsWriter()
                .add("losses", StoredType.F32, new long[] {losses.length}, losses)
                .add("gradientNorms", StoredType.F32, new long[] {norms.length}, norms)
                .write(file);
        new SafetensorsWriter()
                .add("gradient.w", StoredType.F32, new long[] {gradient.length}, gradient)
                .add("change.w", StoredType.F32, new long[] {change.length}, change)
                .write(ParameterSteps.beside(file));
        return file;
    }
}
