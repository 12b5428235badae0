package dev.fusedrnn.benchmarks.beside;

import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.tensor.DataType;
import java.util.Arrays;
import java.util.Locale;

/** What a case is stored and computed in, and how far its results may be from those in double precision. */
enum Precision {
    BF16(DataType.BF16, 3e-2, new OfModels(1e-2, 5e-2, 5e-2, 1e-2)),
    F16(DataType.F16, 5e-3, new OfModels(5e-3, 2e-2, 3e-2, 5e-3)),
    F32(DataType.F32, 5e-5, new OfModels(1e-4, 1e-2, 1e-3, 1e-3)),
    /** Stored in F32; products may round their operands to TF32. */
    TF32(DataType.F32, 5e-3, new OfModels(5e-3, 2e-2, 3e-2, 5e-3));

    /**
     * How far a model's first steps may be from those in F32.
     *
     * @param losses the largest relative distance of the losses, and of the first gradient's norm
     * @param progress of the losses' differences from the first one
     * @param gradients of any parameter's first gradient
     * @param changes of the size of any parameter's change
     */
    record OfModels(double losses, double progress, double gradients, double changes) {}

    private final DataType type;
    private final double tolerance;
    private final OfModels ofModels;

    Precision(DataType type, double tolerance, OfModels ofModels) {
        this.type = type;
        this.tolerance = tolerance;
        this.ofModels = ofModels;
    }

    /** What it is stored in. */
    DataType type() {
        return type;
    }

    /** The largest ‖found − exact‖ / ‖exact‖ of any tensor, gradients included. */
    double tolerance() {
        return tolerance;
    }

    /** The same of a model's first steps. */
    OfModels ofModels() {
        return ofModels;
    }

    /** Name as on the command line. */
    String id() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** A stack in this precision. */
    RnnConfig apply(RnnConfig config) {
        return config.withDataType(type).withTf32(this == TF32);
    }

    static Precision parse(String id) {
        return Arrays.stream(values())
                .filter(precision -> precision.id().equals(id))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("precision must be one of "
                        + Arrays.stream(values()).map(Precision::id).toList() + ", found " + id));
    }
}
