package dev.fusedrnn.text;

import java.io.IOException;
import java.io.InputStream;

/**
 * Strict UTF-8 decoding, code point by code point. Overlong forms, surrogates, values above U+10FFFF and cut sequences
 * are refused with the name of the text and the position of the first byte of the bad sequence. A byte order mark at the
 * start is no part of the text.
 */
final class Utf8Reader implements CodePoints {
    private static final int BUFFER_BYTES = 1 << 16;
    static final int BYTE_ORDER_MARK = 0xFEFF;
    private static final int[] SMALLEST = {0, 0x80, 0x800, 0x10000};

    private final String name;
    private final InputStream stream;
    private final byte[] buffer = new byte[BUFFER_BYTES];
    private int at;
    private int limit;
    private long bufferStart;

    Utf8Reader(String name, InputStream stream) {
        this.name = name;
        this.stream = stream;
    }

    @Override
    public int next() throws IOException {
        int lead = nextByte();
        return lead < 0x80 ? lead : afterLead(lead);
    }

    @Override
    public void close() throws IOException {
        stream.close();
    }

    private int afterLead(int lead) throws IOException {
        long start = bufferStart + at - 1;
        int more = continuationBytes(lead);
        if (more == 0) {
            throw malformed(start, "byte 0x%02X cannot start a character".formatted(lead));
        }
        int codePoint = lead & 0x3F >> more;
        for (int i = 0; i < more; i++) {
            int next = nextByte();
            if (next == END) {
                throw malformed(start, "the text ends inside a character");
            }
            if ((next & 0xC0) != 0x80) {
                throw malformed(start, "byte 0x%02X cannot continue a character".formatted(next));
            }
            codePoint = codePoint << 6 | next & 0x3F;
        }
        if (codePoint < SMALLEST[more] || !isScalar(codePoint)) {
            throw malformed(start, "bytes encode no character");
        }
        return start == 0 && codePoint == BYTE_ORDER_MARK ? next() : codePoint;
    }

    private static int continuationBytes(int lead) {
        if (lead >= 0xC0 && lead < 0xE0) {
            return 1;
        }
        if (lead >= 0xE0 && lead < 0xF0) {
            return 2;
        }
        return lead >= 0xF0 && lead < 0xF8 ? 3 : 0;
    }

    private static boolean isScalar(int codePoint) {
        return codePoint <= Character.MAX_CODE_POINT
                && (codePoint < Character.MIN_SURROGATE || codePoint > Character.MAX_SURROGATE);
    }

    private int nextByte() throws IOException {
        if (at == limit && !fill()) {
            return END;
        }
        return buffer[at++] & 0xFF;
    }

    private boolean fill() throws IOException {
        int count = stream.read(buffer, 0, BUFFER_BYTES);
        if (count <= 0) {
            return false;
        }
        bufferStart += limit;
        at = 0;
        limit = count;
        return true;
    }

    private IllegalArgumentException malformed(long position, String why) {
        return new IllegalArgumentException(
                "%s: not UTF-8 at byte %d (the first byte is 0): %s".formatted(name, position, why));
    }
}
