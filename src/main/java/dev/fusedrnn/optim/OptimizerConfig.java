package dev.fusedrnn.optim;

import dev.fusedrnn.kernel.OptimizerUpdate;
import java.io.Serializable;
import java.util.List;

/** Which optimizer, with its constants. */
public sealed interface OptimizerConfig extends Serializable permits Sgd, NtAsgd, RmsProp, Adam, AdamW {
    /** Names that {@link #parse} takes. */
    List<String> IDS = List.of("sgd", "nt-asgd", "rmsprop", "adam", "adamw");

    /** Lower-case name, as on the command line. */
    String id();

    /** The formula. */
    OptimizerUpdate.Rule rule();

    /** Whether it keeps a velocity or first moment. */
    boolean usesMoment1();

    /** Whether it keeps a mean square. */
    boolean usesMoment2();

    /** The same with another weight decay, 0 or more. */
    OptimizerConfig withWeightDecay(double weightDecay);

    /**
     * An optimizer with its usual constants.
     *
     * @throws IllegalArgumentException naming the optimizers there are
     */
    static OptimizerConfig parse(String id) {
        return switch (id) {
            case "sgd" -> Sgd.plain();
            case "nt-asgd" -> NtAsgd.usual();
            case "rmsprop" -> RmsProp.usual();
            case "adam" -> Adam.usual();
            case "adamw" -> AdamW.usual();
            default -> throw new IllegalArgumentException("optimizer must be one of " + IDS + ", found " + id);
        };
    }
}
