package dev.fusedrnn.internal.fused;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fusedrnn.internal.cuda.CudaType;
import org.junit.jupiter.api.Test;

class OneLaunchTest {
    private static LayerShape shape(CudaType type, long steps, long batch, long projection, boolean training) {
        return shape(type, steps, batch, projection, 0, training);
    }

    private static LayerShape shape(
            CudaType type, long steps, long batch, long projection, float cellZoneout, boolean training) {
        int lstm = LayerShape.cell("lstm", false);
        return new LayerShape(
                lstm, type, steps, batch, 7, 9, projection, 1, 0, 0, cellZoneout, 0, false, training, false);
    }

    @Test
    void sequencesOfFewSamples() {
        assertThat(OneLaunch.pays(shape(CudaType.BF16, 5, 8, 0, true))).isTrue();
        assertThat(OneLaunch.pays(shape(CudaType.F32, 5, 1, 3, false))).isTrue();
        assertThat(OneLaunch.pays(shape(CudaType.BF16, 5, 9, 0, false))).isFalse();
    }

    @Test
    void singleStepsOfAsManySamplesAsTheKernelsTake() {
        assertThat(OneLaunch.takesLayer(shape(CudaType.F16, 1, 16, 0, false))).isTrue();
        assertThat(OneLaunch.takesLayer(shape(CudaType.F16, 1, 17, 0, false))).isFalse();
        assertThat(OneLaunch.takesLayer(shape(CudaType.F32, 1, 8, 0, false))).isTrue();
        assertThat(OneLaunch.takesLayer(shape(CudaType.F32, 1, 9, 0, false))).isFalse();
    }

    @Test
    void backwardWhereOneProductCarriesTheGradientOfH() {
        assertThat(OneLaunch.paysBackward(shape(CudaType.BF16, 5, 8, 0, true))).isTrue();
        assertThat(OneLaunch.paysBackward(shape(CudaType.BF16, 5, 8, 3, true))).isFalse();
        assertThat(OneLaunch.paysBackward(shape(CudaType.BF16, 5, 9, 0, true))).isFalse();
        int resetBefore = LayerShape.cell("gru", true);
        LayerShape before =
                new LayerShape(resetBefore, CudaType.BF16, 5, 8, 7, 9, 0, 1, 0, 0, 0, 0, false, true, false);
        assertThat(OneLaunch.pays(before)).isTrue();
        assertThat(OneLaunch.paysBackward(before)).isFalse();
    }

    @Test
    void zoneoutIsForTheOtherKernels() {
        assertThat(OneLaunch.pays(shape(CudaType.BF16, 5, 8, 0, 0.1f, true))).isFalse();
        assertThat(OneLaunch.takesLayer(shape(CudaType.F16, 1, 1, 0, 0.1f, false)))
                .isFalse();
    }

    @Test
    void nothingButSingleStepsOfInferenceWithoutProjection() {
        assertThat(OneLaunch.takesLayer(shape(CudaType.BF16, 2, 1, 0, false))).isFalse();
        assertThat(OneLaunch.takesLayer(shape(CudaType.BF16, 1, 1, 0, true))).isFalse();
        assertThat(OneLaunch.takesLayer(shape(CudaType.BF16, 1, 1, 3, false))).isFalse();
    }
}
