package dev.fusedrnn.nn;

import dev.fusedrnn.tensor.Shape;
import java.util.Objects;

/**
 * A weight of another system: values with their extents, the last one running fastest. The array is not copied.
 *
 * @param shape extents as that system gives them
 * @param values as many as the shape has elements
 */
public record WeightArray(Shape shape, double[] values) {
    public WeightArray {
        Objects.requireNonNull(shape, "shape");
        Objects.requireNonNull(values, "values");
        if (values.length != shape.elements()) {
            throw new IllegalArgumentException(
                    "values of shape " + shape + " must be " + shape.elements() + " elements, found " + values.length);
        }
    }

    /** Values of the given extents. */
    public static WeightArray of(double[] values, long... extents) {
        return new WeightArray(Shape.of(extents), values);
    }

    /** Values of the given extents; each float is a double exactly. */
    public static WeightArray of(float[] values, long... extents) {
        double[] wide = new double[values.length];
        for (int i = 0; i < wide.length; i++) {
            wide[i] = values[i];
        }
        return of(wide, extents);
    }
}
