package dev.fusedrnn.internal.natives;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.bytedeco.javacpp.Pointer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

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

    @ParameterizedTest
    @MethodSource("structs")
    void everyStructHasTheSizeTheLibraryExpects(String name) throws ReflectiveOperationException {
        assumeTrue(library.loaded(), library.reason());
        Class<?> type = Class.forName("dev.fusedrnn.internal.natives." + name);
        try (Pointer struct = (Pointer) type.getConstructor().newInstance()) {
            String key = name.substring("Frnn".length()).replaceFirst("Params$", "");
            assertThat(FusedRnn.frnn_struct_size(key)).isPositive().isEqualTo(struct.sizeof());
        }
    }

    @Test
    void theHeadersFunctionsAreBound() throws IOException {
        Set<String> declared = matches(Pattern.compile("FRNN_EXPORT[^;(]*?(frnn_\\w+)\\("));
        Set<String> bound = Stream.of(FusedRnn.class.getDeclaredMethods())
                .map(Method::getName)
                .filter(name -> name.startsWith("frnn_"))
                .collect(Collectors.toSet());
        assertThat(bound).isEqualTo(declared).hasSizeGreaterThan(30);
    }

    static Stream<String> structs() throws IOException {
        return matches(Pattern.compile("^} (Frnn\\w+);", Pattern.MULTILINE)).stream();
    }

    private static Set<String> matches(Pattern pattern) throws IOException {
        try (Stream<Path> headers = Files.walk(Path.of("native/include"))) {
            Set<String> found = new TreeSet<>();
            for (Path header : headers.filter(Files::isRegularFile).toList()) {
                pattern.matcher(Files.readString(header)).results().forEach(match -> found.add(match.group(1)));
            }
            return found;
        }
    }

    @Test
    void saysWhatItWasBuiltFor() {
        assumeTrue(library.loaded(), library.reason());
        assertThat(library.buildId()).matches("[0-9a-f]{16}");
        assertThat(library.architectures()).matches("[0-9].*");
        assertThat(library.probe().runtimeVersion()).isGreaterThanOrEqualTo(13000);
    }
}
