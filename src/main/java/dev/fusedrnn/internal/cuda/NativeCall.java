package dev.fusedrnn.internal.cuda;

import dev.fusedrnn.internal.host.HostBlock;
import dev.fusedrnn.internal.natives.FrnnMessage;
import dev.fusedrnn.internal.natives.FusedRnn;

/** Looks at the status of every call of our native library, and turns it into the exception that fits. */
public final class NativeCall implements AutoCloseable {
    private static final long MESSAGE_BYTES = 256;

    private final CudaContext context;
    private final HostBlock memory = new HostBlock(MESSAGE_BYTES);
    private final FrnnMessage message = new FrnnMessage(memory.take(MESSAGE_BYTES));

    /** Calls for one context. */
    public NativeCall(CudaContext context) {
        this.context = context;
    }

    /** Where the callee writes its explanation. */
    public FrnnMessage message() {
        return message;
    }

    /**
     * Throws unless {@code status} is {@code FRNN_OK}.
     *
     * @throws IllegalArgumentException if the library calls an argument wrong
     */
    public void check(int status, String call) {
        if (status == FusedRnn.FRNN_OK) {
            return;
        }
        if (status >= FusedRnn.FRNN_ERROR_CUDA) {
            context.check(status - FusedRnn.FRNN_ERROR_CUDA, call);
        }
        String text = call + ": " + message.text().getString();
        if (status == FusedRnn.FRNN_ERROR_UNSUPPORTED) {
            throw context.unsupported(text);
        }
        throw new IllegalArgumentException(text);
    }

    @Override
    public void close() {
        memory.close();
    }
}
