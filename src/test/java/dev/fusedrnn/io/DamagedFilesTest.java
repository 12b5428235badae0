package dev.fusedrnn.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.assertj.core.api.Assertions.fail;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Damages a sound file in every single place, and at random. */
class DamagedFilesTest {
    private static final int FUZZ_INPUTS = Integer.getInteger("fusedrnn.fuzzInputs", 10_000);
    private static final long FUZZ_SEED = Long.getLong("fusedrnn.fuzzSeed", 20_261_123L);

    @TempDir
    Path folder;

    private Path file;
    private byte[] sound;
    private int headerEnd;

    @BeforeEach
    void writeASoundFile() throws IOException {
        file = folder.resolve("small");
        new SafetensorsWriter()
                .metadata("cell", "lstm")
                .add("w", StoredType.F32, new long[] {2, 3}, new float[] {1, 2, 3, 4, 5, 6})
                .add("b", StoredType.BF16, new long[] {3}, new float[] {7, 8, 9})
                .write(file);
        sound = Files.readAllBytes(file);
        headerEnd =
                8 + (int) ByteBuffer.wrap(sound).order(ByteOrder.LITTLE_ENDIAN).getLong();
        assertThatCode(() -> load(sound, ReadLimits.CHECKPOINT)).doesNotThrowAnyException();
    }

    @Test
    void everyTruncationIsRefused() throws IOException {
        int refused = 0;
        for (int length = 0; length < sound.length; length++) {
            refused += refuses(Arrays.copyOf(sound, length), "cut to " + length);
        }
        assertThat(refused).isEqualTo(sound.length);
    }

    @Test
    void everyFlippedBitOfTheHeaderIsRefused() throws IOException {
        int refused = 0;
        for (int bit = 0; bit < headerEnd * 8; bit++) {
            refused += refuses(flipped(bit), "bit " + bit % 8 + " of byte " + bit / 8);
        }
        assertThat(refused).isEqualTo(headerEnd * 8);
    }

    @Test
    void everyFlippedBitOfTheTensorsIsRefused() throws IOException {
        int refused = 0;
        for (int bit = headerEnd * 8; bit < sound.length * 8; bit++) {
            refused += refuses(flipped(bit), "bit " + bit % 8 + " of byte " + bit / 8);
        }
        assertThat(refused).isEqualTo(30 * 8);
    }

    /** Without the requirement, a file whose checksums are there is still held to them. */
    @Test
    void checksumsAreVerifiedEvenWhereTheyAreNotRequired() throws IOException {
        byte[] damaged = flipped(sound.length * 8 - 1);
        Files.write(file, damaged);
        try (SafetensorsReader reader = SafetensorsReader.open(file, ReadLimits.FOREIGN)) {
            assertThat(reader.floats("w")).containsExactly(1, 2, 3, 4, 5, 6);
            assertThat(catchThrowable(reader::verify)).isInstanceOfSatisfying(InvalidFileException.class, e -> {
                assertThat(e.reason()).contains("checksum of tensor b does not fit");
                assertThat(e.position()).isEqualTo(sound.length - 6);
            });
        }
    }

    /** Random damage of several kinds; the header's checksum is not required, so that the parser sees all of it. */
    @Test
    void randomDamageGivesTheDocumentedExceptionOrASoundRead() throws IOException {
        ReadLimits parserOnly = new ReadLimits(1 << 20, 4_096, 256, 3, true, false, false);
        byte[] plain = withoutChecksums();
        Random random = new Random(FUZZ_SEED);
        int refused = 0;
        int read = 0;
        for (int i = 0; i < FUZZ_INPUTS; i++) {
            byte[] input = damage(plain, random);
            try {
                load(input, parserOnly);
                read++;
            } catch (InvalidFileException expected) {
                refused++;
            } catch (IOException | RuntimeException | Error e) {
                throw new AssertionError("seed " + FUZZ_SEED + ", input " + i, e);
            }
        }
        assertThat(refused + read).isEqualTo(FUZZ_INPUTS);
        assertThat(refused).isGreaterThan(FUZZ_INPUTS / 2);
        assertThat(read).isPositive();
    }

    private byte[] withoutChecksums() {
        String header = "{\"__metadata__\":{\"cell\":\"lstm\"},"
                + "\"w\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]},"
                + "\"b\":{\"dtype\":\"BF16\",\"shape\":[3],\"data_offsets\":[24,30]}}";
        return ByteBuffer.allocate(8 + header.length() + 30)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(header.length())
                .put(header.getBytes(StandardCharsets.US_ASCII))
                .array();
    }

    private static byte[] damage(byte[] plain, Random random) {
        byte[] input = plain.clone();
        int places = 1 + random.nextInt(4);
        for (int i = 0; i < places; i++) {
            int at = random.nextInt(input.length);
            switch (random.nextInt(6)) {
                case 0 -> input[at] ^= (byte) (1 << random.nextInt(8));
                case 1 -> input[at] = (byte) random.nextInt(256);
                case 2 -> input[at] = (byte) "{}[]\":,0123456789-eE.\\ ".charAt(random.nextInt(23));
                case 3 -> input = Arrays.copyOf(input, Math.max(1, at));
                case 4 -> System.arraycopy(plain, 0, input, at, Math.min(plain.length, input.length - at));
                default -> ByteBuffer.wrap(input).order(ByteOrder.LITTLE_ENDIAN).put(0, (byte) random.nextInt(256));
            }
        }
        return input;
    }

    private byte[] flipped(int bit) {
        byte[] damaged = sound.clone();
        damaged[bit / 8] ^= (byte) (1 << bit % 8);
        return damaged;
    }

    private int refuses(byte[] content, String what) throws IOException {
        try {
            load(content, ReadLimits.CHECKPOINT);
        } catch (InvalidFileException expected) {
            return 1;
        }
        return fail("accepted: " + what);
    }

    private void load(byte[] content, ReadLimits limits) throws IOException {
        // Overwritten rather than emptied and written: some file systems flush an emptied file when it is closed.
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.truncate(content.length).write(ByteBuffer.wrap(content), 0);
        }
        try (SafetensorsReader reader = SafetensorsReader.open(file, limits)) {
            reader.verify();
            for (TensorEntry entry : reader.entries()) {
                assertThat(reader.bytes(entry.name())).hasSize((int) entry.bytes());
            }
        }
    }
}
