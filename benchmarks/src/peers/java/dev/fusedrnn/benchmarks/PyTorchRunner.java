package dev.fusedrnn.benchmarks;

import dev.fusedrnn.engine.CellType;
import dev.fusedrnn.engine.ParameterLayout;
import dev.fusedrnn.engine.RnnConfig;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.BoolOptional;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.T_TensorTensorTensor_T;
import org.bytedeco.pytorch.T_TensorTensor_T;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/** PyTorch's {@code torch.lstm} and {@code torch.gru} on the CPU with autograd, through its JavaCPP preset. */
public final class PyTorchRunner implements LayerRunner {
    private final RnnConfig config;
    private final List<ParameterLayout.Entry> entries = new ArrayList<>();
    private final int parameterCount;
    private final Tensor x;
    private final Tensor hx;
    private final Tensor cx;
    private final Tensor dy;
    private final TensorVector state;
    private final TensorVector parameters = new TensorVector();
    private final TensorVector wanted = new TensorVector();
    private final TensorVector outputGradients = new TensorVector();
    private Tensor y;
    private TensorVector gradients;

    public PyTorchRunner(LayerData layer) {
        this.config = layer.config();
        long[] stateShape = {config.layers(), layer.batch(), config.hiddenSize()};
        this.x = tensor(layer.x(), layer.steps(), layer.batch(), config.inputSize());
        this.hx = tensor(layer.hx(), stateShape);
        this.cx = tensor(layer.cx(), stateShape);
        this.dy = tensor(layer.dy(), layer.steps(), layer.batch(), config.hiddenSize());
        this.state = new TensorVector(hx, cx);
        x.set_requires_grad(true);
        wanted.push_back(x);
        ParameterLayout layout = ParameterLayout.of(config);
        float[] flat = layer.parameters();
        this.parameterCount = flat.length;
        for (int l = 0; l < config.layers(); l++) {
            for (ParameterLayout.Role role : List.of(
                    ParameterLayout.Role.W_IH,
                    ParameterLayout.Role.W_HH,
                    ParameterLayout.Role.B_IH,
                    ParameterLayout.Role.B_HH)) {
                addParameter(layout.entry(role, l, 0), flat);
            }
        }
        outputGradients.push_back(dy);
    }

    private void addParameter(ParameterLayout.Entry entry, float[] flat) {
        float[] values = new float[(int) entry.elements()];
        System.arraycopy(flat, (int) entry.offset(), values, 0, values.length);
        Tensor tensor = entry.matrix() ? tensor(values, entry.rows(), entry.columns()) : tensor(values, entry.rows());
        tensor.set_requires_grad(true);
        entries.add(entry);
        parameters.push_back(tensor);
        wanted.push_back(tensor);
    }

    private static Tensor tensor(float[] values, long... shape) {
        return torch.from_blob(new FloatPointer(values), shape, new TensorOptions())
                .clone();
    }

    private Tensor run(boolean training) {
        if (config.cell() == CellType.LSTM) {
            T_TensorTensorTensor_T out =
                    torch.lstm(x, state, parameters, true, config.layers(), 0, training, false, false);
            return out.get0();
        }
        T_TensorTensor_T out = torch.gru(x, hx, parameters, true, config.layers(), 0, training, false, false);
        return out.get0();
    }

    @Override
    public void infer() {
        try (PointerScope scope = new PointerScope();
                NoGradGuard guard = new NoGradGuard()) {
            keepOutput(run(false));
        }
    }

    @Override
    public void forward() {
        try (PointerScope scope = new PointerScope()) {
            keepOutput(run(true));
        }
    }

    @Override
    public void forwardBackward() {
        try (PointerScope scope = new PointerScope()) {
            keepOutput(run(true));
            if (gradients != null) {
                gradients.close();
            }
            gradients = torch.grad(new TensorVector(y), wanted, outputGradients, new BoolOptional(false), false, false);
            gradients.retainReference();
        }
    }

    private void keepOutput(Tensor output) {
        if (y != null) {
            y.close();
        }
        // The tuple owns the tensor it hands out; a copy of the handle outlives it.
        y = new Tensor(output);
        y.retainReference();
    }

    @Override
    public float[] y() {
        return values(y);
    }

    @Override
    public float[] dx() {
        return values(gradients.get(0));
    }

    @Override
    public float[] dParameters() {
        float[] flat = new float[parameterCount];
        for (int i = 0; i < entries.size(); i++) {
            float[] part = values(gradients.get(i + 1));
            System.arraycopy(part, 0, flat, (int) entries.get(i).offset(), part.length);
        }
        return flat;
    }

    private static float[] values(Tensor tensor) {
        Tensor dense = tensor.detach().contiguous();
        float[] values = new float[(int) dense.numel()];
        dense.data_ptr_float().get(values);
        return values;
    }

    @Override
    public String describe() {
        return "PyTorch " + System.getProperty("fusedrnn.benchmarks.pytorch") + ": " + torch.get_num_threads()
                + " threads; " + torch.show_config().getString().replaceAll("\\s+", " ");
    }

    @Override
    public void close() {
        if (gradients != null) {
            gradients.close();
        }
        if (y != null) {
            y.close();
        }
    }
}
