package dev.fusedrnn.io;

import java.io.IOException;
import java.nio.ByteBuffer;

/** Takes the bytes of a tensor piece by piece, in order. */
@FunctionalInterface
public interface ByteSink {
    /**
     * Takes the next bytes, from position to limit.
     *
     * @param chunk little-endian, holding whole elements; used again for the next piece, so copy what has to stay
     */
    void accept(ByteBuffer chunk) throws IOException;
}
