package dev.fusedrnn.benchmarks;

import dev.fusedrnn.engine.BackwardCall;
import dev.fusedrnn.engine.CpuEngine;
import dev.fusedrnn.engine.ForwardCall;
import dev.fusedrnn.engine.RnnExecution;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/** This library's cpu engine. */
public final class EngineRunner implements LayerRunner {
    private final Device device = Device.cpu();
    private final List<Tensor> tensors = new ArrayList<>();
    private final RnnExecution training;
    private final RnnExecution inference;
    private final ForwardCall inferenceCall;
    private final ForwardCall forwardCall;
    private final BackwardCall backwardCall;

    public EngineRunner(LayerCase layer) {
        CpuEngine engine = new CpuEngine();
        training = engine.prepare(layer.config(), device, layer.steps(), layer.batch(), true);
        inference = engine.prepare(layer.config(), device, layer.steps(), layer.batch(), false);
        boolean cells = layer.config().cell().hasCellState();
        long[] state = {layer.config().layers(), layer.batch(), layer.config().hiddenSize()};
        Tensor parameters = tensor(layer.parameters(), layer.parameters().length);
        Tensor x = tensor(layer.x(), layer.steps(), layer.batch(), layer.config().inputSize());
        Tensor hx = tensor(layer.hx(), state);
        Tensor cx = cells ? tensor(layer.cx(), state) : null;
        Tensor dy = tensor(layer.dy(), layer.steps(), layer.batch(), layer.config().hiddenSize());
        Tensor y = keep(device.zeros(DataType.F32, dy.shape().extent(0), dy.shape().extent(1), dy.shape().extent(2)));
        Tensor hy = keep(device.zeros(DataType.F32, state));
        Tensor cy = cells ? keep(device.zeros(DataType.F32, state)) : null;
        Tensor reserve = keep(device.zeros(DataType.I32, training.reserveBytes() / Integer.BYTES));
        Tensor dx = keep(device.zeros(DataType.F32, layer.steps(), layer.batch(), layer.config().inputSize()));
        Tensor dParameters = keep(device.zeros(DataType.F32, parameters.elements()));
        inferenceCall = new ForwardCall(parameters, x, hx, cx, null, null, y, hy, cy, null);
        forwardCall = new ForwardCall(parameters, x, hx, cx, null, null, y, hy, cy, reserve);
        backwardCall = new BackwardCall(forwardCall, dy, null, null, dx, null, null, dParameters, false);
    }

    private Tensor tensor(float[] values, long... extents) {
        return keep(device.of(DataType.F32, values, extents));
    }

    private Tensor keep(Tensor tensor) {
        tensors.add(tensor);
        return tensor;
    }

    @Override
    public void infer() {
        inference.forward(inferenceCall);
    }

    @Override
    public void forward() {
        training.forward(forwardCall);
    }

    @Override
    public void forwardBackward() {
        training.forward(forwardCall);
        training.backward(backwardCall);
    }

    @Override
    public float[] y() {
        return forwardCall.y().toFloats();
    }

    @Override
    public float[] dx() {
        return backwardCall.dx().toFloats();
    }

    @Override
    public float[] dParameters() {
        return backwardCall.dParameters().toFloats();
    }

    @Override
    public String describe() {
        return "fusedrnn cpu engine: " + training.plan();
    }

    @Override
    public void close() {
        training.close();
        inference.close();
        tensors.forEach(Tensor::close);
        device.close();
    }
}
