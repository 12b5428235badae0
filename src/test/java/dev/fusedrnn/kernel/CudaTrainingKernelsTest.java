package dev.fusedrnn.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Loss, dropout, clipping and updates on the GPU against the CPU's. */
@Tag("gpu")
class CudaTrainingKernelsTest extends CudaKernelSuite {
    @ParameterizedTest
    @CsvSource({"5,1,0", "7,13,3", "64,10000,0", "3,50257,7"})
    void softmaxCrossEntropyAsTheCpu(int rows, int classes, int padding) {
        int pitch = classes + padding;
        int[] targets = random.ints(rows, 0, classes).toArray();
        targets[rows / 2] = -1;
        for (DataType type : List.of(DataType.F32, DataType.BF16, DataType.F16)) {
            near("gradient " + type, type, rows * pitch, 1e-6, (kernels, tensor) -> {
                try (Tensor targetTensor = ints(kernels, targets);
                        Tensor losses = kernels.device().zeros(DataType.F32, rows);
                        Tensor scale = kernels.device().of(DataType.F32, new float[] {0.125f}, 1)) {
                    kernels.softmaxCrossEntropy(tensor.view(0, rows, pitch), classes, targetTensor, losses, scale);
                    kernels.device().synchronize();
                }
            });
            float[] logits = floats(rows * pitch);
            near("losses " + type, DataType.F32, rows, 2e-5, (kernels, tensor) -> {
                try (Tensor targetTensor = ints(kernels, targets);
                        Tensor logitTensor = kernels.device().of(type, logits, rows, pitch)) {
                    kernels.softmaxCrossEntropy(logitTensor, classes, targetTensor, tensor, null);
                    assertThat(logitTensor.toFloats())
                            .as("logits without a gradient scale")
                            .hasSize(rows * pitch);
                }
            });
        }
    }

    @ParameterizedTest
    @CsvSource({"0.3,0", "0,0", "1,0", "0.5,0", "0.3,1007", "1,1007", "0.5,1000003"})
    void dropsTheSameElementsAsTheCpu(float p, long period) {
        for (DataType type : List.of(DataType.F32, DataType.BF16, DataType.F16)) {
            same("dropout " + p + " " + period + " " + type, type, 100_003, (kernels, tensor) -> {
                try (Tensor key = ints(kernels, 7, -9, 3, 0)) {
                    kernels.dropout(tensor, tensor, p, key, 2, period);
                    kernels.device().synchronize();
                }
            });
        }
    }

    @ParameterizedTest
    @CsvSource({"3,2,1", "3,0,1", "3,1e6,1", "0,1,1", "3,2,0.5", "NaN,2,1", "Infinity,0,1"})
    void clipsAsTheCpu(float last, float maxNorm, float unscale) {
        float[] values = new float[20_011];
        for (int i = 0; i < values.length && last != 0; i++) {
            values[i] = (i % 17 - 8) / 8f;
        }
        values[values.length - 1] = last;
        for (DataType type : List.of(DataType.F32, DataType.BF16, DataType.F16)) {
            near("clipScale " + type, DataType.F32, 1, 2e-6, (kernels, tensor) -> {
                try (Tensor gradients = kernels.device().of(type, values, values.length);
                        Tensor squaredNorm = kernels.device().allocate(DataType.F32, 1)) {
                    kernels.clipScale(gradients, maxNorm, unscale, squaredNorm, tensor);
                    kernels.device().synchronize();
                }
            });
        }
    }

    @Test
    void updatesAsTheCpu() {
        List<OptimizerUpdate.Rule> rules = List.of(
                new OptimizerUpdate.Sgd(0, 0),
                new OptimizerUpdate.Sgd(0.9f, 0.01f),
                new OptimizerUpdate.RmsProp(0.9f, 1e-6f, 0.01f),
                new OptimizerUpdate.Adam(0.9f, 0.999f, 1e-8f, 0.01f, false),
                new OptimizerUpdate.Adam(0.9f, 0.999f, 1e-8f, 0.01f, true));
        for (OptimizerUpdate.Rule rule : rules) {
            for (DataType type : List.of(DataType.F32, DataType.BF16, DataType.F16)) {
                for (float factor : new float[] {0.5f, Float.NaN}) {
                    update(rule, type, factor);
                }
            }
        }
    }

    private void update(OptimizerUpdate.Rule rule, DataType type, float factor) {
        int count = 10_007;
        float[] start = floats(count);
        float[] gradient = floats(count);
        float[] moment = floats(count);
        List<float[]> results = new ArrayList<>();
        for (Kernels kernels : List.of(onCpu, onGpu)) {
            Device device = kernels.device();
            try (Tensor values = device.of(type, start, count);
                    Tensor masters = device.of(DataType.F32, start, count);
                    Tensor gradients = device.of(type, gradient, count);
                    Tensor moment1 = device.of(DataType.F32, moment, count);
                    Tensor moment2 = device.of(DataType.F32, squares(moment), count);
                    Tensor scale = device.of(DataType.F32, new float[] {factor}, 1);
                    Tensor hyper = device.of(DataType.F32, new float[] {0.01f, 3}, 2)) {
                boolean first = !(rule instanceof OptimizerUpdate.RmsProp)
                        && !(rule instanceof OptimizerUpdate.Sgd sgd && sgd.momentum() == 0);
                boolean second = !(rule instanceof OptimizerUpdate.Sgd);
                Tensor updated = type == DataType.F32 ? masters : values;
                kernels.update(new OptimizerUpdate(
                        rule,
                        updated,
                        masters,
                        gradients,
                        first ? moment1 : null,
                        second ? moment2 : null,
                        scale,
                        hyper));
                for (Tensor tensor : List.of(updated, masters, moment1, moment2)) {
                    results.add(tensor.toFloats());
                }
            }
        }
        String[] names = {"values", "masters", "moment1", "moment2"};
        for (int i = 0; i < 4; i++) {
            double tolerance = i == 0 && type.isHalf() ? 2 * type.epsilon() : 2e-6;
            compare(
                    names[i] + " of " + rule + " " + type + " scale " + factor,
                    results.get(4 + i),
                    results.get(i),
                    tolerance);
        }
    }

    private static float[] squares(float[] values) {
        float[] squared = new float[values.length];
        for (int i = 0; i < values.length; i++) {
            squared[i] = values[i] * values[i];
        }
        return squared;
    }
}
