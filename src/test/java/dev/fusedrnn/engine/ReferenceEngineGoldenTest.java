package dev.fusedrnn.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fusedrnn.engine.check.EngineRun;
import dev.fusedrnn.engine.check.GoldenCase;
import dev.fusedrnn.engine.check.PassResult;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.testing.SharedData;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every stored case of PyTorch in float64: outputs and all gradients. */
class ReferenceEngineGoldenTest {
    static List<Path> cases() {
        return SharedData.goldenCases();
    }

    @ParameterizedTest
    @MethodSource("cases")
    void agreesWithAnIndependentSystem(Path file) throws IOException {
        GoldenCase golden = GoldenCase.read(file);
        try (Device cpu = Device.cpu()) {
            PassResult result = EngineRun.train(new ReferenceEngine(), cpu, golden.data());
            assertThat(result.tensors().keySet())
                    .containsExactlyInAnyOrderElementsOf(golden.expected().keySet());
            golden.expected().forEach((tensor, expected) -> {
                double allowed = golden.narrow().contains(tensor) ? 1e-6 : 1e-9;
                assertThat(largestDifference(expected, result.get(tensor)))
                        .as("%s of %s, %d values", tensor, golden, expected.length)
                        .isLessThanOrEqualTo(allowed);
            });
        }
    }

    /** NaN if any difference is. */
    private static double largestDifference(double[] expected, double[] found) {
        assertThat(found).hasSameSizeAs(expected).isNotEmpty();
        double largest = 0;
        for (int i = 0; i < found.length; i++) {
            largest = Math.max(largest, Math.abs(found[i] - expected[i]));
        }
        return largest;
    }
}
