package dev.fusedrnn.text;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.IntBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;

/**
 * Gathers token ids of unknown number: first in memory, and from a sixteenth of the heap on in a temporary file, which
 * {@link #finish} maps. The file has no name left once it is mapped, so that nothing stays behind, whatever happens.
 */
public final class TokenWriter implements AutoCloseable {
    private static final int LEAST_IN_MEMORY = 1 << 16;
    private static final int MOST_IN_MEMORY = 1 << 24;
    private static final int START = 1 << 12;

    private final int inMemory;
    private int[] buffer = new int[START];
    private int filled;
    private long written;
    private Path file;
    private FileChannel channel;
    private boolean finished;

    /** A writer that keeps up to a sixteenth of the heap, and no more than 64 MiB, in memory. */
    public TokenWriter() {
        this((int) Math.max(
                LEAST_IN_MEMORY, Math.min(MOST_IN_MEMORY, Runtime.getRuntime().maxMemory() / 16 / Integer.BYTES)));
    }

    TokenWriter(int inMemory) {
        this.inMemory = inMemory;
    }

    /** Number of ids so far. */
    public long size() {
        return written + filled;
    }

    /** Adds one id. */
    public void add(int token) throws IOException {
        if (finished) {
            throw new IllegalStateException("tokens: written after finish or close");
        }
        if (filled == buffer.length) {
            makeRoom();
        }
        buffer[filled++] = token;
    }

    /** The ids so far. The writer is of no further use. */
    public TokenSequence finish() throws IOException {
        if (finished) {
            throw new IllegalStateException("tokens: finished twice, or after close");
        }
        finished = true;
        if (channel == null) {
            return new ArrayTokens(buffer, filled);
        }
        try {
            spill();
            return new MappedTokens(channel, written);
        } finally {
            discardFile();
        }
    }

    /** Frees the temporary file of a writer that was not finished; after {@link #finish} it does nothing. */
    @Override
    public void close() {
        finished = true;
        try {
            discardFile();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot remove " + file, e);
        }
    }

    private void makeRoom() throws IOException {
        if (buffer.length >= inMemory) {
            spill();
        } else {
            buffer = Arrays.copyOf(buffer, Math.min(inMemory, 2 * buffer.length));
        }
    }

    private void spill() throws IOException {
        if (channel == null) {
            file = Files.createTempFile("fusedrnn-tokens-", ".i32");
            channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE);
        }
        ByteBuffer bytes = ByteBuffer.allocate(START * Integer.BYTES).order(ByteOrder.nativeOrder());
        IntBuffer ints = bytes.asIntBuffer();
        for (int from = 0; from < filled; from += START) {
            int count = Math.min(START, filled - from);
            ints.clear().put(buffer, from, count);
            bytes.clear().limit(count * Integer.BYTES);
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
        }
        written += filled;
        filled = 0;
    }

    private void discardFile() throws IOException {
        if (channel != null) {
            FileChannel open = channel;
            channel = null;
            try (open) {
                Files.deleteIfExists(file);
            }
        }
    }
}
