package dev.fusedrnn.io;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.zip.CRC32C;

/**
 * How checksums stand in the metadata of a file: {@code crc32c:NAME} holds the CRC32C of a tensor's bytes as eight lower-case
 * hexadecimal digits, and {@code crc32c} that of the length field and the header, taken with its own eight digits as zeros.
 */
final class Checksums {
    static final String HEADER_KEY = "crc32c";
    static final String TENSOR_PREFIX = HEADER_KEY + ":";
    static final String UNKNOWN = "00000000";
    static final int DIGITS = UNKNOWN.length();

    private Checksums() {}

    static boolean isKey(String key) {
        return key.equals(HEADER_KEY) || key.startsWith(TENSOR_PREFIX);
    }

    static String text(CRC32C crc) {
        return HexFormat.of().toHexDigits((int) crc.getValue());
    }

    /**
     * Checksum of the length field and the header.
     *
     * @param header the header's bytes
     * @param digitsAt where the eight digits of the header's own checksum start
     */
    static String ofHeader(byte[] header, int digitsAt) {
        CRC32C crc = new CRC32C();
        crc.update(SafetensorsFormat.littleEndian(Long.BYTES)
                .putLong(header.length)
                .flip());
        crc.update(header, 0, digitsAt);
        crc.update(ByteBuffer.wrap(UNKNOWN.getBytes(StandardCharsets.US_ASCII)));
        crc.update(header, digitsAt + DIGITS, header.length - digitsAt - DIGITS);
        return text(crc);
    }
}
