package dev.fusedrnn.cli;

import dev.fusedrnn.engine.BackwardCall;
import dev.fusedrnn.engine.ForwardCall;
import dev.fusedrnn.engine.ParameterLayout;
import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.engine.RnnExecution;
import dev.fusedrnn.kernel.Kernels;
import dev.fusedrnn.kernel.Recording;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** All tensors of one shape on one device, and the passes over them that are timed. */
final class BenchCase implements AutoCloseable {
    private final List<AutoCloseable> owned = new ArrayList<>();
    private final Random random = new Random(1);
    private final Selection selection;
    private final RnnConfig config;
    private final RnnExecution execution;
    private final ForwardCall forward;
    private final BackwardCall backward;
    private final Recording pass;

    BenchCase(Selection selection, RnnConfig config, int steps, int batch, boolean training) {
        this.selection = selection;
        this.config = config;
        try {
            execution = selection.engine().prepare(config, selection.device(), steps, batch, training);
            owned.add(execution);
            long[] state = {(long) config.layers() * config.directions(), batch, config.outputSize()};
            boolean cells = config.cell().hasCellState();
            forward = new ForwardCall(
                    filled(
                            1 / Math.sqrt(config.hiddenSize()),
                            ParameterLayout.of(config).elements()),
                    filled(1, steps, batch, config.inputSize()),
                    filled(1, state),
                    cells ? filled(1, state) : null,
                    null,
                    null,
                    empty(config.dataType(), steps, batch, config.totalOutputSize()),
                    empty(config.dataType(), state),
                    cells ? empty(config.dataType(), state) : null,
                    training ? empty(DataType.I32, execution.reserveElements()) : null);
            backward = training ? backward(steps, batch, state, cells) : null;
            pass = training ? recording() : null;
        } catch (RuntimeException | Error failed) {
            close();
            throw failed;
        }
    }

    private BackwardCall backward(int steps, int batch, long[] state, boolean cells) {
        DataType type = config.dataType();
        return new BackwardCall(
                forward,
                filled(1, steps, batch, config.totalOutputSize()),
                null,
                null,
                empty(type, steps, batch, config.inputSize()),
                empty(type, state),
                cells ? empty(type, state) : null,
                empty(type, ParameterLayout.of(config).elements()),
                false);
    }

    /** Forward and backward as one recording, as in a training step. */
    private Recording recording() {
        Kernels kernels = Kernels.of(selection.device());
        owned.add(kernels);
        Recording both = kernels.recording(() -> {
            execution.forward(forward);
            execution.backward(backward);
        });
        owned.add(both);
        return both;
    }

    /** One pass: forward, and backward if there is one. */
    void run() {
        if (pass != null) {
            pass.run();
        } else {
            execution.forward(forward);
        }
    }

    String plan() {
        return execution.plan();
    }

    private Tensor filled(double limit, long... extents) {
        Tensor tensor = empty(config.dataType(), extents);
        float[] values = new float[Math.toIntExact(tensor.elements())];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (limit * (2 * random.nextFloat() - 1));
        }
        tensor.copyFrom(values);
        return tensor;
    }

    private Tensor empty(DataType type, long... extents) {
        Tensor tensor = selection.device().zeros(type, extents);
        owned.add(tensor);
        return tensor;
    }

    @Override
    public void close() {
        for (AutoCloseable one : owned) {
            try {
                one.close();
            } catch (Exception impossible) {
                throw new IllegalStateException("a tensor cannot fail to close", impossible);
            }
        }
        owned.clear();
    }
}
