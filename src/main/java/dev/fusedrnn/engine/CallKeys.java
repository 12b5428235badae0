package dev.fusedrnn.engine;

import dev.fusedrnn.tensor.Tensor;
import java.util.Arrays;
import java.util.List;

/** All that the queued work of a pass depends on besides values in device memory: calls with equal keys queue the same. */
public final class CallKeys {
    private CallKeys() {}

    /** The key of a forward pass. */
    public static List<Long> of(ForwardCall call) {
        return of(call, true);
    }

    /**
     * The key of a forward pass.
     *
     * @param repack whether it packs the weights again
     */
    public static List<Long> of(ForwardCall call, boolean repack) {
        return key(
                (call.lengths() != null ? 1 : 0) + (repack ? 4 : 0),
                call.parameters(),
                call.x(),
                call.hx(),
                call.cx(),
                call.random(),
                call.y(),
                call.hy(),
                call.cy(),
                call.reserve(),
                ids(call),
                table(call));
    }

    /**
     * The key of a backward pass.
     *
     * @param repack whether it packs the weights again
     */
    public static List<Long> of(BackwardCall call, boolean repack) {
        ForwardCall forward = call.forward();
        Tensor gradient = call.dParameters();
        TableGradient dTable = call.dTable();
        long type = gradient == null ? 0 : gradient.dataType().ordinal();
        return key(
                (forward.lengths() != null ? 1 : 0)
                        + (call.accumulate() ? 2 : 0)
                        + (repack ? 4 : 0)
                        + (dTable != null && dTable.accumulate() ? 8 : 0)
                        + 16 * type,
                forward.parameters(),
                forward.x(),
                forward.hx(),
                forward.cx(),
                forward.random(),
                forward.y(),
                forward.reserve(),
                call.dy(),
                call.dhy(),
                call.dcy(),
                call.dx(),
                call.dhx(),
                call.dcx(),
                gradient,
                ids(forward),
                table(forward),
                dTable == null ? null : dTable.table());
    }

    private static Tensor ids(ForwardCall call) {
        return call.tokens() == null ? null : call.tokens().ids();
    }

    private static Tensor table(ForwardCall call) {
        return call.tokens() == null ? null : call.tokens().table();
    }

    private static List<Long> key(long flags, Tensor... tensors) {
        Long[] key = new Long[tensors.length + 1];
        key[0] = flags;
        for (int i = 0; i < tensors.length; i++) {
            key[i + 1] = tensors[i] == null ? 0L : tensors[i].address();
        }
        return Arrays.asList(key);
    }
}
