package dev.fusedrnn.internal.blas;

import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Pointer;

/** A pointer that is moved from call to call, so that none is made. */
final class FloatAt extends FloatPointer {
    FloatAt() {
        super((Pointer) null);
    }

    FloatAt at(long address) {
        this.address = address;
        return this;
    }
}
