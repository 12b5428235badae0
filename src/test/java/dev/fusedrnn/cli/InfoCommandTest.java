package dev.fusedrnn.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fusedrnn.nn.Engines;
import dev.fusedrnn.tensor.Device;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class InfoCommandTest {
    @Test
    void namesEveryEngineAndSaysWhyTheGpuIsNotThere() {
        Tool info = Tool.run("info");

        assertThat(info.code()).isZero();
        assertThat(info.err()).isEmpty();
        Engines.all().forEach(engine -> assertThat(info.out())
                .containsPattern("(?m)^  " + engine.name() + " +(not )?available: \\S+"));
        Device.gpuReasons().forEach(reason -> assertThat(info.out()).contains(reason));
        assertThat(info.out()).containsPattern("(?m)^  reference +available: f32 bf16 f16$");
        assertThat(info.out()).containsPattern("(?m)^chosen    device (cpu|cuda:0), engine \\w+");
    }

    @ParameterizedTest
    @ValueSource(strings = {"info", "train", "generate", "check", "bench"})
    void everyCommandHasHelp(String command) {
        assertThat(Tool.run("--help").out()).containsPattern("(?m)^  " + command + " +\\S");

        Tool help = Tool.run(command, "--help");

        assertThat(help.code()).isZero();
        assertThat(help.err()).isEmpty();
        assertThat(help.out()).startsWith("Usage: fusedrnn " + command);
    }
}
