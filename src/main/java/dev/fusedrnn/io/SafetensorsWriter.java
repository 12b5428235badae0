package dev.fusedrnn.io;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32C;

/**
 * Gathers tensors and metadata and saves them as one safetensors file with checksums, atomically (see {@link AtomicFile}).
 * The same calls give the same bytes. Tensors stand in the file by falling element size, those of one size in the order
 * they were added, so that each is aligned to its elements.
 */
public final class SafetensorsWriter {
    private final Map<String, String> metadata = new LinkedHashMap<>();
    private final Map<String, Pending> tensors = new LinkedHashMap<>();

    /** A tensor's description and where its bytes will come from. */
    private record Pending(String name, StoredType type, List<Long> shape, long bytes, TensorSource source) {}

    /** Gives a tensor's bytes when the file is written. */
    @FunctionalInterface
    public interface TensorSource {
        /** Hands all bytes to {@code sink}, in as many pieces as convenient, little-endian. */
        void writeTo(ByteSink sink) throws IOException;
    }

    /**
     * Adds a metadata entry.
     *
     * @throws IllegalArgumentException if the key is taken, empty, longer than 256 characters, or one of the checksums
     */
    public SafetensorsWriter metadata(String key, String value) {
        if (key.isEmpty() || key.length() > ReadLimits.CHECKPOINT.maxNameLength() || Checksums.isKey(key)) {
            throw new IllegalArgumentException("metadata key '" + key
                    + "': expected 1 to 256 characters, and neither crc32c nor crc32c: before a name");
        }
        requireText(key);
        requireText(value);
        if (metadata.putIfAbsent(key, value) != null) {
            throw new IllegalArgumentException("metadata key '" + key + "' was already added");
        }
        return this;
    }

    /**
     * Adds a tensor whose bytes are asked for when the file is written.
     *
     * @param shape sizes, outermost first; at most three
     * @throws IllegalArgumentException if the name is taken or not allowed, or the shape is negative, too long or too large
     */
    public SafetensorsWriter add(String name, StoredType type, long[] shape, TensorSource source) {
        String fault = ReadLimits.CHECKPOINT.faultOfName(name);
        if (fault != null || name.equals(SafetensorsFormat.METADATA)) {
            throw new IllegalArgumentException("tensor '" + name + "': " + (fault == null ? "reserved name" : fault));
        }
        if (shape.length > ReadLimits.CHECKPOINT.maxRank() || tensors.size() == ReadLimits.CHECKPOINT.maxTensors()) {
            throw new IllegalArgumentException("tensor '" + name + "': rank " + shape.length + " in a file of "
                    + tensors.size() + " tensors, allowed are rank 3 and 4,096 tensors");
        }
        List<Long> sizes = Arrays.stream(shape).boxed().toList();
        long bytes = bytesOf(name, type, sizes);
        if (tensors.putIfAbsent(name, new Pending(name, type, sizes, bytes, source)) != null) {
            throw new IllegalArgumentException("tensor '" + name + "' was already added");
        }
        return this;
    }

    /** Adds a tensor of F32, BF16 or F16 (rounded to nearest) or F64 from floats; the array is kept until the file is written. */
    public SafetensorsWriter add(String name, StoredType type, long[] shape, float[] values) {
        requireType(name, type, type.isFloating());
        requireBytes(name, type, shape, (long) values.length * type.bytes());
        return add(name, type, shape, sink -> ArrayTensors.write(values, type, sink));
    }

    /** Adds a tensor of F64; the array is kept until the file is written. */
    public SafetensorsWriter add(String name, long[] shape, double[] values) {
        requireBytes(name, StoredType.F64, shape, (long) values.length * StoredType.F64.bytes());
        return add(name, StoredType.F64, shape, sink -> ArrayTensors.write(values, sink));
    }

    /** Adds a tensor of I32; the array is kept until the file is written. */
    public SafetensorsWriter add(String name, long[] shape, int[] values) {
        requireBytes(name, StoredType.I32, shape, (long) values.length * StoredType.I32.bytes());
        return add(name, StoredType.I32, shape, sink -> ArrayTensors.write(values, sink));
    }

    /** Adds a tensor of I64; the array is kept until the file is written. */
    public SafetensorsWriter add(String name, long[] shape, long[] values) {
        requireBytes(name, StoredType.I64, shape, (long) values.length * StoredType.I64.bytes());
        return add(name, StoredType.I64, shape, sink -> ArrayTensors.write(values, sink));
    }

    /** Adds a tensor of any type from its little-endian bytes; the array is kept until the file is written. */
    public SafetensorsWriter add(String name, StoredType type, long[] shape, byte[] values) {
        requireBytes(name, type, shape, values.length);
        return add(name, type, shape, sink -> sink.accept(ByteBuffer.wrap(values)));
    }

    /**
     * Saves the file, in the place of an older one if there is one.
     *
     * @throws IllegalArgumentException if the header would be longer than 1 MiB, or a source gives another number of bytes
     *     than its shape needs
     * @throws IOException as {@link AtomicFile#write(Path, AtomicFile.Content)}
     */
    public void write(Path target) throws IOException {
        AtomicFile.write(target, this::writeTo);
    }

    /** Writes the whole file to an empty channel: first with blank checksums, which are put in once they are known. */
    void writeTo(SeekableByteChannel channel) throws IOException {
        List<Pending> ordered = new ArrayList<>(tensors.values());
        ordered.sort(Comparator.comparingInt((Pending tensor) -> -tensor.type().bytes()));
        Map<String, Integer> digits = new HashMap<>();
        byte[] header = header(ordered, digits);
        writeHeader(channel, header);
        for (Pending tensor : ordered) {
            put(header, digits.get(Checksums.TENSOR_PREFIX + tensor.name()), writeBody(channel, tensor));
        }
        int own = digits.get(Checksums.HEADER_KEY);
        put(header, own, Checksums.ofHeader(header, own));
        channel.position(0);
        writeHeader(channel, header);
    }

    private static void writeHeader(SeekableByteChannel channel, byte[] header) throws IOException {
        AtomicFile.writeAll(
                channel,
                SafetensorsFormat.littleEndian(SafetensorsFormat.LENGTH_FIELD)
                        .putLong(header.length)
                        .flip());
        AtomicFile.writeAll(channel, ByteBuffer.wrap(header));
    }

    private static String writeBody(SeekableByteChannel channel, Pending tensor) throws IOException {
        CRC32C crc = new CRC32C();
        long[] written = {0};
        tensor.source().writeTo(chunk -> {
            written[0] += chunk.remaining();
            crc.update(chunk.duplicate());
            AtomicFile.writeAll(channel, chunk);
        });
        if (written[0] != tensor.bytes()) {
            throw new IllegalArgumentException("tensor '" + tensor.name() + "': shape " + tensor.shape() + " needs "
                    + tensor.bytes() + " bytes, its source gave " + written[0]);
        }
        return Checksums.text(crc);
    }

    private byte[] header(List<Pending> ordered, Map<String, Integer> digits) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (JsonGenerator json = JsonText.strict(
                        new Json.Limits(ReadLimits.CHECKPOINT.maxHeaderBytes(), SafetensorsFormat.DEPTH))
                .createGenerator(out)) {
            json.writeStartObject();
            json.writeObjectFieldStart(SafetensorsFormat.METADATA);
            blank(json, Checksums.HEADER_KEY, out, digits);
            for (Map.Entry<String, String> entry : metadata.entrySet()) {
                json.writeStringField(entry.getKey(), entry.getValue());
            }
            for (Pending tensor : ordered) {
                blank(json, Checksums.TENSOR_PREFIX + tensor.name(), out, digits);
            }
            json.writeEndObject();
            describe(json, ordered);
            json.writeEndObject();
        }
        while (out.size() % SafetensorsFormat.ALIGNMENT != 0) {
            out.write(' ');
        }
        if (out.size() > ReadLimits.CHECKPOINT.maxHeaderBytes()) {
            throw new IllegalArgumentException(
                    "header of " + out.size() + " bytes, allowed are " + ReadLimits.CHECKPOINT.maxHeaderBytes());
        }
        return out.toByteArray();
    }

    private static void describe(JsonGenerator json, List<Pending> ordered) throws IOException {
        long offset = 0;
        for (Pending tensor : ordered) {
            json.writeObjectFieldStart(tensor.name());
            json.writeStringField("dtype", tensor.type().name());
            json.writeArrayFieldStart("shape");
            for (long size : tensor.shape()) {
                json.writeNumber(size);
            }
            json.writeEndArray();
            json.writeArrayFieldStart("data_offsets");
            json.writeNumber(offset);
            offset = Math.addExact(offset, tensor.bytes());
            json.writeNumber(offset);
            json.writeEndArray();
            json.writeEndObject();
        }
    }

    private static void blank(JsonGenerator json, String key, ByteArrayOutputStream out, Map<String, Integer> digits)
            throws IOException {
        json.writeStringField(key, Checksums.UNKNOWN);
        json.flush();
        digits.put(key, out.size() - 1 - Checksums.DIGITS);
    }

    private static void put(byte[] header, int at, String digits) {
        byte[] ascii = digits.getBytes(StandardCharsets.US_ASCII);
        System.arraycopy(ascii, 0, header, at, ascii.length);
    }

    private static void requireText(String text) {
        if (!StandardCharsets.UTF_8.newEncoder().canEncode(text)) {
            throw new IllegalArgumentException("metadata holds half of a surrogate pair");
        }
    }

    private static void requireType(String name, StoredType type, boolean fits) {
        if (!fits) {
            throw new IllegalArgumentException("tensor '" + name + "': floats cannot be stored as " + type);
        }
    }

    private static long bytesOf(String name, StoredType type, List<Long> shape) {
        try {
            return TensorEntry.bytesOf(type, shape);
        } catch (ArithmeticException e) {
            throw new IllegalArgumentException("tensor '" + name + "': shape " + shape + ": " + e.getMessage(), e);
        }
    }

    private static void requireBytes(String name, StoredType type, long[] shape, long found) {
        long expected = bytesOf(name, type, Arrays.stream(shape).boxed().toList());
        if (expected != found) {
            throw new IllegalArgumentException("tensor '" + name + "': shape " + Arrays.toString(shape) + " of " + type
                    + " needs " + expected + " bytes, the array gives " + found);
        }
    }
}
