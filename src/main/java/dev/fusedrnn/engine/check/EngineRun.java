package dev.fusedrnn.engine.check;

import dev.fusedrnn.engine.BackwardCall;
import dev.fusedrnn.engine.ForwardCall;
import dev.fusedrnn.engine.ParameterLayout;
import dev.fusedrnn.engine.RecurrentEngine;
import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.engine.RnnExecution;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.tensor.Tensor;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * One engine run on one case's data: all tensors are made when it is opened, passed, read back and freed. Every output and the reserve are
 * filled with 0xFF before and lie between guard bands, so that what an engine does not write, or writes outside, shows.
 */
public final class EngineRun implements AutoCloseable {
    private final CaseData data;
    private final RnnConfig config;
    private final Device device;
    private final RnnExecution execution;
    private final boolean ownsExecution;
    private final boolean training;
    private final List<Tensor> inputs = new ArrayList<>();
    private final Map<String, GuardedTensor> outputs = new LinkedHashMap<>();
    private ForwardCall forward;
    private BackwardCall backward;
    private boolean hasGradients;

    private EngineRun(RnnExecution execution, boolean ownsExecution, Device device, CaseData data, boolean training) {
        this.data = data;
        this.config = data.config();
        this.device = device;
        this.training = training;
        this.execution = execution;
        this.ownsExecution = ownsExecution;
    }

    /** Makes the tensors; if there is no room for all of them, what was made is freed. */
    private EngineRun allocated() {
        try {
            forward = forwardCall();
            backward = training ? backwardCall() : null;
            return this;
        } catch (RuntimeException | Error failed) {
            close();
            throw failed;
        }
    }

    private static EngineRun open(RecurrentEngine engine, Device device, CaseData data, boolean training) {
        RnnExecution execution = engine.prepare(data.config(), device, data.steps(), data.batch(), training);
        return new EngineRun(execution, true, device, data, training).allocated();
    }

    /** A training forward pass and its backward pass. */
    public static PassResult train(RecurrentEngine engine, Device device, CaseData data) {
        try (EngineRun run = open(engine, device, data, true)) {
            run.forward();
            run.backward();
            return run.result();
        }
    }

    /** An inference forward pass: y, hy and cy. */
    public static PassResult infer(RecurrentEngine engine, Device device, CaseData data) {
        try (EngineRun run = open(engine, device, data, false)) {
            run.forward();
            return run.result();
        }
    }

    /** An inference forward pass that writes hy and cy to the memory of hx and cx, which the data must have. */
    public static PassResult inferInPlace(RecurrentEngine engine, Device device, CaseData data) {
        try (EngineRun run = open(engine, device, data, false)) {
            ForwardCall apart = run.forward;
            run.written("hy").copyFrom(apart.hx());
            if (apart.cx() != null) {
                run.written("cy").copyFrom(apart.cx());
            }
            run.execution.forward(new ForwardCall(
                    apart.parameters(),
                    apart.x(),
                    run.written("hy"),
                    run.written("cy"),
                    apart.lengths(),
                    apart.random(),
                    apart.y(),
                    run.written("hy"),
                    run.written("cy"),
                    null));
            return run.result();
        }
    }

    /** A training run to be driven pass by pass. */
    public static EngineRun open(RecurrentEngine engine, Device device, CaseData data) {
        return open(engine, device, data, true);
    }

    /** A training run with tensors of its own on an execution that others use too; closing it leaves the execution open. */
    public static EngineRun open(RnnExecution execution, Device device, CaseData data) {
        return new EngineRun(execution, false, device, data, true).allocated();
    }

    /** The forward pass. */
    public void forward() {
        execution.forward(forward);
    }

    /** The backward pass; overwrites the gradients of the parameters. */
    public void backward() {
        backward(false);
    }

    /** The backward pass, adding the gradients of the parameters to those an earlier one has left. */
    public void backwardAccumulating() {
        backward(true);
    }

    /** The backward pass, adding the gradients of the parameters to {@code start}, flat as the parameters. */
    public void backwardAccumulating(double[] start) {
        written("dParameters").copyFrom(start);
        backward(true);
    }

    private BackwardCall backwardCall() {
        DataType type = config.dataType();
        output("dx", type, data.steps(), data.batch(), config.inputSize());
        if (data.hx() != null) {
            output("dhx", type, stateExtents(config.outputSize()));
        }
        if (data.cx() != null) {
            output("dcx", type, stateExtents(config.hiddenSize()));
        }
        DataType gradientType = type.isHalf() ? DataType.F32 : type;
        output("dParameters", gradientType, ParameterLayout.of(config).elements());
        return new BackwardCall(
                forward,
                input(data.dy(), type, data.steps(), data.batch(), config.totalOutputSize()),
                input(data.dhy(), type, stateExtents(config.outputSize())),
                input(data.dcy(), type, stateExtents(config.hiddenSize())),
                written("dx"),
                written("dhx"),
                written("dcx"),
                written("dParameters"),
                false);
    }

    private void backward(boolean accumulate) {
        execution.backward(new BackwardCall(
                forward,
                backward.dy(),
                backward.dhy(),
                backward.dcy(),
                backward.dx(),
                backward.dhx(),
                backward.dcx(),
                backward.dParameters(),
                accumulate));
        hasGradients = true;
    }

    /** Fills every output, the reserve included, with 0xFF again, so that the next passes have to write all of it. */
    public void poison() {
        outputs.values().forEach(GuardedTensor::poison);
    }

    /** Everything computed so far; waits for the device. */
    public PassResult result() {
        device.synchronize();
        Map<String, double[]> tensors = new LinkedHashMap<>();
        List<String> damage = new ArrayList<>();
        outputs.forEach((name, guarded) -> {
            guarded.damage().ifPresent(damage::add);
            if (name.startsWith("d") && !hasGradients) {
                return;
            }
            if (name.equals("dParameters")) {
                PassResult.putParameters(config, guarded.tensor().toDoubles(), tensors);
            } else if (!name.equals("reserve")) {
                tensors.put(name, guarded.tensor().toDoubles());
            }
        });
        return new PassResult(tensors, damage, execution.plan());
    }

    private ForwardCall forwardCall() {
        DataType type = config.dataType();
        output("y", type, data.steps(), data.batch(), config.totalOutputSize());
        output("hy", type, stateExtents(config.outputSize()));
        if (config.cell().hasCellState()) {
            output("cy", type, stateExtents(config.hiddenSize()));
        }
        if (training) {
            output("reserve", DataType.I32, execution.reserveElements());
        }
        return new ForwardCall(
                input(data.parameters(), type, data.parameters().length),
                input(data.x(), type, data.steps(), data.batch(), config.inputSize()),
                input(data.hx(), type, stateExtents(config.outputSize())),
                input(data.cx(), type, stateExtents(config.hiddenSize())),
                data.lengths(),
                config.drawsMasks() ? randomTensor() : null,
                written("y"),
                written("hy"),
                written("cy"),
                written("reserve"));
    }

    private long[] stateExtents(int features) {
        return new long[] {(long) config.layers() * config.directions(), data.batch(), features};
    }

    private Tensor input(double[] values, DataType type, long... extents) {
        if (values == null) {
            return null;
        }
        Tensor tensor = device.allocate(type, extents);
        inputs.add(tensor);
        tensor.copyFrom(values);
        return tensor;
    }

    private Tensor randomTensor() {
        Tensor tensor = device.allocate(DataType.I32, data.random().length);
        inputs.add(tensor);
        tensor.copyFrom(data.random());
        return tensor;
    }

    private void output(String name, DataType type, long... extents) {
        outputs.computeIfAbsent(name, absent -> new GuardedTensor(name, device, type, extents));
    }

    private Tensor written(String name) {
        GuardedTensor guarded = outputs.get(name);
        return guarded == null ? null : guarded.tensor();
    }

    @Override
    public void close() {
        inputs.forEach(Tensor::close);
        outputs.values().forEach(GuardedTensor::close);
        if (ownsExecution) {
            execution.close();
        }
    }
}
