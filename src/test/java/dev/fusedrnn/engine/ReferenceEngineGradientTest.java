package dev.fusedrnn.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fusedrnn.engine.check.CaseData;
import dev.fusedrnn.engine.check.CaseEdits;
import dev.fusedrnn.engine.check.EngineCase;
import dev.fusedrnn.engine.check.EngineRun;
import dev.fusedrnn.engine.check.PassResult;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Device;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every element of every gradient against central differences of the loss Σ y·dy + Σ hy·dhy + Σ cy·dcy, in double. */
class ReferenceEngineGradientTest {
    private static final double STEP = 1e-5;
    private static final double ALLOWED = 2e-8;

    static List<EngineCase> cases() {
        List<EngineCase> cases = new ArrayList<>();
        for (CellType cell : CellType.values()) {
            for (int bits = 0; bits < 16; bits++) {
                RnnConfig config = config(cell, 3, 4)
                        .withBias((bits & 1) == 0)
                        .withBidirectional((bits & 2) != 0)
                        .withLayers((bits & 4) == 0 ? 1 : 2);
                EngineCase full = EngineCase.of(config, 4, 3, 100 + bits);
                cases.add((bits & 8) == 0 ? full : full.withDrawnLengths());
            }
            cases.add(EngineCase.of(config(cell, 3, 4), 1, 2, 1));
            cases.add(EngineCase.of(config(cell, 3, 4), 4, 1, 2));
            cases.add(EngineCase.of(config(cell, 1, 4), 4, 2, 3));
            cases.add(EngineCase.of(config(cell, 3, 1), 4, 2, 4));
            cases.add(EngineCase.of(config(cell, 3, 4), 4, 2, 5).withoutState());
            RnnConfig deep = config(cell, 3, 4).withLayers(3).withDropout(0.4);
            cases.add(EngineCase.of(deep, 4, 3, 6));
            cases.add(EngineCase.of(deep.withBidirectional(true), 4, 3, 7).withDrawnLengths());
            cases.add(EngineCase.of(deep.withVariationalDropout(true), 4, 3, 12));
            RnnConfig zoned = config(cell, 3, 4).withZoneout(0.4);
            cases.add(EngineCase.of(zoned, 5, 3, 13));
            cases.add(EngineCase.of(zoned.withLayers(2).withBidirectional(true), 4, 3, 14)
                    .withDrawnLengths());
        }
        RnnConfig lstm = config(CellType.LSTM, 3, 4);
        cases.add(EngineCase.of(lstm.withProjSize(2), 4, 3, 8));
        cases.add(EngineCase.of(lstm.withProjSize(3).withLayers(2).withBidirectional(true), 4, 3, 9)
                .withDrawnLengths());
        cases.add(EngineCase.of(lstm.withCellClip(0.3), 5, 3, 10));
        cases.add(EngineCase.of(lstm.withCellClip(0.2).withProjSize(2).withLayers(2), 5, 3, 11));
        RnnConfig zoned = lstm.withZoneout(0.3).withCellZoneout(0.4);
        cases.add(EngineCase.of(lstm.withCellZoneout(0.4), 5, 3, 15));
        cases.add(EngineCase.of(zoned.withBidirectional(true).withLayers(2), 5, 3, 16)
                .withDrawnLengths());
        cases.add(EngineCase.of(zoned.withCellClip(0.3), 5, 3, 17));
        cases.add(EngineCase.of(zoned.withProjSize(2).withLayers(2), 5, 3, 18).withDrawnLengths());
        RnnConfig before = config(CellType.GRU, 3, 4).withGruVariant(GruVariant.RESET_BEFORE);
        for (int bits = 0; bits < 8; bits++) {
            RnnConfig config = before.withBias((bits & 1) == 0)
                    .withBidirectional((bits & 2) != 0)
                    .withLayers((bits & 4) == 0 ? 1 : 2);
            cases.add(EngineCase.of(config, 4, 3, 20 + bits).withDrawnLengths());
        }
        cases.add(EngineCase.of(before.withZoneout(0.4), 5, 3, 28).withDrawnLengths());
        return cases;
    }

    private static RnnConfig config(CellType cell, int inputSize, int hiddenSize) {
        return RnnConfig.of(cell, inputSize, hiddenSize).withDataType(DataType.F64);
    }

    @ParameterizedTest
    @MethodSource("cases")
    void everyGradientIsTheSlopeOfTheLoss(EngineCase engineCase) {
        CaseData data = CaseData.draw(engineCase);
        try (Device cpu = Device.cpu()) {
            PassResult result = EngineRun.train(new ReferenceEngine(), cpu, data);
            compare("dx", data, data.x(), result.get("dx"), cpu);
            if (data.hx() != null) {
                compare("dhx", data, data.hx(), result.get("dhx"), cpu);
            }
            if (data.cx() != null) {
                compare("dcx", data, data.cx(), result.get("dcx"), cpu);
            }
            double[] gradient = CaseEdits.flatGradient(data.config(), result);
            compare("dParameters", data, data.parameters(), gradient, cpu);
        }
    }

    private static void compare(String name, CaseData data, double[] input, double[] gradient, Device cpu) {
        double[] slopes = new double[input.length];
        for (int i = 0; i < input.length; i++) {
            double before = input[i];
            input[i] = before + STEP;
            double above = loss(data, cpu);
            input[i] = before - STEP;
            double below = loss(data, cpu);
            input[i] = before;
            slopes[i] = (above - below) / (2 * STEP);
        }
        assertThat(CaseEdits.largestDifference(gradient, slopes))
                .as("%s, %d values", name, slopes.length)
                .isLessThanOrEqualTo(ALLOWED);
    }

    private static double loss(CaseData data, Device cpu) {
        try (EngineRun run = EngineRun.open(new ReferenceEngine(), cpu, data)) {
            run.forward();
            PassResult result = run.result();
            double loss = dot(result.get("y"), data.dy());
            loss += data.dhy() == null ? 0 : dot(result.get("hy"), data.dhy());
            return loss + (data.dcy() == null ? 0 : dot(result.get("cy"), data.dcy()));
        }
    }

    private static double dot(double[] a, double[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += a[i] * b[i];
        }
        return sum;
    }
}
