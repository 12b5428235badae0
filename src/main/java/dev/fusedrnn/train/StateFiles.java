package dev.fusedrnn.train;

import dev.fusedrnn.io.SafetensorsReader;
import dev.fusedrnn.tensor.Shape;
import java.io.IOException;

/** Reads tensors of a checkpoint with the checks that its configuration implies. */
final class StateFiles {
    private StateFiles() {}

    /** A tensor of an expected shape without infinities and NaNs. */
    static float[] finite(SafetensorsReader reader, String name, Shape shape) throws IOException {
        long[] extents = new long[shape.rank()];
        for (int axis = 0; axis < extents.length; axis++) {
            extents[axis] = shape.extent(axis);
        }
        reader.entry(name, extents);
        return finite(reader, name);
    }

    /** A tensor of any shape without infinities and NaNs. */
    static float[] finite(SafetensorsReader reader, String name) throws IOException {
        reader.requireFinite(name);
        return reader.floats(name);
    }
}
