package dev.fusedrnn.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fusedrnn.engine.check.CaseData;
import dev.fusedrnn.engine.check.EngineCase;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Passes of one execution with two sets of parameters: a backward pass that does not follow its forward pass directly must
 * still see the parameters of its own.
 */
final class InterleavedPasses {
    private InterleavedPasses() {}

    static void check(RecurrentEngine engine, Device device, String name) {
        EngineCase engineCase = EngineCase.parse(name);
        RnnConfig config = engineCase.config();
        CaseData data = CaseData.draw(engineCase);
        int steps = engineCase.steps();
        int batch = engineCase.batch();
        List<Tensor> tensors = new ArrayList<>();
        try (RnnExecution execution = engine.prepare(config, device, steps, batch, true)) {
            int count = data.parameters().length;
            Tensor x = take(tensors, device, config, data.x(), steps, batch, config.inputSize());
            Tensor dy = take(tensors, device, config, data.dy(), steps, batch, config.totalOutputSize());
            Tensor dx = take(tensors, device, config, data.x(), steps, batch, config.inputSize());
            Tensor gradient = device.zeros(DataType.F32, count);
            tensors.add(gradient);
            List<ForwardCall> calls = new ArrayList<>();
            for (double factor : new double[] {1, -0.5}) {
                double[] scaled = IntStream.range(0, count)
                        .mapToDouble(i -> factor * data.parameters()[i])
                        .toArray();
                // One element off, so that no engine can work on them where they lie.
                Tensor arena = device.zeros(config.dataType(), count + 1L);
                tensors.add(arena);
                arena.view(1, count).copyFrom(scaled);
                Tensor y = take(tensors, device, config, data.dy(), steps, batch, config.totalOutputSize());
                Tensor reserve = device.allocate(DataType.I32, execution.reserveElements());
                tensors.add(reserve);
                calls.add(new ForwardCall(arena.view(1, count), x, null, null, null, null, y, null, null, reserve));
            }
            List<float[]> inTurn = new ArrayList<>();
            for (ForwardCall call : calls) {
                execution.forward(call);
                inTurn.add(backward(execution, call, dy, dx, gradient));
            }
            assertThat(inTurn.get(0)).isNotEqualTo(inTurn.get(1));
            for (int repeat = 0; repeat < 3; repeat++) {
                calls.forEach(execution::forward);
                for (int i = 0; i < calls.size(); i++) {
                    assertThat(backward(execution, calls.get(i), dy, dx, gradient))
                            .isEqualTo(inTurn.get(i));
                }
            }
        } finally {
            tensors.forEach(Tensor::close);
        }
    }

    private static float[] backward(RnnExecution execution, ForwardCall call, Tensor dy, Tensor dx, Tensor gradient) {
        execution.backward(new BackwardCall(call, dy, null, null, dx, null, null, gradient, false));
        float[] parameters = gradient.toFloats();
        float[] input = dx.toFloats();
        float[] both = new float[parameters.length + input.length];
        System.arraycopy(parameters, 0, both, 0, parameters.length);
        System.arraycopy(input, 0, both, parameters.length, input.length);
        return both;
    }

    private static Tensor take(
            List<Tensor> tensors, Device device, RnnConfig config, double[] values, long... extents) {
        Tensor tensor = device.allocate(config.dataType(), extents);
        tensors.add(tensor);
        tensor.copyFrom(values);
        return tensor;
    }
}
