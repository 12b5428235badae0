package dev.fusedrnn.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.opentest4j.TestAbortedException;

class SharedDataTest {
    @Test
    void absentFileSkipsTheTestAndNamesThePath() {
        assertThatThrownBy(() -> SharedData.data("no/such/file.txt"))
                .isInstanceOf(TestAbortedException.class)
                .hasMessageContaining("no/such/file.txt")
                .hasMessageContaining(SharedData.PROPERTY);
    }

    @Test
    void readsPlainAndPackedFiles() throws IOException {
        assertThat(SharedData.text("timemachine/timemachine.txt")).startsWith("The Time Machine, by H. G. Wells");
        try (var reader = SharedData.reader("fraeng/fra.txt.gz")) {
            assertThat(reader.readLine()).isEqualTo("Go.\tVa !");
        }
    }

    @Test
    void findsAllGoldenCases() {
        assertThat(SharedData.goldenCases()).hasSize(22);
    }
}
