package dev.fusedrnn.internal.cuda;

/** Makes the exceptions of the layer above, so that this package needs to know none of its types. */
public interface Failures {
    /** Too little memory: {@code wanted} bytes, or 0 if not known, {@code free} bytes left. */
    RuntimeException outOfMemory(String call, long wanted, long free);

    /** The context is broken for good; {@code first} is the exception that said so first, or null if this is it. */
    RuntimeException deviceLost(String call, String status, RuntimeException first);

    /** Not possible here. */
    RuntimeException unsupported(String reason);

    /** Anything else. */
    RuntimeException internal(String call, String status);
}
