package dev.fusedrnn.internal.cuda;

import org.bytedeco.cuda.cudart.CUstream_st;
import org.bytedeco.javacpp.Pointer;

/** A stream handle by number, for calls of the presets. */
public final class StreamAt extends CUstream_st {
    /** The stream whose handle is {@code address}. */
    public StreamAt(long address) {
        super((Pointer) null);
        this.address = address;
    }
}
