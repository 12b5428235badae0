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

    /** "PK", 3, 4. */
    private static final int ZIP = 0x0403_4B50;
    /** 0x89, "HDF", CR, LF, 0x1A, LF. */
    private static final long HDF5 = 0x0A1A_0A0D_4644_4889L;

    private SafetensorsFormat() {}

    /** Names what is often taken for safetensors, by its first eight bytes; empty for anything else. */
    static String otherFormat(long firstBytes) {
        if ((int) firstBytes == ZIP) {
            return "a zip archive such as torch.save writes; in Python, safetensors.torch.save_file writes safetensors";
        }
        return firstBytes == HDF5 ? "HDF5, such as Keras' save_weights writes" : "";
    }

    static ByteBuffer littleEndian(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }
}
