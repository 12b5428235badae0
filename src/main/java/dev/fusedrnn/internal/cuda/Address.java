package dev.fusedrnn.internal.cuda;

import org.bytedeco.javacpp.Pointer;

/** An address that JavaCPP neither allocates nor frees. */
public final class Address extends Pointer {
    /** A pointer to {@code address}; null if that is 0. */
    public Address(long address) {
        this.address = address;
    }
}
