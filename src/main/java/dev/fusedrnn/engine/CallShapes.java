package dev.fusedrnn.engine;

import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.tensor.Shape;
import dev.fusedrnn.tensor.Tensor;

/**
 * Checks the tensors of a call before anything native sees them. Every message names the argument, what was expected and
 * what was found.
 */
public final class CallShapes {
    private final RnnConfig config;
    private final Device device;
    private final long steps;
    private final long batch;
    private final long parameters;

    /**
     * Checks calls of an execution of T = {@code steps} and N = {@code batch} on {@code device}.
     *
     * @throws IllegalArgumentException if T or N is not in [1, {@link RnnConfig#MAX_SIZE}]
     */
    public CallShapes(RnnConfig config, Device device, int steps, int batch) {
        requireSize("steps", steps);
        requireSize("batch", batch);
        this.config = config;
        this.device = device;
        this.steps = steps;
        this.batch = batch;
        this.parameters = ParameterLayout.of(config).elements();
    }

    /**
     * Checks a forward call over features.
     *
     * @param reserveBytes what the execution asks for; 0 if it is for inference
     * @throws IllegalArgumentException if a tensor is missing, superfluous, or of another shape, type or device
     */
    public void check(ForwardCall call, long reserveBytes) {
        DataType type = config.dataType();
        if (call.tokens() != null) {
            throw new IllegalArgumentException("tokens are given, but this execution reads x");
        }
        required("parameters", call.parameters(), type, parameters);
        required("x", call.x(), type, steps, batch, config.inputSize());
        optional("hx", call.hx(), type, hidden());
        required("y", call.y(), type, steps, batch, config.totalOutputSize());
        optional("hy", call.hy(), type, hidden());
        cellState("cx", call.cx());
        cellState("cy", call.cy());
        checkLengths(call.lengths());
        if (call.reserve() != null) {
            checkReserve(call, reserveBytes);
        }
    }

    /**
     * Checks a backward call; its forward call has been checked.
     *
     * @throws IllegalArgumentException if a tensor is superfluous, or of another shape, type or device
     */
    public void check(BackwardCall call) {
        DataType type = config.dataType();
        optional("dy", call.dy(), type, steps, batch, config.totalOutputSize());
        optional("dhy", call.dhy(), type, hidden());
        cellState("dcy", call.dcy());
        optional("dx", call.dx(), type, steps, batch, config.inputSize());
        optional("dhx", call.dhx(), type, hidden());
        cellState("dcx", call.dcx());
        if (call.dParameters() != null) {
            boolean wide = type.isHalf() && call.dParameters().dataType() == DataType.F32;
            DataType gradientType = wide ? DataType.F32 : type;
            optional("dParameters", call.dParameters(), gradientType, parameters);
        }
    }

    private static void requireSize(String name, int size) {
        if (size < 1 || size > RnnConfig.MAX_SIZE) {
            throw new IllegalArgumentException(name + " must be in [1, " + RnnConfig.MAX_SIZE + "], found " + size);
        }
    }

    private void checkLengths(SequenceLengths lengths) {
        if (lengths == null) {
            return;
        }
        if (lengths.batch() != batch) {
            throw new IllegalArgumentException("seqLengths must have " + batch + " lengths, found " + lengths.batch());
        }
        for (int n = 0; n < lengths.batch(); n++) {
            if (lengths.get(n) > steps) {
                throw new IllegalArgumentException(
                        "seqLengths[" + n + "] must be in [1, " + steps + "], found " + lengths.get(n));
            }
        }
    }

    private void checkReserve(ForwardCall call, long reserveBytes) {
        if (reserveBytes == 0) {
            throw new IllegalArgumentException("reserve is given, but the execution was prepared for inference");
        }
        if (call.reserve().byteSize() < reserveBytes) {
            throw new IllegalArgumentException("reserve must have at least " + reserveBytes + " bytes, found "
                    + call.reserve().byteSize());
        }
        checkDevice("reserve", call.reserve());
        if (config.drawsMasks()) {
            required("random", call.random(), DataType.I32, 4);
        }
    }

    private long[] hidden() {
        return new long[] {(long) config.layers() * config.directions(), batch, config.outputSize()};
    }

    private void cellState(String name, Tensor tensor) {
        if (tensor != null && !config.cell().hasCellState()) {
            throw new IllegalArgumentException(
                    name + " is for LSTM alone, found for " + config.cell().id());
        }
        long stacks = (long) config.layers() * config.directions();
        optional(name, tensor, config.dataType(), stacks, batch, config.hiddenSize());
    }

    private void required(String name, Tensor tensor, DataType type, long... extents) {
        if (tensor == null) {
            throw new IllegalArgumentException(name + " is missing");
        }
        optional(name, tensor, type, extents);
    }

    private void optional(String name, Tensor tensor, DataType type, long... extents) {
        if (tensor == null) {
            return;
        }
        Shape expected = Shape.of(extents);
        if (!tensor.shape().equals(expected)) {
            throw new IllegalArgumentException(name + " must have shape " + expected + ", found " + tensor.shape());
        }
        if (tensor.dataType() != type) {
            throw new IllegalArgumentException(name + " must have type " + type + ", found " + tensor.dataType());
        }
        checkDevice(name, tensor);
    }

    private void checkDevice(String name, Tensor tensor) {
        if (tensor.device() != device && (device.isCuda() || tensor.device().isCuda())) {
            throw new IllegalArgumentException(name + " must lie on " + device.name() + ", found on "
                    + tensor.device().name());
        }
    }
}
