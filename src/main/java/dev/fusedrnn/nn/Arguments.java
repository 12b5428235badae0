package dev.fusedrnn.nn;

import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.tensor.Shape;
import dev.fusedrnn.tensor.Tensor;
import java.util.Objects;

/** Checks of tensors a caller hands in; messages say which one, what was expected and what was found. */
final class Arguments {
    private Arguments() {}

    /** Checks type, device and shape. {@code letters} is the expected shape in letters, such as {@code [T, N, C]}. */
    static void tensor(String name, Tensor tensor, DataType dataType, Device device, String letters, long... extents) {
        Objects.requireNonNull(tensor, name);
        requireOpen(name, tensor);
        Shape expected = Shape.of(extents);
        if (!tensor.shape().equals(expected)) {
            throw new IllegalArgumentException(
                    name + " must have shape " + letters + " = " + expected + ", found " + tensor.shape());
        }
        typeAndPlace(name, tensor, dataType, device);
    }

    /** The same, or null. */
    static void optionalTensor(
            String name, Tensor tensor, DataType dataType, Device device, String letters, long... extents) {
        if (tensor != null) {
            tensor(name, tensor, dataType, device, letters, extents);
        }
    }

    /** Checks type and device. */
    static void typeAndPlace(String name, Tensor tensor, DataType dataType, Device device) {
        if (tensor.dataType() != dataType) {
            throw new IllegalArgumentException(name + " must be " + dataType + ", found " + tensor.dataType());
        }
        if (tensor.device() != device && (tensor.device().isCuda() || device.isCuda())) {
            throw new IllegalArgumentException(name + " must be on " + device + ", found on " + tensor.device());
        }
    }

    static void requireOpen(String name, Tensor tensor) {
        if (tensor.isClosed()) {
            throw new IllegalStateException(name + " is closed: " + tensor);
        }
    }
}
