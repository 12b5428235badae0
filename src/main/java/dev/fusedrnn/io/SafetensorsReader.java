package dev.fusedrnn.io;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.zip.CRC32C;

/**
 * An open safetensors file: its header, checked as a whole when it is opened, and its tensors, read one at a time into
 * memory of the caller's choice. A reader holds the header and one small buffer, never a tensor.
 *
 * <p>Everything the file can be guilty of is an {@link InvalidFileException}: a tensor that is missing or of another type
 * included. Where the file carries checksums, the header's is verified on opening and each tensor's while it is read; the
 * sink has seen the bytes by then, so whoever must not take anything from a damaged file calls {@link #verify()} first.
 *
 * <p>Directories, pipes and devices are refused without waiting for them. A path that ends in a symbolic link is refused
 * under {@link ReadLimits#CHECKPOINT} and followed under {@link ReadLimits#FOREIGN}, whose files often lie in linked caches.
 * One thread at a time.
 */
public final class SafetensorsReader implements Closeable {
    private final Path path;
    private final FileChannel channel;
    private final Map<String, TensorEntry> entries = new LinkedHashMap<>();
    private final Map<String, String> metadata = new LinkedHashMap<>();
    private final Map<String, String> checksums = new LinkedHashMap<>();
    private boolean hasChecksums;
    private ByteBuffer buffer;

    private SafetensorsReader(Path path, FileChannel channel) {
        this.path = path;
        this.channel = channel;
    }

    /** Opens a file under {@link ReadLimits#CHECKPOINT}. */
    public static SafetensorsReader open(Path path) throws IOException {
        return open(path, ReadLimits.CHECKPOINT);
    }

    /**
     * Opens a file and checks its header.
     *
     * @throws InvalidFileException if the file is not a sound safetensors file within the limits
     * @throws IOException if it is missing or cannot be read
     */
    public static SafetensorsReader open(Path path, ReadLimits limits) throws IOException {
        LinkOption[] links = limits.followLinks() ? new LinkOption[0] : new LinkOption[] {LinkOption.NOFOLLOW_LINKS};
        BasicFileAttributes kind = Files.readAttributes(path, BasicFileAttributes.class, links);
        if (!kind.isRegularFile()) {
            String found =
                    kind.isDirectory() ? "a directory" : kind.isSymbolicLink() ? "a symbolic link" : "a device or pipe";
            throw new InvalidFileException(path, "not a regular file but " + found, InvalidFileException.NO_POSITION);
        }
        Set<OpenOption> options = limits.followLinks()
                ? Set.of(StandardOpenOption.READ)
                : Set.of(StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS);
        FileChannel channel = FileChannel.open(path, options);
        SafetensorsReader reader = new SafetensorsReader(path, channel);
        try {
            reader.readHeader(limits);
            return reader;
        } catch (IOException | RuntimeException | Error e) {
            channel.close();
            throw e;
        }
    }

    private void readHeader(ReadLimits limits) throws IOException {
        long fileBytes = channel.size();
        if (fileBytes < SafetensorsFormat.LENGTH_FIELD) {
            throw invalid("file of " + fileBytes + " bytes has no room for the header's length", 0);
        }
        ByteBuffer lengthField = SafetensorsFormat.littleEndian(SafetensorsFormat.LENGTH_FIELD);
        fill(lengthField, 0);
        long length = lengthField.getLong(0);
        long room = fileBytes - SafetensorsFormat.LENGTH_FIELD;
        if (length < 2 || length > room) {
            throw invalid(
                    "header length " + Long.toUnsignedString(length) + ", expected 2 to " + room + " in a file of "
                            + fileBytes + " bytes",
                    0);
        }
        if (length > limits.maxHeaderBytes()) {
            throw invalid("header length " + length + ", allowed are " + limits.maxHeaderBytes(), 0);
        }
        byte[] header = new byte[(int) length];
        fill(ByteBuffer.wrap(header), SafetensorsFormat.LENGTH_FIELD);
        HeaderParser parser = new HeaderParser(path, header, fileBytes, limits);
        parser.parse();
        parser.entries().forEach(entry -> entries.put(entry.name(), entry));
        parser.metadata().forEach((key, value) -> (Checksums.isKey(key) ? checksums : metadata).put(key, value));
        hasChecksums = limits.checksums() || !checksums.isEmpty();
        if (hasChecksums) {
            checkChecksums(header, parser.checksumAt());
        }
    }

    private void checkChecksums(byte[] header, int digitsAt) throws InvalidFileException {
        String stored = checksums.remove(Checksums.HEADER_KEY);
        if (stored == null) {
            throw invalid("no checksum of the header", SafetensorsFormat.LENGTH_FIELD);
        }
        // Shorter or escaped text would put the eight digits elsewhere than where they are blanked out.
        boolean fits = stored.length() == Checksums.DIGITS
                && digitsAt + Checksums.DIGITS < header.length
                && header[digitsAt + Checksums.DIGITS] == '"';
        String computed = fits ? Checksums.ofHeader(header, digitsAt) : null;
        if (!stored.equals(computed)) {
            throw invalid(
                    "checksum of the header does not fit: computed " + computed,
                    SafetensorsFormat.LENGTH_FIELD + (long) digitsAt);
        }
        for (String name : entries.keySet()) {
            if (!checksums.containsKey(Checksums.TENSOR_PREFIX + name)) {
                throw invalid("no checksum of tensor " + name, SafetensorsFormat.LENGTH_FIELD);
            }
        }
        if (checksums.size() != entries.size()) {
            throw invalid("checksums of tensors that are not there", SafetensorsFormat.LENGTH_FIELD);
        }
    }

    /** The file. */
    public Path path() {
        return path;
    }

    /** All tensors, in the order of their bytes. */
    public List<TensorEntry> entries() {
        return new ArrayList<>(entries.values());
    }

    /** All metadata except checksums, in the order of the header. */
    public Map<String, String> metadata() {
        return Collections.unmodifiableMap(metadata);
    }

    /** Whether the file carries checksums. */
    public boolean hasChecksums() {
        return hasChecksums;
    }

    /** Whether there is a tensor of this name. */
    public boolean contains(String name) {
        return entries.containsKey(name);
    }

    /**
     * Returns a tensor's description.
     *
     * @throws InvalidFileException if the file has no tensor of this name
     */
    public TensorEntry entry(String name) throws InvalidFileException {
        TensorEntry entry = entries.get(name);
        if (entry == null) {
            throw invalid("no tensor " + name, InvalidFileException.NO_POSITION);
        }
        return entry;
    }

    /**
     * Returns a tensor's description if it has the expected shape.
     *
     * @throws InvalidFileException if it is missing or of another shape
     */
    public TensorEntry entry(String name, long... shape) throws InvalidFileException {
        TensorEntry entry = entry(name);
        List<Long> expected = Arrays.stream(shape).boxed().toList();
        if (!entry.shape().equals(expected)) {
            throw invalid(
                    "tensor " + name + " has shape " + entry.shape() + ", expected " + expected, entry.position());
        }
        return entry;
    }

    /**
     * Returns one value of the metadata.
     *
     * @throws InvalidFileException if it is missing
     */
    public String metadata(String key) throws InvalidFileException {
        String value = metadata.get(key);
        if (value == null) {
            throw invalid("no metadata " + key, SafetensorsFormat.LENGTH_FIELD);
        }
        return value;
    }

    /**
     * Makes the exception for a fault that only the caller can see: a version, a gate order, a value out of range.
     *
     * @param position offset in the file, such as {@link TensorEntry#position()}, or {@link InvalidFileException#NO_POSITION}
     */
    public InvalidFileException invalid(String reason, long position) {
        return new InvalidFileException(path, reason, position);
    }

    /**
     * Reads every tensor against its checksum; without checksums, that every byte can be read.
     *
     * @throws InvalidFileException if one does not fit
     */
    public void verify() throws IOException {
        for (TensorEntry entry : entries.values()) {
            read(entry.name(), chunk -> {});
        }
    }

    /**
     * Hands a tensor's bytes to {@code sink}, a piece at a time.
     *
     * @throws InvalidFileException if the tensor is missing, the file ended early, or the checksum does not fit
     */
    public void read(String name, ByteSink sink) throws IOException {
        TensorEntry entry = entry(name);
        if (buffer == null) {
            buffer = SafetensorsFormat.littleEndian(SafetensorsFormat.CHUNK);
        }
        CRC32C crc = new CRC32C();
        long end = entry.position() + entry.bytes();
        for (long at = entry.position(); at < end; at += SafetensorsFormat.CHUNK) {
            buffer.clear().limit((int) Math.min(SafetensorsFormat.CHUNK, end - at));
            fill(buffer, at);
            crc.update(buffer.flip());
            sink.accept(buffer.rewind().asReadOnlyBuffer().order(ByteOrder.LITTLE_ENDIAN));
        }
        String stored = checksums.get(Checksums.TENSOR_PREFIX + name);
        String computed = Checksums.text(crc);
        if (stored != null && !stored.equals(computed)) {
            throw invalid("checksum of tensor " + name + " does not fit: computed " + computed, entry.position());
        }
    }

    /** Reads a floating point tensor; F64 is rounded to nearest, the other types are exact. */
    public float[] floats(String name) throws IOException {
        return TensorArrays.floats(this, entry(name));
    }

    /**
     * Reads a floating point tensor into a part of a larger array, such as the arena of all parameters; conversion as in
     * {@link #floats(String)}.
     *
     * @param at where the first element goes
     * @throws IndexOutOfBoundsException if the tensor does not fit behind {@code at}; the array is as before
     */
    public void floats(String name, float[] target, int at) throws IOException {
        TensorArrays.floats(this, entry(name), target, at);
    }

    /**
     * Reads a floating point tensor for its values only and refuses one that holds NaN or infinity.
     *
     * @throws InvalidFileException at the place of the first such element
     */
    public void requireFinite(String name) throws IOException {
        TensorArrays.requireFinite(this, entry(name));
    }

    /** Reads a floating point tensor, exactly. */
    public double[] doubles(String name) throws IOException {
        return TensorArrays.doubles(this, entry(name));
    }

    /** Reads a tensor of I32, U8 (0 to 255) or BOOL (0 or 1). */
    public int[] ints(String name) throws IOException {
        return TensorArrays.ints(this, entry(name));
    }

    /** Reads a tensor of I64, I32, U8 (0 to 255) or BOOL (0 or 1). */
    public long[] longs(String name) throws IOException {
        return TensorArrays.longs(this, entry(name));
    }

    /** Reads the bytes of a tensor of any type, little-endian. */
    public byte[] bytes(String name) throws IOException {
        TensorEntry entry = entry(name);
        byte[] bytes = new byte[TensorArrays.length(this, entry, entry.bytes())];
        ByteBuffer target = ByteBuffer.wrap(bytes);
        read(name, target::put);
        return bytes;
    }

    /** Fills {@code target} from the file; a file can become shorter after its length was taken. */
    private void fill(ByteBuffer target, long position) throws IOException {
        long at = position;
        while (target.hasRemaining()) {
            int count = channel.read(target, at);
            if (count < 0) {
                throw invalid("file became shorter while it was read", at);
            }
            at += count;
        }
    }

    /** Closes the file; closing twice is harmless. */
    @Override
    public void close() throws IOException {
        channel.close();
    }
}
