package dev.fusedrnn.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

class StandardOutputTest {
    @Test
    @EnabledOnOs(OS.LINUX)
    void lostResultsAreSaid() throws Exception {
        try (ForkedTool tool = ForkedTool.start("exec >/dev/full;", "info")) {
            assertThat(tool.await()).as(tool.err()).isEqualTo(ExitCode.BAD_INPUT);
            assertThat(tool.err())
                    .isEqualTo("fusedrnn: results could not be written to standard output: No space left on device\n");
        }
    }

    /** The pipe's reader is gone before the tool starts. */
    @Test
    @EnabledOnOs(OS.LINUX)
    void aReaderMayLeave() throws Exception {
        try (ForkedTool tool = ForkedTool.start("exec 3> >(:); wait $!; exec >&3 3>&-;", "info")) {
            assertThat(tool.await()).as(tool.err()).isEqualTo(ExitCode.OK);
            assertThat(tool.err()).isEmpty();
        }
    }
}
