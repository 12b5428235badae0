package dev.fusedrnn.internal.natives;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.Test;

class NativeLibraryTest {
    private final NativeLibrary library = NativeLibrary.get();

    @Test
    void answersWithAReasonOrADevice() {
        assertThat(library.usable()).isEqualTo(library.reason().isEmpty());
        if (library.usable()) {
            assertThat(library.probe().devices()).anyMatch(NativeDevice::runsHere);
        }
    }

    @Test
    void withoutTheLibraryTheReasonNamesTheJar() {
        NativeLibrary missing = NativeLibrary.load(new NativeResources(String.class));
        assertThat(missing.loaded()).isFalse();
        assertThat(missing.reason()).contains("built without CUDA").contains("linux-x86_64");
        assertThat(missing.probe().devices()).isEmpty();
    }

    @Test
    void isLoadedWhereverItIsOnTheClassPath() {
        boolean present = NativeLibrary.class.getResource("linux-x86_64/libjnifusedrnn.so") != null;
        assertThat(library.loaded()).as(library.reason()).isEqualTo(present);
    }

    @Test
    void everyStructHasTheSizeTheLibraryExpects() {
        assumeTrue(library.loaded(), library.reason());
        assertThat(FusedRnn.frnn_struct_size("Fill")).isEqualTo(new FrnnFillParams().sizeof());
        assertThat(FusedRnn.frnn_struct_size("CellForward")).isEqualTo(new FrnnCellForwardParams().sizeof());
        assertThat(FusedRnn.frnn_struct_size("Nothing")).isEqualTo(-1);
    }

    @Test
    void saysWhatItWasBuiltFor() {
        assumeTrue(library.loaded(), library.reason());
        assertThat(library.buildId()).matches("[0-9a-f]{16}");
        assertThat(library.architectures()).matches("[0-9].*");
        assertThat(library.probe().runtimeVersion()).isGreaterThanOrEqualTo(13000);
    }
}
