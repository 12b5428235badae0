package dev.fusedrnn.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class BadFilesTest {
    /** Checksums are not required here: each file is to fail for its own fault, not for a missing checksum. */
    private static final ReadLimits PLAIN = new ReadLimits(1 << 20, 4_096, 256, 3, true, false, false);

    private static final String W = "\"w\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}";

    @TempDir
    Path folder;

    static Stream<Arguments> badFiles() {
        List<Arguments> files = new ArrayList<>();
        IntStream.range(0, 8).forEach(n -> add(files, n + " bytes", new byte[n], "no room for the header's length"));
        add(files, "length 0", raw(0, "{}", 0), "header length 0");
        add(files, "length 1", raw(1, "{}", 0), "header length 1");
        add(files, "length = file size", raw(10, "{}", 0), "header length 10, expected 2 to 2");
        add(files, "length > file size", raw(11, "{}", 0), "header length 11");
        add(files, "length 2^63", raw(Long.MIN_VALUE, "{}", 0), "header length 9223372036854775808");
        add(files, "length -1", raw(-1, "{}", 0), "header length 18446744073709551615");
        add(files, "header above 1 MiB", json("{}" + " ".repeat(1 << 20), 0), "allowed are 1048576");
        add(files, "not UTF-8", json("{\"\u00ff\":1}".getBytes(StandardCharsets.ISO_8859_1), 0), "not UTF-8");
        add(files, "byte order mark", json("\ufeff{}", 0), "does not start with '{'");
        add(files, "UTF-16", json("{}".getBytes(StandardCharsets.UTF_16LE), 0), "NUL in the header");
        add(files, "not JSON", json("{w:1}", 0), "not JSON");
        add(files, "unfinished JSON", json("{" + W, 8), "not JSON");
        add(files, "JSON array", json("[{}]", 0), "does not start with '{'");
        add(files, "garbage after JSON", json("{} {}", 0), "data after the header's JSON object");
        add(files, "depth 10,000", json("{\"w\":" + "[".repeat(10_000), 0), "expected an object for tensor w");
        add(
                files,
                "depth in metadata",
                json("{\"__metadata__\":" + "{\"a\":".repeat(10_000), 0),
                "a string as metadata");
        add(
                files,
                "string of 1 MiB",
                json("{\"__metadata__\":{\"a\":\"" + "x".repeat(1 << 20) + "\"}}", 0),
                "allowed are");
        add(
                files,
                "number 1e400",
                tensor("F32", "[1e400]", "[0,8]"),
                "integers in shape of w, found VALUE_NUMBER_FLOAT");
        add(files, "duplicate tensor", json("{" + W + "," + W + "}", 8), "Duplicate");
        add(
                files,
                "duplicate by escape",
                json("{" + W + "," + W.replace("\"w\"", "\"\\u0077\"") + "}", 8),
                "Duplicate");
        add(files, "duplicate key", json("{\"w\":{\"dtype\":\"F32\",\"dtype\":\"F64\"}}", 0), "Duplicate");
        add(files, "missing dtype", json("{\"w\":{\"shape\":[2],\"data_offsets\":[0,8]}}", 8), "has no dtype");
        add(files, "missing shape", json("{\"w\":{\"dtype\":\"F32\",\"data_offsets\":[0,8]}}", 8), "has no shape");
        add(files, "missing offsets", json("{\"w\":{\"dtype\":\"F32\",\"shape\":[2]}}", 8), "has no data_offsets");
        add(files, "one offset", tensor("F32", "[2]", "[0]"), "has 1 numbers, expected 2");
        add(files, "three offsets", tensor("F32", "[2]", "[0,8,8]"), "more than 2 numbers");
        add(files, "unknown key", json("{" + W.replace("}", ",\"file\":\"/etc/passwd\"}") + "}", 8), "unknown key");
        add(files, "unknown dtype", tensor("F8", "[2]", "[0,8]"), "unknown dtype");
        add(files, "dtype a number", json("{\"w\":{\"dtype\":4}}", 0), "a string as dtype");
        add(files, "rank 5", tensor("F32", "[1,1,1,1,2]", "[0,8]"), "more than 3 numbers in shape");
        add(files, "negative dim", tensor("F32", "[-2]", "[0,8]"), "negative number -2");
        add(files, "dim 2^63", tensor("F32", "[9223372036854775808]", "[0,8]"), "beyond 64 bits");
        add(files, "product overflow", tensor("F32", "[4294967296,4294967296]", "[0,8]"), "beyond 64 bits");
        add(files, "overflow behind 0", tensor("F32", "[0,4294967296,4294967296]", "[0,0]"), "beyond 64 bits");
        add(files, "product wraps to 8", tensor("F32", "[4611686018427387906]", "[0,8]"), "beyond 64 bits");
        add(files, "product != bytes", tensor("F32", "[3]", "[0,8]"), "needs 12 bytes, data_offsets give 8");
        add(files, "product < bytes", tensor("F32", "[1]", "[0,8]"), "needs 4 bytes, data_offsets give 8");
        add(files, "offsets reversed", tensor("F32", "[2]", "[8,0]"), "are reversed");
        add(files, "past end", tensor("F32", "[3]", "[0,12]"), "only 8 bytes of tensors");
        add(files, "overlap", two("[0,8]", "[4,12]", 12), "overlaps");
        add(files, "same bytes", two("[0,8]", "[0,8]", 8), "overlaps");
        add(files, "hole", two("[0,8]", "[12,20]", 20), "has a hole before it");
        add(files, "hole at start", tensor("F32", "[1]", "[4,8]"), "has a hole before it");
        add(files, "longer than described", json("{" + W + "}", 9), "1 bytes behind the last tensor");
        add(files, "tensor a string", json("{\"w\":\"x\"}", 0), "expected an object for tensor w");
        add(files, "5,000 tensors", json(many(5_000), 0), "more than 4096 tensors");
        add(files, "100,000 tensors", json(many(100_000), 0), "allowed are 1048576");
        add(files, "metadata number", json("{\"__metadata__\":{\"a\":1}}", 0), "a string as metadata");
        add(files, "metadata a string", json("{\"__metadata__\":\"a\"}", 0), "an object of strings");
        for (String name : List.of("a/b", "..", "a\\u0000b", "a\\nb", "a\\u007fb", "ü", "", "x".repeat(257))) {
            String label = "name " + name.substring(0, Math.min(8, name.length()));
            add(files, label, json("{" + W.replace("\"w\"", '"' + name + '"') + "}", 8), "name");
        }
        return files.stream();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("badFiles")
    void aBadFileIsRefusedWithItsReasonAndPlace(String name, byte[] content, String reason) throws IOException {
        Path file = Files.write(folder.resolve("bad"), content);
        assertThatThrownBy(() -> SafetensorsReader.open(file, PLAIN).close())
                .isInstanceOfSatisfying(InvalidFileException.class, e -> {
                    assertThat(e.path()).isEqualTo(file);
                    assertThat(e.reason()).contains(reason);
                    assertThat(e.position()).isBetween(0L, (long) content.length);
                    assertThat(e.getMessage()).contains(file.toString(), "at byte " + e.position());
                });
    }

    @Test
    void theListOfBadFilesIsWhole() {
        assertThat(badFiles().count()).isGreaterThanOrEqualTo(60);
        assertThat(badFiles().map(a -> a.get()[0]).distinct().count())
                .isEqualTo(badFiles().count());
    }

    @Test
    void theFileThatTheBadOnesAreMadeFromIsGood() throws IOException {
        Path file = Files.write(folder.resolve("good"), json("{" + W + "}   ", 8));
        try (SafetensorsReader reader = SafetensorsReader.open(file, PLAIN)) {
            assertThat(reader.floats("w")).containsExactly(0, 0);
        }
        invalid(() -> SafetensorsReader.open(file).close(), "no checksum of the header");
    }

    @Test
    void foreignFilesMayUseOtherNamesAndHigherRanks() throws IOException {
        String header = "{\"a/ü\":{\"dtype\":\"F32\",\"shape\":[1,1,1,1,2],\"data_offsets\":[0,8]}}";
        Path file = Files.write(folder.resolve("foreign"), json(header, 8));
        try (SafetensorsReader reader = SafetensorsReader.open(file, ReadLimits.FOREIGN)) {
            assertThat(reader.floats("a/ü")).hasSize(2);
        }
        invalid(
                () -> SafetensorsReader.open(file, ReadLimits.FOREIGN.withMaxHeaderBytes(16))
                        .close(),
                "allowed are 16");
    }

    @Test
    void aForeignFileOfAHundredThousandTensorsIsReadAndOneMoreRefused() throws IOException {
        Path file = Files.write(folder.resolve("many"), json(many(100_000), 0));
        try (SafetensorsReader reader = SafetensorsReader.open(file, ReadLimits.FOREIGN)) {
            assertThat(reader.entries()).hasSize(100_000);
            assertThat(reader.hasChecksums()).isFalse();
        }
        Files.write(file, json(many(100_001), 0));
        invalid(() -> SafetensorsReader.open(file, ReadLimits.FOREIGN).close(), "more than 100000 tensors");
    }

    /** Counted over the whole call, which is more than what stays: less than twice the file and 1 MiB. */
    @Test
    void claimsOfASmallFileMakeNothingLargeBeAllocated() throws IOException {
        List<byte[]> liars = List.of(
                raw(1 << 20, "{}", 0),
                raw(90_000_000, "{}", 0),
                tensor("F64", "[100000000]", "[0,800000000]"),
                tensor("F32", "[1000000000,1000000]", "[0,8]"),
                json("{\"w\":" + "[".repeat(10_000), 0),
                json("{\"__metadata__\":{\"a\":\"" + "x".repeat(100_000), 0));
        for (byte[] liar : liars) {
            Path file = Files.write(folder.resolve("liar"), liar);
            for (ReadLimits limits : List.of(PLAIN, ReadLimits.FOREIGN)) {
                invalid(() -> SafetensorsReader.open(file, limits).close(), "liar");
                long before = allocated();
                Throwable thrown = catchThrowable(
                        () -> SafetensorsReader.open(file, limits).close());
                long used = allocated() - before;
                assertThat(thrown).isInstanceOf(InvalidFileException.class);
                assertThat(used).as("%s", thrown).isBetween(1L, 2L * liar.length + (1 << 20));
            }
        }
    }

    private static long allocated() {
        return ((com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean())
                .getThreadAllocatedBytes(Thread.currentThread().getId());
    }

    @Test
    void aMissingFileIsSaidToBeMissing() {
        assertThatThrownBy(() -> SafetensorsReader.open(folder.resolve("none")).close())
                .isInstanceOf(NoSuchFileException.class);
    }

    @Test
    void aFolderIsRefused() {
        invalid(() -> SafetensorsReader.open(folder).close(), "a directory");
    }

    @Test
    @Timeout(value = 10, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void aPipeIsRefusedWithoutWaitingForIt() throws Exception {
        Path pipe = folder.resolve("pipe");
        Process process;
        try {
            process = new ProcessBuilder("mkfifo", pipe.toString()).start();
        } catch (IOException e) {
            Assumptions.abort("no mkfifo here: " + e.getMessage());
            return;
        }
        assertThat(process.waitFor(5, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).isZero();
        invalid(() -> SafetensorsReader.open(pipe).close(), "a device or pipe");
        invalid(() -> SafetensorsReader.open(pipe, ReadLimits.FOREIGN).close(), "a device or pipe");
    }

    @Test
    void aLinkIsRefusedForCheckpointsAndFollowedForForeignFiles() throws IOException {
        Path file = Files.write(folder.resolve("good"), json("{" + W + "}", 8));
        Path link = Files.createSymbolicLink(folder.resolve("link"), file);
        invalid(() -> SafetensorsReader.open(link).close(), "a symbolic link");
        try (SafetensorsReader reader = SafetensorsReader.open(link, ReadLimits.FOREIGN)) {
            assertThat(reader.contains("w")).isTrue();
        }
    }

    @Test
    void aFileThatShrinksWhileItIsReadIsNoticed() throws IOException {
        Path file = folder.resolve("shrinks");
        new SafetensorsWriter().add("w", new long[] {100_000}, new int[100_000]).write(file);
        try (SafetensorsReader reader = SafetensorsReader.open(file)) {
            long[] taken = {0};
            Throwable thrown = catchThrowable(() -> reader.read("w", chunk -> {
                taken[0] += chunk.remaining();
                try (FileChannel other = FileChannel.open(file, StandardOpenOption.WRITE)) {
                    other.truncate(200_000);
                }
            }));
            assertThat(thrown).isInstanceOf(InvalidFileException.class).hasMessageContaining("shorter");
            assertThat(((InvalidFileException) thrown).position()).isEqualTo(200_000);
            assertThat(taken[0]).isLessThan(400_000);
        }
    }

    @Test
    void refusedFilesLeaveNoHandleOpen() throws IOException {
        Path handles = Path.of("/proc/self/fd");
        Assumptions.assumeTrue(Files.isDirectory(handles), "needs /proc/self/fd");
        Path file = Files.write(folder.resolve("handle-probe"), tensor("F32", "[3]", "[0,8]"));
        for (int i = 0; i < 50; i++) {
            invalid(() -> SafetensorsReader.open(file, PLAIN).close(), "needs 12 bytes");
        }
        List<Path> open = new ArrayList<>();
        try (Stream<Path> links = Files.list(handles)) {
            for (Path link : links.toList()) {
                if (Files.isSymbolicLink(link) && Files.readSymbolicLink(link).equals(file.toRealPath())) {
                    open.add(link);
                }
            }
        } catch (NoSuchFileException ended) {
            // A handle of another thread closed between listing and reading; ours would stay.
            assertThat(ended.getFile()).startsWith("/proc");
        }
        assertThat(open).isEmpty();
    }

    @Test
    void aTruthValueOtherThanZeroAndOneIsRefused() throws IOException {
        Path file = folder.resolve("truth");
        new SafetensorsWriter()
                .add("b", StoredType.BOOL, new long[] {1}, new byte[] {2})
                .write(file);
        try (SafetensorsReader reader = SafetensorsReader.open(file)) {
            invalid(() -> reader.ints("b"), "BOOL holds 2");
        }
    }

    private static void invalid(ThrowingCallable call, String reason) {
        assertThatThrownBy(call).isInstanceOf(InvalidFileException.class).hasMessageContaining(reason);
    }

    private static void add(List<Arguments> files, String name, byte[] content, String reason) {
        files.add(Arguments.of(name, content, reason));
    }

    private static String many(int count) {
        StringBuilder json = new StringBuilder("{");
        for (int i = 0; i < count; i++) {
            String end = i == count - 1 ? "}" : ",";
            json.append("\"w%d\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}%s".formatted(i, end));
        }
        return json.toString();
    }

    private static byte[] tensor(String type, String shape, String offsets) {
        String description = "{\"w\":{\"dtype\":\"%s\",\"shape\":%s,\"data_offsets\":%s}}";
        return json(description.formatted(type, shape, offsets), 8);
    }

    private static byte[] two(String first, String second, int body) {
        String description = "{\"v\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":%s},"
                + "\"w\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":%s}}";
        return json(description.formatted(first, second), body);
    }

    private static byte[] json(String header, int body) {
        return json(header.getBytes(StandardCharsets.UTF_8), body);
    }

    private static byte[] json(byte[] header, int body) {
        ByteBuffer file = ByteBuffer.allocate(8 + header.length + body).order(ByteOrder.LITTLE_ENDIAN);
        return file.putLong(header.length).put(header).array();
    }

    private static byte[] raw(long length, String header, int body) {
        byte[] file = json(header, body);
        ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).putLong(0, length);
        return file;
    }
}
