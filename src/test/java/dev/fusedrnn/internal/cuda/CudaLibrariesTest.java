package dev.fusedrnn.internal.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CudaLibrariesTest {
    private static final String ABSENT = "libfusedrnn_absent.so.13";

    @TempDir
    Path folder;

    @Test
    void foldersOfPropertyEnvironmentAndPythonAreTakenInThatOrder() throws IOException {
        Path named = Files.createDirectories(folder.resolve("named"));
        Path onPath = Files.createDirectories(folder.resolve("ld"));
        Path toolkit = Files.createDirectories(folder.resolve("toolkit/lib64"));
        Path wheel = Files.createDirectories(folder.resolve("venv/lib/python3.12/site-packages/nvidia/cudnn/lib"));
        Files.createFile(Files.createDirectories(folder.resolve("venv/bin")).resolve("python3"));
        CudaLibraries libraries = new CudaLibraries(
                named + ":" + folder.resolve("does-not-exist"),
                Map.of(
                        "LD_LIBRARY_PATH", onPath.toString(),
                        "CUDA_HOME", folder.resolve("toolkit").toString(),
                        "PATH", folder.resolve("venv/bin").toString()));
        assertThat(libraries.folders().stream().filter(path -> path.startsWith(folder)))
                .containsExactly(named, onPath, toolkit, wheel);
    }

    @Test
    void aMissingLibraryIsNamedWithTheWayToHelp() {
        String reason = new CudaLibraries("", Map.of()).load(List.of(ABSENT));
        assertThat(reason).startsWith(ABSENT + " could not be loaded: ").contains("-Dfusedrnn.cuda.libraries=FOLDER");
    }

    @Test
    void anotherMajorVersionIsNamed() throws IOException {
        Path old = Files.createFile(folder.resolve("libfusedrnn_absent.so.12"));
        String reason = new CudaLibraries(folder.toString(), Map.of()).load(List.of(ABSENT));
        assertThat(reason).contains("found another version, " + old);
    }

    @Test
    void aBrokenFileIsNotTakenForTheLibrary() throws IOException {
        Files.writeString(folder.resolve(ABSENT), "no library at all");
        String reason = new CudaLibraries(folder.toString(), Map.of()).load(List.of(ABSENT));
        assertThat(reason).contains(ABSENT).doesNotContain("another version");
    }

    @Test
    void aLibraryThatIsThereIsLoaded() {
        assertThat(new CudaLibraries("", Map.of()).load(List.of("libm.so.6", "libc.so.6")))
                .isEmpty();
    }
}
