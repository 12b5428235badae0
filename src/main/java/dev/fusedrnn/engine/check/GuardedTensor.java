package dev.fusedrnn.engine.check;

import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.tensor.Tensor;
import java.util.Optional;

/** A tensor between two guard bands that nobody may write to, with all bits set at the start: every float a NaN. */
final class GuardedTensor implements AutoCloseable {
    private static final int GUARD_BYTES = 256;
    /** A finite number in every type, so that reading it back compares all bits. */
    private static final byte PATTERN = 0x5A;

    private final String name;
    private final Tensor owner;
    private final Tensor inner;
    private final Tensor[] guards;

    GuardedTensor(String name, Device device, DataType type, long... extents) {
        this.name = name;
        long elements = 1;
        for (long extent : extents) {
            elements = Math.multiplyExact(elements, extent);
        }
        long guard = GUARD_BYTES / type.bytes();
        owner = device.allocate(type, Math.addExact(elements, 2 * guard));
        owner.fillBytes(PATTERN);
        inner = owner.view(guard, extents);
        poison();
        guards = new Tensor[] {owner.view(0, guard), owner.view(guard + elements, guard)};
    }

    /** Sets all bits of the tensor. */
    void poison() {
        inner.fillBytes((byte) 0xFF);
    }

    /** The tensor to write to. */
    Tensor tensor() {
        return inner;
    }

    /** One element at an index of the inner tensor that may lie outside it. */
    Tensor around(long index) {
        return owner.view(guards[0].elements() + index, 1);
    }

    /** What was written outside the tensor, if anything. */
    Optional<String> damage() {
        try (Tensor sample = Device.cpu().allocate(owner.dataType(), 1)) {
            sample.fillBytes(PATTERN);
            double untouched = sample.toDoubles()[0];
            for (int side = 0; side < 2; side++) {
                double[] found = guards[side].toDoubles();
                for (int i = 0; i < found.length; i++) {
                    if (found[i] != untouched) {
                        return Optional.of("element " + i + " of the guard " + (side == 0 ? "before " : "behind ")
                                + name + " was written");
                    }
                }
            }
        }
        return Optional.empty();
    }

    @Override
    public void close() {
        owner.close();
    }
}
