package dev.fusedrnn.text;

import java.io.IOException;
import java.nio.ByteOrder;
import java.nio.IntBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;

/** Token ids in a file that is mapped into memory, in segments of 1 GiB since one mapping cannot be longer than 2. */
final class MappedTokens implements TokenSequence {
    private static final int SEGMENT_BITS = 28;

    private final long size;
    private final int segmentBits;
    private volatile IntBuffer[] segments;

    /** Maps a channel that holds {@code size} ids of 4 bytes in native order. The channel may be closed afterwards. */
    MappedTokens(FileChannel channel, long size) throws IOException {
        this(channel, size, SEGMENT_BITS);
    }

    MappedTokens(FileChannel channel, long size, int segmentBits) throws IOException {
        this.size = size;
        this.segmentBits = segmentBits;
        long segment = 1L << segmentBits;
        IntBuffer[] mapped = new IntBuffer[Math.toIntExact((size + segment - 1) >>> segmentBits)];
        for (int i = 0; i < mapped.length; i++) {
            long first = i * segment;
            long bytes = Math.min(segment, size - first) * Integer.BYTES;
            mapped[i] = channel.map(MapMode.READ_ONLY, first * Integer.BYTES, bytes)
                    .order(ByteOrder.nativeOrder())
                    .asIntBuffer();
        }
        this.segments = mapped;
    }

    @Override
    public long size() {
        return size;
    }

    @Override
    public void copy(long from, int[] target, int offset, int count) {
        TokenRange.check(size, from, target, offset, count);
        IntBuffer[] open = segments;
        if (open == null) {
            throw new IllegalStateException("tokens: read after close");
        }
        long segment = 1L << segmentBits;
        int done = 0;
        while (done < count) {
            long at = from + done;
            int within = (int) (at & segment - 1);
            int part = (int) Math.min(count - done, segment - within);
            open[(int) (at >>> segmentBits)].get(within, target, offset + done, part);
            done += part;
        }
    }

    /** Lets go of the mappings; the system frees the nameless file behind them once they are collected. */
    @Override
    public void close() {
        segments = null;
    }
}
