package dev.fusedrnn.nn;

import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.engine.SequenceLengths;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.tensor.Tensor;
import java.util.Objects;

/** An input that has been checked against a configuration, with the sizes read from it. */
record RnnCall(RnnConfig config, Device device, boolean batchFirst, RnnInput input, int steps, int batch) {

    static RnnCall of(RnnConfig config, Device device, boolean batchFirst, RnnInput input) {
        Tensor x = Objects.requireNonNull(input.x(), "x");
        Arguments.requireOpen("x", x);
        String letters = batchFirst ? "[N, T, C]" : "[T, N, C]";
        if (x.shape().rank() != 3) {
            throw new IllegalArgumentException("x must have shape " + letters + ", found " + x.shape());
        }
        int steps = size("time steps T", x, batchFirst ? 1 : 0);
        int batch = size("samples N", x, batchFirst ? 0 : 1);
        RnnCall call = new RnnCall(config, device, batchFirst, input, steps, batch);
        call.checkSequence("x", x, letters, config.inputSize());
        checkState(config, device, batch, input.hx(), input.cx());
        checkLengths(input.lengths(), steps, batch);
        return call;
    }

    static void checkState(RnnConfig config, Device device, int batch, Tensor h, Tensor c) {
        checkState(config, device, batch, "hx", h, "cx", c);
    }

    void checkFinalGradients(Tensor dhy, Tensor dcy) {
        checkState(config, device, batch, "dhy", dhy, "dcy", dcy);
    }

    void checkOutputGradient(Tensor dy) {
        if (dy != null) {
            Arguments.requireOpen("dy", dy);
            checkSequence("dy", dy, batchFirst ? "[N, T, D·H]" : "[T, N, D·H]", config.totalOutputSize());
        }
    }

    private static void checkState(
            RnnConfig config, Device device, int batch, String hName, Tensor h, String cName, Tensor c) {
        long rows = (long) config.layers() * config.directions();
        DataType type = config.dataType();
        Arguments.optionalTensor(hName, h, type, device, "[L·D, N, H]", rows, batch, config.outputSize());
        if (c != null && !config.cell().hasCellState()) {
            throw new IllegalArgumentException(cName + " is for LSTM alone, found a tensor for "
                    + config.cell().id());
        }
        Arguments.optionalTensor(cName, c, type, device, "[L·D, N, H]", rows, batch, config.hiddenSize());
    }

    private void checkSequence(String name, Tensor tensor, String letters, int features) {
        long first = batchFirst ? batch : steps;
        long second = batchFirst ? steps : batch;
        Arguments.tensor(name, tensor, config.dataType(), device, letters, first, second, features);
    }

    private static void checkLengths(SequenceLengths lengths, int steps, int batch) {
        if (lengths == null) {
            return;
        }
        if (lengths.batch() != batch) {
            throw new IllegalArgumentException(
                    "seqLengths must have N = " + batch + " entries, found " + lengths.batch());
        }
        for (int n = 0; n < batch; n++) {
            if (lengths.get(n) > steps) {
                throw new IllegalArgumentException(
                        "seqLengths[" + n + "] must be in [1, " + steps + "], found " + lengths.get(n));
            }
        }
    }

    private static int size(String what, Tensor x, int axis) {
        long extent = x.shape().extent(axis);
        if (extent < 1 || extent > RnnConfig.MAX_SIZE) {
            throw new IllegalArgumentException("x must have " + what + " in [1, " + RnnConfig.MAX_SIZE + "] as extent "
                    + axis + ", found " + x.shape());
        }
        return (int) extent;
    }
}
