package dev.fusedrnn.benchmarks.beside;

import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.tensor.DataType;
import java.util.Arrays;
import java.util.Locale;

/** What a case is stored and computed in, and how far its results may be from those in double precision. */
enum Precision {
    BF16(DataType.BF16, 3e-2, 1e-2),
    F16(DataType.F16, 5e-3, 5e-3),
    F32(DataType.F32, 5e-5, 1e-4),
    /** Stored in F32; products may round their operands to TF32. */
    TF32(DataType.F32, 5e-3, 5e-3);

    private final DataType type;
    private final double tolerance;
    private final double lossTolerance;

    Precision(DataType type, double tolerance, double lossTolerance) {
        this.type = type;
        this.tolerance = tolerance;
        this.lossTolerance = lossTolerance;
    }

    /** What it is stored in. */
    DataType type() {
        return type;
    }

    /** The largest ‖found − exact‖ / ‖exact‖ of any tensor, gradients included. */
    double tolerance() {
        return tolerance;
    }

    /** The same of the losses and of the gradient norms of a model's first steps. */
    double lossTolerance() {
        return lossTolerance;
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
