package dev.fusedrnn.io;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Constants of the safetensors format: 8 bytes of header length, JSON header, tensors without gaps, all little-endian. */
final class SafetensorsFormat {
    static final String METADATA = "__metadata__";
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

    /** A parser of strict JSON, at most 4 levels deep, no key twice, nothing longer than the header itself. */
    static JsonFactory strictJson(int maxBytes) {
        StreamReadConstraints constraints = StreamReadConstraints.builder()
                .maxNestingDepth(4)
                .maxNumberLength(40)
                .maxNameLength(8_192)
                .maxStringLength(maxBytes)
                .maxDocumentLength(maxBytes)
                .build();
        return JsonFactory.builder()
                .streamReadConstraints(constraints)
                .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
                .build();
    }
}
