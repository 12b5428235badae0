package dev.fusedrnn.benchmarks;

import dev.fusedrnn.engine.BackwardCall;
import dev.fusedrnn.engine.ForwardCall;
import dev.fusedrnn.engine.ParameterLayout;
import dev.fusedrnn.engine.RecurrentEngine;
import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.engine.RnnExecution;
import dev.fusedrnn.engine.SequenceLengths;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.tensor.Owned;
import dev.fusedrnn.tensor.Tensor;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** An engine of this library on a layer's data. Inference and training are prepared when they are first asked for. */
public final class EngineRunner implements LayerRunner {
    private final LayerData data;
    private final RnnConfig config;
    private final Device device;
    private final RecurrentEngine engine;
    private final List<AutoCloseable> owned = new ArrayList<>();
    private final ForwardCall tensors;
    private RnnExecution inference;
    private RnnExecution training;
    private ForwardCall forwardCall;
    private BackwardCall backwardCall;

    /** Takes inputs and outputs on the device, which stays the caller's. */
    public EngineRunner(LayerData data, Device device, RecurrentEngine engine) {
        this.data = data;
        this.config = data.config();
        this.device = device;
        this.engine = engine;
        try {
            boolean cells = config.cell().hasCellState();
            tensors = new ForwardCall(
                    tensor(data.parameters(), data.parameters().length),
                    tensor(data.x(), data.inputShape()),
                    tensor(data.hx(), data.stateShape()),
                    cells ? tensor(data.cx(), data.stateShape()) : null,
                    data.lengths() == null ? null : SequenceLengths.of(data.steps(), data.lengths()),
                    null,
                    zeros(config.dataType(), data.outputShape()),
                    zeros(config.dataType(), data.stateShape()),
                    cells ? zeros(config.dataType(), data.stateShape()) : null,
                    null);
        } catch (RuntimeException | Error failed) {
            close();
            throw failed;
        }
    }

    private void prepareTraining() {
        training = own(engine.prepare(config, device, data.steps(), data.batch(), true));
        boolean cells = config.cell().hasCellState();
        boolean states = data.dhy() != null;
        DataType type = config.dataType();
        forwardCall = new ForwardCall(
                tensors.parameters(),
                tensors.x(),
                tensors.hx(),
                tensors.cx(),
                tensors.lengths(),
                null,
                tensors.y(),
                tensors.hy(),
                tensors.cy(),
                zeros(DataType.I32, training.reserveElements()));
        backwardCall = new BackwardCall(
                forwardCall,
                tensor(data.dy(), data.outputShape()),
                states ? tensor(data.dhy(), data.stateShape()) : null,
                states && cells ? tensor(data.dcy(), data.stateShape()) : null,
                zeros(type, data.inputShape()),
                states ? zeros(type, data.stateShape()) : null,
                states && cells ? zeros(type, data.stateShape()) : null,
                zeros(type, tensors.parameters().elements()),
                false);
    }

    private Tensor tensor(float[] values, long... extents) {
        return own(device.of(config.dataType(), values, extents));
    }

    private Tensor zeros(DataType type, long... extents) {
        return own(device.zeros(type, extents));
    }

    private <T extends AutoCloseable> T own(T resource) {
        owned.add(resource);
        return resource;
    }

    @Override
    public void infer() {
        if (inference == null) {
            inference = own(engine.prepare(config, device, data.steps(), data.batch(), false));
        }
        inference.forward(tensors);
    }

    @Override
    public void forward() {
        if (training == null) {
            prepareTraining();
        }
        training.forward(forwardCall);
    }

    @Override
    public void forwardBackward() {
        forward();
        training.backward(backwardCall);
    }

    @Override
    public void finish() {
        device.synchronize();
    }

    @Override
    public float[] y() {
        return tensors.y().toFloats();
    }

    @Override
    public float[] dx() {
        return backwardCall.dx().toFloats();
    }

    @Override
    public float[] dParameters() {
        return backwardCall.dParameters().toFloats();
    }

    /** All that the last passes wrote: y, hy, cy, after a backward pass also gradients, parameters by PyTorch's names. */
    public Map<String, Tensor> outputs() {
        Map<String, Tensor> outputs = new LinkedHashMap<>();
        outputs.put("y", tensors.y());
        outputs.put("hy", tensors.hy());
        outputs.put("cy", tensors.cy());
        if (backwardCall != null) {
            outputs.put("dx", backwardCall.dx());
            outputs.put("dhx", backwardCall.dhx());
            outputs.put("dcx", backwardCall.dcx());
            for (ParameterLayout.Entry entry : ParameterLayout.of(config).entries()) {
                outputs.put("d" + entry.name(), backwardCall.dParameters().view(entry.offset(), entry.elements()));
            }
        }
        outputs.values().removeIf(Objects::isNull);
        return outputs;
    }

    /** How the prepared passes are computed. */
    public String plan() {
        return training != null ? training.plan() : inference == null ? "" : inference.plan();
    }

    @Override
    public String describe() {
        return "fusedrnn " + engine.name() + " engine on " + device.description();
    }

    @Override
    public void close() {
        // Executions before the tensors they were prepared beside.
        Collections.reverse(owned);
        Owned.close(owned);
        owned.clear();
    }
}
