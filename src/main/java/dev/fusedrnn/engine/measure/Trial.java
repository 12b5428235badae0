package dev.fusedrnn.engine.measure;

import dev.fusedrnn.engine.BackwardCall;
import dev.fusedrnn.engine.ForwardCall;
import dev.fusedrnn.engine.ParameterLayout;
import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.engine.RnnExecution;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/** Tensors to try algorithms on: small random inputs, and the passes a user would make. */
public final class Trial implements AutoCloseable {
    private static final int SEED = 20_260_101;
    /** Inputs repeat after so many values; results are compared at most so far. */
    private static final int BLOCK = 1 << 16;

    private final Device device;
    private final RnnConfig config;
    private final boolean training;
    private final List<Tensor> tensors = new ArrayList<>();
    private final SplittableRandom random = new SplittableRandom(SEED);
    private final ForwardCall inputs;
    private final BackwardCall gradients;

    /**
     * Draws tensors for passes of this shape.
     *
     * @param training whether backward passes are tried too
     */
    public Trial(Device device, RnnConfig config, int steps, int batch, boolean training) {
        this.device = device;
        this.config = config;
        this.training = training;
        try {
            long states = (long) config.layers() * config.directions();
            boolean cell = config.cell().hasCellState();
            float range = (float) (1 / Math.sqrt(config.hiddenSize()));
            this.inputs = new ForwardCall(
                    drawn(range, ParameterLayout.of(config).elements()),
                    drawn(1, steps, batch, config.inputSize()),
                    drawn(0.5f, states, batch, config.outputSize()),
                    cell ? drawn(0.5f, states, batch, config.hiddenSize()) : null,
                    null,
                    config.drawsMasks() ? generator() : null,
                    output(steps, batch, config.totalOutputSize()),
                    output(states, batch, config.outputSize()),
                    cell ? output(states, batch, config.hiddenSize()) : null,
                    null);
            this.gradients = training ? gradients(steps, batch, states, cell) : null;
        } catch (RuntimeException | Error failed) {
            close();
            throw failed;
        }
    }

    /** The passes on an execution. */
    public Pass pass(RnnExecution execution) {
        return new Pass(execution);
    }

    @Override
    public void close() {
        tensors.forEach(Tensor::close);
        tensors.clear();
    }

    /** A forward pass, and in training a backward pass, on one execution. */
    public final class Pass implements AutoCloseable {
        private final RnnExecution execution;
        private final Tensor reserve;
        private final ForwardCall forward;
        private final BackwardCall backward;

        private Pass(RnnExecution execution) {
            this.execution = execution;
            this.reserve = training ? device.allocate(DataType.I32, execution.reserveElements()) : null;
            this.forward = new ForwardCall(
                    inputs.parameters(),
                    inputs.x(),
                    inputs.hx(),
                    inputs.cx(),
                    null,
                    inputs.random(),
                    inputs.y(),
                    inputs.hy(),
                    inputs.cy(),
                    reserve);
            this.backward = training
                    ? new BackwardCall(
                            forward,
                            gradients.dy(),
                            gradients.dhy(),
                            gradients.dcy(),
                            gradients.dx(),
                            gradients.dhx(),
                            gradients.dcx(),
                            gradients.dParameters(),
                            false)
                    : null;
        }

        /** Queues one pass. */
        public void run() {
            execution.forward(forward);
            if (backward != null) {
                execution.backward(backward);
            }
        }

        /** The ends of y and, in training, of the gradients; waits for the device. */
        public List<float[]> result() {
            return backward == null
                    ? List.of(end(forward.y()))
                    : List.of(end(forward.y()), end(backward.dx()), end(backward.dParameters()));
        }

        private float[] end(Tensor tensor) {
            long count = Math.min(BLOCK, tensor.elements());
            return tensor.view(tensor.elements() - count, count).toFloats();
        }

        @Override
        public void close() {
            if (reserve != null) {
                reserve.close();
            }
        }
    }

    private BackwardCall gradients(int steps, int batch, long states, boolean cell) {
        return new BackwardCall(
                null,
                drawn(0.5f, steps, batch, config.totalOutputSize()),
                drawn(0.5f, states, batch, config.outputSize()),
                cell ? drawn(0.5f, states, batch, config.hiddenSize()) : null,
                output(steps, batch, config.inputSize()),
                output(states, batch, config.outputSize()),
                cell ? output(states, batch, config.hiddenSize()) : null,
                output(ParameterLayout.of(config).elements()),
                false);
    }

    private Tensor generator() {
        Tensor tensor = device.allocate(DataType.I32, 4);
        tensors.add(tensor);
        tensor.copyFrom(new int[] {SEED, 1, 1, 0});
        return tensor;
    }

    private Tensor output(long... extents) {
        Tensor tensor = device.zeros(config.dataType(), extents);
        tensors.add(tensor);
        return tensor;
    }

    private Tensor drawn(float range, long... extents) {
        Tensor tensor = output(extents);
        int size = (int) Math.min(BLOCK, tensor.elements());
        float[] block = new float[size];
        for (int i = 0; i < size; i++) {
            block[i] = (float) (random.nextDouble() * 2 - 1) * range;
        }
        tensor.view(0, size).copyFrom(block);
        for (long at = size; at < tensor.elements(); at += size) {
            long count = Math.min(size, tensor.elements() - at);
            tensor.view(at, count).copyFrom(tensor.view(0, count));
        }
        return tensor;
    }
}
