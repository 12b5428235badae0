package dev.fusedrnn.engine.reference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fusedrnn.engine.ReferenceEngine;
import dev.fusedrnn.engine.check.CaseData;
import dev.fusedrnn.engine.check.CaseEdits;
import dev.fusedrnn.engine.check.EngineCase;
import dev.fusedrnn.engine.check.EngineRun;
import dev.fusedrnn.engine.check.PassResult;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Device;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class RoundingTest {
    @Test
    void storesInTheTypeAndSumsInFloat() {
        double third = 1.0 / 3;
        assertThat(new Rounding(DataType.F64).stored(third)).isEqualTo(third);
        assertThat(new Rounding(DataType.F32).stored(third)).isEqualTo((float) third);
        assertThat(new Rounding(DataType.BF16).stored(third)).isEqualTo(0x1.56p-2);
        assertThat(new Rounding(DataType.F16).stored(third)).isEqualTo(0x1.554p-2);
        assertThat(Rounding.NONE.summed(third)).isEqualTo(third);
        assertThat(new Rounding(DataType.BF16).summed(third)).isEqualTo((float) third);
        assertThat(new Rounding(DataType.F16).stored(1e6)).isInfinite();
        assertThatThrownBy(() -> new Rounding(DataType.I32)).isInstanceOf(IllegalArgumentException.class);
    }

    /** The distance of the rounding from the exact reference is of the order of the type's ε, neither nothing nor a fault. */
    @ParameterizedTest
    @EnumSource(
            value = DataType.class,
            names = {"F32", "BF16", "F16"})
    void distanceFromTheExactReferenceIsOfTheTypesOrder(DataType type) {
        for (String cell : new String[] {"rnn_tanh", "lstm", "gru", "gru-before"}) {
            EngineCase engineCase = EngineCase.parse(
                    cell + "-bidir-L2-T7-N6-C10-H6-" + type.name().toLowerCase(Locale.ROOT) + "-seed3");
            CaseData data = CaseData.draw(engineCase);
            CaseData wide = data.withConfig(data.config().withDataType(DataType.F64));
            try (Device cpu = Device.cpu()) {
                PassResult exact = EngineRun.train(new ReferenceEngine(), cpu, wide);
                PassResult rounded = EngineRun.train(ReferenceEngine.rounding(), cpu, data);
                for (String tensor : new String[] {"y", "dx", "d_weight_hh_l0"}) {
                    double distance = CaseEdits.largestDifference(exact.get(tensor), rounded.get(tensor));
                    assertThat(distance / type.epsilon())
                            .as(cell + " " + tensor)
                            .isBetween(0.1, 20.0);
                }
            }
        }
    }
}
