package dev.fusedrnn.io;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Reads the JSON header of a safetensors file and holds every claim in it against the file's length. */
final class HeaderParser {
    private final Path path;
    private final byte[] header;
    private final ReadLimits limits;
    /** Where the tensors start, and how many bytes there are of them. */
    private final long bodyStart;

    private final long bodyBytes;
    private final List<TensorEntry> entries = new ArrayList<>();
    private final Map<String, String> metadata = new LinkedHashMap<>();
    private int checksumAt = -1;

    HeaderParser(Path path, byte[] header, long fileBytes, ReadLimits limits) {
        this.path = path;
        this.header = header;
        this.limits = limits;
        this.bodyStart = SafetensorsFormat.LENGTH_FIELD + (long) header.length;
        this.bodyBytes = fileBytes - bodyStart;
    }

    /** The tensors in the order of their bytes. */
    List<TensorEntry> entries() {
        return entries;
    }

    /** The metadata in the order of the header, checksums included. */
    Map<String, String> metadata() {
        return metadata;
    }

    /** Offset in the header of the digits of its own checksum, or -1 if it has none. */
    int checksumAt() {
        return checksumAt;
    }

    void parse() throws IOException {
        checkEncoding();
        try (JsonParser json = JsonText.strict(new Json.Limits(header.length, SafetensorsFormat.DEPTH))
                .createParser(header)) {
            json.nextToken();
            for (JsonToken token = json.nextToken(); token != JsonToken.END_OBJECT; token = json.nextToken()) {
                String name = json.currentName();
                long position = position(json);
                json.nextToken();
                if (name.equals(SafetensorsFormat.METADATA)) {
                    readMetadata(json);
                } else {
                    readTensor(json, name, position);
                }
            }
            if (json.nextToken() != null) {
                throw invalid("data after the header's JSON object", position(json));
            }
        } catch (JsonProcessingException e) {
            long offset = e.getLocation() == null ? -1 : e.getLocation().getByteOffset();
            throw new InvalidFileException(
                    path, "header is not JSON as allowed here: " + e.getOriginalMessage(), absolute(offset), e);
        }
        checkLayout();
    }

    /** The parser guesses UTF-16 and UTF-32 and skips byte order marks; the format allows none of them. */
    private void checkEncoding() throws InvalidFileException {
        if (header.length == 0 || header[0] != '{') {
            throw invalid("header does not start with '{'", SafetensorsFormat.LENGTH_FIELD);
        }
        CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder();
        ByteBuffer in = ByteBuffer.wrap(header);
        CharBuffer out = CharBuffer.allocate(8_192);
        CoderResult result;
        do {
            out.clear();
            result = decoder.decode(in, out, true);
        } while (result.isOverflow());
        if (result.isError()) {
            throw invalid("header is not UTF-8", absolute(in.position()));
        }
        for (int i = 0; i < header.length; i++) {
            if (header[i] == 0) {
                throw invalid("NUL in the header", absolute(i));
            }
        }
    }

    private void readMetadata(JsonParser json) throws IOException {
        expect(json, JsonToken.START_OBJECT, "an object of strings as " + SafetensorsFormat.METADATA);
        while (json.nextToken() != JsonToken.END_OBJECT) {
            String key = json.currentName();
            if (key.length() > limits.maxNameLength() + Checksums.TENSOR_PREFIX.length()) {
                throw invalid("metadata name of " + key.length() + " characters", position(json));
            }
            json.nextToken();
            expect(json, JsonToken.VALUE_STRING, "a string as metadata");
            if (key.equals(Checksums.HEADER_KEY)) {
                checksumAt = (int) json.currentTokenLocation().getByteOffset() + 1;
            }
            metadata.put(key, json.getText());
        }
    }

    private void readTensor(JsonParser json, String name, long position) throws IOException {
        if (entries.size() == limits.maxTensors()) {
            throw invalid("more than " + limits.maxTensors() + " tensors", position);
        }
        String fault = limits.faultOfName(name);
        if (fault != null) {
            throw invalid(fault, position);
        }
        expect(json, JsonToken.START_OBJECT, "an object for tensor " + name);
        StoredType type = null;
        List<Long> shape = null;
        List<Long> offsets = null;
        while (json.nextToken() != JsonToken.END_OBJECT) {
            String key = json.currentName();
            json.nextToken();
            switch (key) {
                case "dtype" -> type = readType(json, name);
                case "shape" -> shape = readIntegers(json, limits.maxRank(), "shape of " + name);
                case "data_offsets" -> offsets = readIntegers(json, 2, "data_offsets of " + name);
                default -> throw invalid("unknown key in tensor " + name, position(json));
            }
        }
        if (type == null || shape == null || offsets == null) {
            String missing = type == null ? "dtype" : shape == null ? "shape" : "data_offsets";
            throw invalid("tensor " + name + " has no " + missing, position);
        }
        entries.add(entry(name, type, shape, offsets, position));
    }

    private StoredType readType(JsonParser json, String name) throws IOException {
        expect(json, JsonToken.VALUE_STRING, "a string as dtype of " + name);
        String text = json.getText();
        for (StoredType type : StoredType.values()) {
            if (type.name().equals(text)) {
                return type;
            }
        }
        throw invalid(
                "tensor " + name + " has an unknown dtype, known are " + Arrays.toString(StoredType.values()),
                position(json));
    }

    private List<Long> readIntegers(JsonParser json, int most, String what) throws IOException {
        expect(json, JsonToken.START_ARRAY, "an array as " + what);
        List<Long> values = new ArrayList<>();
        while (json.nextToken() != JsonToken.END_ARRAY) {
            expect(json, JsonToken.VALUE_NUMBER_INT, "integers in " + what);
            if (values.size() == most) {
                throw invalid("more than " + most + " numbers in " + what, position(json));
            }
            if (json.getNumberType() == JsonParser.NumberType.BIG_INTEGER) {
                throw invalid("a number beyond 64 bits in " + what, position(json));
            }
            long value = json.getLongValue();
            if (value < 0) {
                throw invalid("negative number " + value + " in " + what, position(json));
            }
            values.add(value);
        }
        return values;
    }

    private TensorEntry entry(String name, StoredType type, List<Long> shape, List<Long> offsets, long position)
            throws InvalidFileException {
        if (offsets.size() != 2) {
            throw invalid("data_offsets of " + name + " has " + offsets.size() + " numbers, expected 2", position);
        }
        long begin = offsets.get(0);
        long end = offsets.get(1);
        if (begin > end) {
            throw invalid("data_offsets of " + name + " are reversed: " + offsets, position);
        }
        if (end > bodyBytes) {
            throw invalid(
                    "tensor " + name + " ends at offset " + end + ", the file has only " + bodyBytes
                            + " bytes of tensors",
                    position);
        }
        long bytes;
        try {
            bytes = TensorEntry.bytesOf(type, shape);
        } catch (ArithmeticException e) {
            throw new InvalidFileException(
                    path, "shape " + shape + " of tensor " + name + " is beyond 64 bits", position, e);
        }
        if (bytes != end - begin) {
            throw invalid(
                    "tensor " + name + " of type " + type + " and shape " + shape + " needs " + bytes
                            + " bytes, data_offsets give " + (end - begin),
                    position);
        }
        return new TensorEntry(name, type, shape, bodyStart + begin, bytes);
    }

    /** Every byte behind the header belongs to exactly one tensor. */
    private void checkLayout() throws InvalidFileException {
        entries.sort(Comparator.comparingLong(TensorEntry::position).thenComparingLong(TensorEntry::bytes));
        long next = bodyStart;
        for (TensorEntry entry : entries) {
            if (entry.position() != next) {
                String fault = entry.position() < next ? "overlaps the tensor before it" : "has a hole before it";
                throw invalid("tensor " + entry.name() + " " + fault, Math.min(entry.position(), next));
            }
            next += entry.bytes();
        }
        if (next != bodyStart + bodyBytes) {
            throw invalid((bodyStart + bodyBytes - next) + " bytes behind the last tensor", next);
        }
    }

    private void expect(JsonParser json, JsonToken token, String what) throws IOException {
        if (json.currentToken() != token) {
            throw invalid("expected " + what + ", found " + json.currentToken(), position(json));
        }
    }

    private long position(JsonParser json) {
        return absolute(json.currentTokenLocation().getByteOffset());
    }

    private static long absolute(long offsetInHeader) {
        return offsetInHeader < 0 ? InvalidFileException.NO_POSITION : SafetensorsFormat.LENGTH_FIELD + offsetInHeader;
    }

    private InvalidFileException invalid(String reason, long position) {
        return new InvalidFileException(path, reason, position);
    }
}
