package dev.fusedrnn.nn;

import dev.fusedrnn.engine.RnnExecution;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.tensor.Tensor;
import java.util.List;

/** Memory of passes. */
final class Reserves {
    private Reserves() {}

    /** What an execution keeps between forward and backward. */
    static Tensor take(Device device, RnnExecution execution) {
        return device.allocate(DataType.I32, (execution.reserveBytes() + Integer.BYTES - 1) / Integer.BYTES);
    }

    /** Frees resources whose close throws nothing checked. */
    static void close(List<? extends AutoCloseable> resources) {
        for (AutoCloseable resource : resources) {
            try {
                resource.close();
            } catch (RuntimeException unchecked) {
                throw unchecked;
            } catch (Exception checked) {
                throw new IllegalStateException(checked);
            }
        }
    }
}
