package dev.fusedrnn.internal.cuda;

import dev.fusedrnn.internal.host.HostBlock;
import dev.fusedrnn.internal.host.HostMemory;
import dev.fusedrnn.internal.natives.FrnnPackParams;
import dev.fusedrnn.internal.natives.FrnnUnpackParams;
import dev.fusedrnn.internal.natives.FusedRnn;

/** Copies between dense rows and rows with room behind their own elements, by the kernels that pack weights. */
public final class NativeRows implements AutoCloseable {
    private final CudaContext context;
    private final HostBlock memory;
    private final NativeCall call;
    private final FrnnPackParams pad;
    private final FrnnUnpackParams trim;
    private boolean closed;

    /** Copies on a device. */
    public NativeRows(CudaContext context) {
        this.context = context;
        long padBytes = FusedRnn.frnn_struct_size("Pack");
        long trimBytes = FusedRnn.frnn_struct_size("Unpack");
        memory = new HostBlock(padBytes + trimBytes + HostMemory.ALIGNMENT);
        call = new NativeCall(context);
        pad = new FrnnPackParams(memory.take(padBytes));
        trim = new FrnnUnpackParams(memory.take(trimBytes));
        pad.structSize(pad.sizeof()).count(1);
        pad.jobs(0).rows(FusedRnn.FRNN_ROWS_INTERLEAVED).gates(1);
        trim.structSize(trim.sizeof()).count(1);
        trim.jobs(0).rows(FusedRnn.FRNN_ROWS_INTERLEAVED).gates(1);
    }

    /** Copies [rows, columns] to the start of [toRows, pitch], and zeros to the rest of it. */
    public void pad(int type, long rows, long columns, long toRows, long pitch, long from, long to, long stream) {
        enter();
        pad.flatType(type).packedType(type).stream(stream);
        pad.jobs(0)
                .hidden(rows)
                .columns(columns)
                .packedRows(toRows)
                .packedStride(pitch)
                .flat(from)
                .packed(to);
        call.check(FusedRnn.frnn_pack(pad, call.message()), "frnn_pack");
    }

    /** Copies the first columns of [rows, pitch] to [rows, columns]. */
    public void trim(int type, long rows, long columns, long pitch, long from, long to, long stream) {
        enter();
        trim.flatType(type).packedType(type).stream(stream);
        trim.jobs(0)
                .hidden(rows)
                .columns(columns)
                .packedStride(pitch)
                .packed(from)
                .flat(to);
        call.check(FusedRnn.frnn_unpack(trim, call.message()), "frnn_unpack");
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            call.close();
            memory.close();
        }
    }

    private void enter() {
        if (closed) {
            throw new IllegalStateException("the row copies of cuda:" + context.ordinal() + " are closed");
        }
        context.enter();
    }
}
