package dev.fusedrnn.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fusedrnn.testing.SharedData;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class SafetensorsRoundTripTest {
    @TempDir
    Path folder;

    /** 70,001 elements need several pieces of the copy buffer and do not end at the border of one. */
    @ParameterizedTest
    @EnumSource(StoredType.class)
    void everyTypeComesBackBitForBit(StoredType type) throws IOException {
        byte[] large = randomBytes(type, 70_001);
        byte[] small = randomBytes(type, 6);
        Path file = folder.resolve("types.safetensors");
        new SafetensorsWriter()
                .metadata("note", "größe \"1\" \n ✓")
                .metadata("unknown.to.readers", "")
                .add("large", type, new long[] {70_001}, large)
                .add("cube", type, new long[] {1, 2, 3}, small)
                .add("scalar", type, new long[0], randomBytes(type, 1))
                .add("empty", type, new long[] {3, 0}, new byte[0])
                .write(file);
        try (SafetensorsReader reader = SafetensorsReader.open(file)) {
            assertThat(reader.bytes("large")).isEqualTo(large);
            assertThat(reader.bytes("cube")).isEqualTo(small);
            assertThat(reader.bytes("empty")).isEmpty();
            assertThat(reader.entry("cube", 1, 2, 3).type()).isEqualTo(type);
            assertThat(reader.entry("scalar").shape()).isEmpty();
            assertThat(reader.entry("empty").shape()).containsExactly(3L, 0L);
            assertThat(reader.metadata())
                    .containsExactly(Map.entry("note", "größe \"1\" \n ✓"), Map.entry("unknown.to.readers", ""));
            assertThat(reader.hasChecksums()).isTrue();
            reader.verify();
        }
    }

    @Test
    void arraysAreConvertedAsTheirTypesSay() throws IOException {
        float[] floats = {0.1f, -1.5f, Float.NaN, Float.NEGATIVE_INFINITY, 65_504f, -0f};
        Path file = folder.resolve("arrays.safetensors");
        new SafetensorsWriter()
                .add("f16", StoredType.F16, new long[] {2, 3}, floats)
                .add("i64", new long[] {2}, new long[] {Long.MIN_VALUE, 7})
                .add("f32", StoredType.F32, new long[] {6}, floats)
                .add("bool", StoredType.BOOL, new long[] {2}, new byte[] {1, 0})
                .add("f64", new long[] {2}, new double[] {0.1, 1e300})
                .add("bf16", StoredType.BF16, new long[] {6}, floats)
                .add("wide", StoredType.F64, new long[] {6}, floats)
                .add("u8", StoredType.U8, new long[] {2}, new byte[] {(byte) 200, 3})
                .add("i32", new long[] {2}, new int[] {Integer.MIN_VALUE, 9})
                .write(file);
        try (SafetensorsReader reader = SafetensorsReader.open(file)) {
            assertThat(reader.entries().stream().map(TensorEntry::name))
                    .containsExactly("i64", "f64", "wide", "f32", "i32", "f16", "bf16", "bool", "u8");
            assertThat(reader.entries()).allMatch(e -> e.position() % e.type().bytes() == 0);
            assertThat(reader.floats("f32")).isEqualTo(floats);
            assertThat(reader.floats("wide")).isEqualTo(floats);
            assertThat(reader.floats("f16"))
                    .isEqualTo(new float[] {0.099975586f, -1.5f, Float.NaN, Float.NEGATIVE_INFINITY, 65_504f, -0f});
            assertThat(reader.doubles("bf16"))
                    .isEqualTo(new double[] {0.10009765625, -1.5, Double.NaN, Double.NEGATIVE_INFINITY, 65_536, -0.0});
            assertThat(reader.doubles("f64")).containsExactly(0.1, 1e300);
            assertThat(reader.floats("f64")).containsExactly(0.1f, Float.POSITIVE_INFINITY);
            assertThat(reader.ints("i32")).containsExactly(Integer.MIN_VALUE, 9);
            assertThat(reader.ints("u8")).containsExactly(200, 3);
            assertThat(reader.longs("bool")).containsExactly(1, 0);
            assertThat(reader.longs("i64")).containsExactly(Long.MIN_VALUE, 7);
        }
    }

    @Test
    void aTensorIsReadIntoItsPlaceInALargerArray() throws IOException {
        Path file = folder.resolve("arena");
        new SafetensorsWriter()
                .add("w", StoredType.BF16, new long[] {3}, new float[] {1, 2, 3})
                .write(file);
        try (SafetensorsReader reader = SafetensorsReader.open(file)) {
            float[] arena = {9, 9, 9, 9, 9};
            reader.floats("w", arena, 1);
            assertThat(arena).containsExactly(9, 1, 2, 3, 9);
            assertThatThrownBy(() -> reader.floats("w", arena, 3)).isInstanceOf(IndexOutOfBoundsException.class);
            assertThat(arena).containsExactly(9, 1, 2, 3, 9);
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = StoredType.class,
            names = {"F64", "F32", "BF16", "F16"})
    void valuesThatAreNotFiniteAreFoundWithTheirPlace(StoredType type) throws IOException {
        for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
            Path file = folder.resolve("finite");
            new SafetensorsWriter()
                    .add("good", type, new long[] {2}, new float[] {1, -65_504})
                    .add("bad", type, new long[] {3}, new float[] {1, 2, bad})
                    .write(file);
            try (SafetensorsReader reader = SafetensorsReader.open(file)) {
                reader.requireFinite("good");
                assertThatThrownBy(() -> reader.requireFinite("bad"))
                        .isInstanceOfSatisfying(InvalidFileException.class, e -> {
                            assertThat(e.reason()).contains("tensor bad holds " + bad + " at 2");
                            assertThat(e.position())
                                    .isEqualTo(reader.entries().get(1).position() + 2L * type.bytes());
                        });
            }
        }
    }

    @Test
    void theSameCallsGiveTheSameBytes() throws IOException {
        for (String name : List.of("a", "b")) {
            new SafetensorsWriter()
                    .metadata("x", "1")
                    .add("w", StoredType.F32, new long[] {3}, new float[] {1, 2, 3})
                    .write(folder.resolve(name));
        }
        assertThat(folder.resolve("a")).hasSameBinaryContentAs(folder.resolve("b"));
    }

    @Test
    void aSourceMayGiveItsBytesInAnyPieces() throws IOException {
        byte[] bytes = randomBytes(StoredType.F32, 100);
        Path file = folder.resolve("pieces");
        new SafetensorsWriter()
                .add("w", StoredType.F32, new long[] {100}, sink -> {
                    for (int from = 0; from < 400; from += 9) {
                        sink.accept(ByteBuffer.wrap(bytes, from, Math.min(9, 400 - from)));
                    }
                })
                .write(file);
        try (SafetensorsReader reader = SafetensorsReader.open(file)) {
            assertThat(reader.bytes("w")).isEqualTo(bytes);
        }
    }

    @Test
    void theWriterRefusesWhatTheReaderWould() {
        SafetensorsWriter writer = new SafetensorsWriter().metadata("k", "v").add("w", new long[] {1}, new int[1]);
        refuses(() -> writer.metadata("k", "again"), "'k'");
        refuses(() -> writer.metadata("crc32c", "1"), "crc32c");
        refuses(() -> writer.metadata("crc32c:w", "1"), "crc32c");
        refuses(() -> writer.metadata("half", "\ud800"), "surrogate");
        refuses(() -> writer.add("w", new long[] {1}, new int[1]), "already");
        refuses(() -> writer.add("a/b", new long[] {1}, new int[1]), "U+002F");
        refuses(() -> writer.add("a..b", new long[] {1}, new int[1]), "'..'");
        refuses(() -> writer.add("", new long[] {1}, new int[1]), "0 characters");
        refuses(() -> writer.add("__metadata__", new long[] {1}, new int[1]), "reserved");
        refuses(() -> writer.add("r", new long[] {1, 1, 1, 1}, new int[1]), "rank 4");
        refuses(() -> writer.add("n", new long[] {-1, -1}, new int[1]), "negative size -1");
        refuses(() -> writer.add("o", new long[] {1L << 62, 8}, new int[1]), "overflow");
        refuses(() -> writer.add("c", new long[] {2, 3}, new int[5]), "24 bytes");
        refuses(() -> writer.add("i", StoredType.I32, new long[] {1}, new float[1]), "I32");
        refuses(
                () -> new SafetensorsWriter()
                        .add("short", StoredType.U8, new long[] {4}, sink -> sink.accept(ByteBuffer.allocate(3)))
                        .write(folder.resolve("short")),
                "its source gave 3");
        refuses(
                () -> new SafetensorsWriter()
                        .metadata("big", "x".repeat(1 << 20))
                        .write(folder.resolve("big")),
                "allowed are 1048576");
        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void aReaderOfTheWrongTypeOrShapeGetsTheDocumentedException() throws IOException {
        Path file = folder.resolve("f");
        new SafetensorsWriter()
                .metadata("k", "v")
                .add("w", new long[] {2}, new int[] {1, 2})
                .write(file);
        try (SafetensorsReader reader = SafetensorsReader.open(file)) {
            invalid(() -> reader.floats("w"), "has type I32, expected a floating point type");
            invalid(() -> reader.entry("w", 1, 2), "has shape [2], expected [1, 2]");
            invalid(() -> reader.longs("v"), "no tensor v");
            invalid(() -> reader.metadata("version"), "no metadata version");
            assertThat(reader.metadata("k")).isEqualTo("v");
            assertThat(reader.entry("w", 2).elements()).isEqualTo(2);
        }
    }

    @Test
    void everyGoldenFileCanBeRead() throws IOException {
        int files = 0;
        for (Path path : SharedData.goldenCases()) {
            try (SafetensorsReader reader = SafetensorsReader.open(path, ReadLimits.FOREIGN)) {
                assertThat(reader.metadata("hiddenSize")).matches("\\d+");
                assertThat(reader.hasChecksums()).isFalse();
                for (TensorEntry entry : reader.entries()) {
                    double[] values = reader.doubles(entry.name());
                    assertThat(values).hasSize((int) entry.elements()).isNotEmpty();
                    assertThat(Arrays.stream(values)).allMatch(Double::isFinite);
                }
                long n = Long.parseLong(reader.metadata("batch"));
                long t = Long.parseLong(reader.metadata("seqLen"));
                reader.entry("x", t, n, Long.parseLong(reader.metadata("inputSize")));
            }
            files++;
        }
        assertThat(files).isEqualTo(22);
    }

    private static void refuses(ThrowingCallable call, String message) {
        assertThatThrownBy(call).isInstanceOf(IllegalArgumentException.class).hasMessageContaining(message);
    }

    private static void invalid(ThrowingCallable call, String message) {
        assertThatThrownBy(call).isInstanceOf(InvalidFileException.class).hasMessageContaining(message);
    }

    private static byte[] randomBytes(StoredType type, int elements) {
        byte[] bytes = new byte[elements * type.bytes()];
        new Random(17).nextBytes(bytes);
        return bytes;
    }
}
