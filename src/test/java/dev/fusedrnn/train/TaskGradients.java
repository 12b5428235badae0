package dev.fusedrnn.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.fusedrnn.nn.Parameters;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Tensor;
import java.util.Arrays;
import java.util.List;

/** Losses and gradients of tasks, for tests. */
final class TaskGradients {
    static final SupervisedTask.Draw DRAW = new SupervisedTask.Draw(99, 3);
    static final float STEP = 0x1p-7f;

    private TaskGradients() {}

    /** All examples in one minibatch. */
    static <E> ExampleBatch<E> together(SupervisedTask<E> task, List<E> examples) {
        return new Batching(examples.size(), 4, 0)
                .epoch(examples, task::length, 0)
                .get(0);
    }

    /** The sum of losses in inference. */
    static <E> double loss(SupervisedTask<E> task, ExampleBatch<E> batch) {
        try (Tensor sum = task.kernels().device().zeros(DataType.F32, 1)) {
            task.evaluate(batch, sum);
            return sum.toFloats()[0];
        }
    }

    /** The sum of losses in training; leaves the gradients of {@code scale} times it. */
    static <E> double differentiate(SupervisedTask<E> task, ExampleBatch<E> batch, float scale) {
        try (Tensor sum = task.kernels().device().zeros(DataType.F32, 1);
                Tensor factor = task.kernels().device().of(DataType.F32, new float[] {scale}, 1)) {
            task.differentiate(batch, factor, sum, DRAW);
            return sum.toFloats()[0];
        }
    }

    /** Every parameter's gradient against central differences of the training loss, dropout masks fixed. */
    static <E> void areDifferences(SupervisedTask<E> task, ExampleBatch<E> batch, float step, double tolerance) {
        Parameters parameters = task.parameters();
        float scale = 1f / task.targets(batch);
        parameters.gradients().fillBytes((byte) 0xFF);
        differentiate(task, batch, scale);
        float[] all = parameters.gradients().toFloats();
        int compared = 0;
        int zeros = 0;
        for (Parameters.Entry entry : parameters.entries()) {
            int from = Math.toIntExact(entry.offset());
            float[] found = Arrays.copyOfRange(all, from, from + Math.toIntExact(entry.elements()));
            float[] values = parameters.get(entry.name());
            for (int i = 0; i < values.length; i++) {
                double difference = difference(task, batch, entry.name(), values, i, step) * scale;
                assertThat((double) found[i]).as("%s[%d]", entry.name(), i).isCloseTo(difference, within(tolerance));
                zeros += found[i] == 0 ? 1 : 0;
                compared++;
            }
        }
        assertThat(compared).isEqualTo((int) parameters.count());
        assertThat(zeros).as("gradients that are zero").isLessThan(compared / 2);
    }

    private static <E> double difference(
            SupervisedTask<E> task, ExampleBatch<E> batch, String name, float[] values, int at, float step) {
        float[] moved = values.clone();
        moved[at] = values[at] + step;
        task.parameters().set(name, moved);
        double above = differentiate(task, batch, 1);
        moved[at] = values[at] - step;
        task.parameters().set(name, moved);
        double below = differentiate(task, batch, 1);
        task.parameters().set(name, values);
        return (above - below) / (2 * step);
    }
}
