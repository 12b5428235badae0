package dev.fusedrnn.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fusedrnn.engine.check.CaseData;
import dev.fusedrnn.engine.check.EngineCase;
import dev.fusedrnn.engine.check.EngineCheck;
import dev.fusedrnn.engine.check.EngineRun;
import dev.fusedrnn.engine.check.PassResult;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.testing.Gpu;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Layers of the fused engine as a wavefront beside the same layers in turn. */
@Tag("gpu")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class WavefrontGpuTest {
    /** Each run of the simulated device draws another order of what streams leave open. */
    private static final int ORDERS = Gpu.isSimulated() ? 6 : 1;

    private Device device;

    @BeforeAll
    void open() {
        device = Gpu.open();
    }

    @AfterAll
    void close() {
        if (device != null) {
            device.close();
        }
    }

    /**
     * The same bits: chunks lose nothing of c, dh and dc, masks, zoneout's too, do not depend on them, and samples may end in any chunk. On a GPU
     * the library's products may sum in another order for other numbers of rows.
     */
    @ParameterizedTest
    @CsvSource({
        "4, lstm-L3-T11-N5-C9-H24-drop0.3-lens-f32-seed1",
        "4, lstm-L3-T11-N5-C9-H24-drop0.3-lens-bf16-seed2",
        "3, lstm-L3-T11-N5-C16-H24-vdrop0.4-clip0.3-lens-f16-seed3",
        "3, lstm-L2-T17-N3-C8-H33-lens-bf16-seed4",
        "11, lstm-L4-T11-N2-C8-H32-nobias-nostate-bf16-seed5",
        "2, lstm-L5-T6-N9-C24-H40-drop0.5-bf16-seed6",
        "4, gru-L3-T11-N5-C9-H24-drop0.3-lens-f32-seed7",
        "4, gru-L3-T11-N5-C9-H24-vdrop0.3-lens-bf16-seed8",
        "4, gru-before-L3-T11-N5-C9-H24-drop0.3-lens-bf16-seed13",
        "3, gru-before-L2-T7-N3-C8-H33-nostate-f16-seed14",
        "3, rnn_tanh-L3-T8-N4-C12-H16-lens-f16-seed9",
        "3, rnn_relu-L2-T7-N4-C12-H16-drop0.2-f32-seed10",
        "3, lstm-L3-T8-N5-C16-H24-clip0.4-lens-tf32-f32-seed13",
        "4, gru-L2-T9-N4-C16-H40-lens-tf32-f32-seed14",
        "2, lstm-L3-T5-N3-C24-H520-lens-bf16-seed11",
        "2, gru-L2-T5-N3-C24-H520-drop0.3-lens-f16-seed12",
        "4, lstm-L3-T11-N5-C9-H24-zone0.3-czone0.4-lens-bf16-seed14",
        "3, lstm-L2-T9-N3-C8-H33-drop0.2-czone0.5-clip0.4-f16-seed15",
        "4, gru-L2-T11-N5-C9-H24-zone0.3-lens-f16-seed16",
        "3, rnn_tanh-L2-T8-N4-C12-H18-zone0.3-lens-bf16-seed17",
        "4, lstm-L2-T9-N5-C9-H24-zone0.3-czone0.4-lens-f32-seed18",
        "3, gru-L2-T8-N4-C12-H18-zone0.3-lens-f32-seed19"
    })
    void theBitsAreThoseOfLayersInTurn(int chunks, String name) {
        compare(FusedEngine.Plan.PERSISTENT, chunks, name, "wavefront of");
    }

    private void compare(FusedEngine.Plan plan, int chunks, String name, String expected) {
        CaseData data = CaseData.draw(EngineCase.parse(name));
        FusedEngine inTurn = new FusedEngine(plan);
        FusedEngine wavefront = new FusedEngine(plan, new FusedEngine.Layers(chunks));
        assertSame(EngineRun.train(inTurn, device, data), EngineRun.train(wavefront, device, data), expected);
        PassResult inferred = EngineRun.infer(inTurn, device, data);
        for (int i = 0; i < ORDERS; i++) {
            assertSame(inferred, EngineRun.infer(wavefront, device, data), expected);
        }
    }

    private static void assertSame(PassResult inTurn, PassResult wavefront, String expected) {
        assertThat(wavefront.plan()).contains(expected);
        assertThat(wavefront.damage()).isEmpty();
        assertThat(wavefront.tensors().keySet()).isEqualTo(inTurn.tensors().keySet());
        inTurn.tensors()
                .forEach((tensor, values) ->
                        assertThat(wavefront.get(tensor)).as(tensor).isEqualTo(values));
    }

    @Test
    void aPlanSaysIntoWhatItIsCut() {
        compare(
                FusedEngine.Plan.CLUSTER,
                4,
                "lstm-L3-T11-N5-C8-H24-bf16-seed1",
                "wavefront of 4 chunks, 3 layers at once");
        compare(
                FusedEngine.Plan.CLUSTER,
                9,
                "gru-L2-T3-N8-C8-H24-bf16-seed1",
                "wavefront of 3 chunks, 2 layers at once");
    }

    /** Kernels for many samples, whose marks backward depend on the number of the step: judged by the reference. */
    @ParameterizedTest
    @CsvSource({
        "WIDE, lstm-L3-T6-N9-C24-H72-drop0.3-lens-bf16-seed21",
        "WIDE, gru-L2-T5-N9-C24-H72-lens-f16-seed22",
        "CHIP, lstm-L2-T5-N9-C24-H72-clip0.4-lens-f16-seed23",
        "CHIP, gru-L3-T6-N3-C24-H40-lens-bf16-seed24"
    })
    void chipWideKernelsAgreeWithTheReference(FusedEngine.Plan plan, String name) {
        FusedEngine engine = new FusedEngine(plan, new FusedEngine.Layers(3));
        assertThat(EngineCheck.of(EngineCase.parse(name)).run(engine, device).failures())
                .isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"lstm-L3-T12-N8-C32-H64-drop0.3-bf16-seed12", "gru-L2-T9-N5-C32-H64-lens-f32-seed13"})
    void aWholePassCanBeRecordedFromOutside(String name) {
        RecordedPass.check(new FusedEngine(FusedEngine.Plan.PERSISTENT, new FusedEngine.Layers(3)), device, name);
    }

    @Test
    void backwardPassesSeeTheParametersOfTheirOwnForwardPass() {
        FusedEngine engine = new FusedEngine(FusedEngine.Plan.PERSISTENT, new FusedEngine.Layers(2));
        InterleavedPasses.check(engine, device, "lstm-L3-T6-N3-C9-H8-bf16-seed12");
    }

    @Test
    void layersThatDoNotFitAtOnceAreRefused() {
        FusedEngine engine = new FusedEngine(FusedEngine.Plan.CHIP, new FusedEngine.Layers(2));
        RnnConfig config = RnnConfig.of(CellType.LSTM, 16, 1024).withLayers(2).withDataType(DataType.BF16);
        String reason = "no wavefront: two layers do not fit on the device at once: the 64 blocks";
        assertThat(engine.capability(config, device).reason()).startsWith(reason);
        assertThatThrownBy(() -> engine.prepare(config, device, 4, 2, true))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith(reason);
    }

    /** A few short chunks promise nothing; what long sequences promise is taken. */
    @Test
    void theChoiceIsMadeByWhatItPromises() {
        FusedEngine engine = new FusedEngine(FusedEngine.Plan.PERSISTENT, FusedEngine.Layers.CHOSEN);
        RnnConfig config = RnnConfig.of(CellType.LSTM, 16, 256).withLayers(2).withDataType(DataType.BF16);
        try (RnnExecution few = engine.prepare(config, device, 8, 4, true);
                RnnExecution many = engine.prepare(config, device, 400, 4, true)) {
            assertThat(few.plan()).doesNotContain("wavefront");
            assertThat(many.plan()).contains("wavefront");
        }
    }
}
