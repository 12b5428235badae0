package dev.fusedrnn.io;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.StreamWriteFeature;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Constants of the safetensors format: 8 bytes of header length, JSON header, tensors without gaps, all little-endian. */
final class SafetensorsFormat {
    static final String METADATA = "__metadata__";
    /** Most levels of the header; a sound one has three. */
    static final int DEPTH = 4;
    /** Bytes of the length field. */
    static final int LENGTH_FIELD = Long.BYTES;
    /** Tensors start at a multiple of this: the header is filled up with spaces. */
    static final int ALIGNMENT = 8;
    /** Bytes copied at a time: enough to hide the cost of a call, small beside any heap. */
    static final int CHUNK = 128 * 1024;

    private SafetensorsFormat() {}

    static ByteBuffer littleEndian(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    /** Strict JSON: no key twice, at most {@code depth} levels, nothing longer than {@code maxBytes}. */
    static JsonFactory strictJson(int maxBytes, int depth) {
        StreamReadConstraints constraints = StreamReadConstraints.builder()
                .maxNestingDepth(depth)
                .maxNumberLength(40)
                .maxNameLength(8_192)
                .maxStringLength(maxBytes)
                .maxDocumentLength(maxBytes)
                .build();
        return JsonFactory.builder()
                .streamReadConstraints(constraints)
                .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                // The same digits on every Java version.
                .enable(StreamWriteFeature.USE_FAST_DOUBLE_WRITER)
                .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
                .build();
    }
}
