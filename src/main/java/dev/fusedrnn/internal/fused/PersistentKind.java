package dev.fusedrnn.internal.fused;

import dev.fusedrnn.internal.natives.FusedRnn;
import java.util.Set;

/** Where a persistent kernel keeps the recurrent weights. */
public enum PersistentKind {
    /** In the blocks of one hardware cluster. */
    CLUSTER(FusedRnn.FRNN_PLAN_CLUSTER),
    /** In blocks all over the chip, for few samples. */
    CHIP(FusedRnn.FRNN_PLAN_CHIP),
    /** In blocks all over the chip, for many samples. */
    WIDE(FusedRnn.FRNN_PLAN_WIDE);

    private final int plan;

    PersistentKind(int plan) {
        this.plan = plan;
    }

    /** These kinds for {@code FrnnRecurrenceShape}; all together are 0: each where it is meant for. */
    static int bits(Set<PersistentKind> kinds) {
        return kinds.size() == values().length
                ? 0
                : kinds.stream().mapToInt(kind -> 1 << kind.plan).sum();
    }
}
