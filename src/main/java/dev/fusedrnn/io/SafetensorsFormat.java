package dev.fusedrnn.io;

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
}
