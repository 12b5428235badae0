package dev.fusedrnn.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fusedrnn.internal.cuda.CudaContext;
import dev.fusedrnn.internal.cuda.Graph;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Tensor;
import dev.fusedrnn.testing.Gpu;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Elements, sums, rows, recorded sequences and refusals on the GPU: against the CPU's, or against double where that is itself rounded. */
@Tag("gpu")
class CudaKernelsTest extends CudaKernelSuite {
    @ParameterizedTest
    @ValueSource(ints = {1, 7, 4097, 1_000_003})
    void fillConvertAddAndScaleAsTheCpu(int count) {
        List<DataType> types = List.of(DataType.F32, DataType.BF16, DataType.F16);
        for (DataType type : types) {
            same("fill " + type, type, count, (kernels, tensor) -> kernels.fill(tensor, -2.75f));
            same("scale " + type, type, count, (kernels, tensor) -> {
                try (Tensor factor = kernels.device().of(DataType.F32, new float[] {-0.375f}, 1)) {
                    kernels.scale(tensor, factor);
                    kernels.device().synchronize();
                }
            });
            for (DataType other : types) {
                float[] values = floats(count);
                same("convert " + other + " to " + type, type, count, (kernels, tensor) -> {
                    try (Tensor from = kernels.device().of(other, values, count)) {
                        kernels.convert(from, tensor);
                    }
                });
                same("addScaled " + other + " to " + type, type, count, (kernels, tensor) -> {
                    try (Tensor x = kernels.device().of(other, values, count)) {
                        kernels.addScaled(tensor, 0.25f, x);
                    }
                });
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"1,1,0", "3,5,3", "700,13,0", "700,13,3", "2,5000,8", "41,1000,0", "2240,600,8"})
    void sumsColumnsAsTheCpu(int rows, int columns, int padding) {
        float[] matrix = floats(rows * (columns + padding));
        for (DataType type : List.of(DataType.F32, DataType.BF16, DataType.F16)) {
            for (boolean accumulate : new boolean[] {false, true}) {
                near(
                        "columnSum " + type + " accumulate " + accumulate,
                        DataType.F32,
                        columns,
                        3e-6 * rows,
                        (kernels, tensor) -> {
                            try (Tensor summed = kernels.device().of(type, matrix, rows, columns + padding)) {
                                kernels.columnSum(summed, tensor, accumulate);
                            }
                        });
            }
        }
    }

    @Test
    void rowsOfTheFastestPitchStartAtMultiplesOfSixteenBytes() {
        assertThat(onGpu.rowPitch(65, DataType.BF16)).isEqualTo(72);
        assertThat(onGpu.rowPitch(64, DataType.F16)).isEqualTo(64);
        assertThat(onGpu.rowPitch(65, DataType.F32)).isEqualTo(68);
        assertThat(onCpu.rowPitch(65, DataType.F32)).isEqualTo(65);
    }

    @ParameterizedTest
    @CsvSource({"1,1,1,8", "3,5,3,8", "3,8,4,8", "70,650,72,656", "501,1,504,8"})
    void rowsGetRoomAndLoseItAsOnTheCpu(int rows, int columns, int toRows, int pitch) {
        float[] values = floats(rows * columns);
        for (DataType type : List.of(DataType.F32, DataType.BF16, DataType.F16)) {
            same("padRows " + type, type, toRows * pitch, (kernels, tensor) -> {
                try (Tensor dense = kernels.device().of(type, values, rows, columns)) {
                    kernels.padRows(dense, tensor.view(0, toRows, pitch));
                }
            });
            same("trimRows " + type, type, rows * columns, (kernels, tensor) -> {
                try (Tensor dense = kernels.device().of(type, values, rows, columns);
                        Tensor padded = kernels.device().zeros(type, rows, pitch)) {
                    kernels.padRows(dense, padded);
                    kernels.trimRows(padded, tensor.view(0, rows, columns));
                }
            });
        }
        assertThatThrownBy(() -> onGpu.padRows(drawn(DataType.F32, 6), drawn(DataType.F32, 4)))
                .hasMessageContaining("room for all of");
    }

    @ParameterizedTest
    @CsvSource({"6,5,3", "500,40,33", "2240,10000,200", "3000,2,64", "1,1,1"})
    void gathersAndScattersAsTheCpu(int m, int v, int e) {
        int[] ids = random.ints(m, 0, v).toArray();
        float[] table = floats(v * e);
        float[] rows = floats(m * e);
        for (DataType type : List.of(DataType.F32, DataType.BF16)) {
            same("gather " + type, type, m * e, (kernels, tensor) -> {
                try (Tensor idTensor = ints(kernels, ids);
                        Tensor from = kernels.device().of(type, table, v, e)) {
                    kernels.gather(idTensor, from, tensor);
                }
            });
            for (boolean accumulate : new boolean[] {false, true}) {
                double tolerance = 1e-5 * (1 + (double) m / v);
                near(
                        "scatterAdd " + type + " accumulate " + accumulate,
                        DataType.F32,
                        v * e,
                        tolerance,
                        (kernels, tensor) -> {
                            try (Tensor idTensor = ints(kernels, ids);
                                    Tensor from = kernels.device().of(type, rows, m, e)) {
                                kernels.scatterAdd(idTensor, from, tensor.view(0, v, e), accumulate);
                            }
                        });
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 6, 4099, 3_000_001})
    void sumsAndNormsAsTheCpu(int count) {
        float[] values = floats(count);
        for (boolean accumulate : new boolean[] {false, true}) {
            near("sum accumulate " + accumulate, DataType.F32, 1, 1e-7 * count + 1e-5, (kernels, tensor) -> {
                try (Tensor from = kernels.device().of(DataType.F32, values, count)) {
                    kernels.sum(from, tensor, accumulate);
                }
            });
        }
        for (DataType type : List.of(DataType.F32, DataType.BF16, DataType.F16)) {
            near("squaredNorm " + type, DataType.F32, 1, 1e-6 * count, (kernels, tensor) -> {
                try (Tensor from = kernels.device().of(type, values, count)) {
                    kernels.squaredNorm(from, tensor);
                }
            });
        }
    }

    @Test
    void aRecordedSequenceReplaysWithTheValuesOfTheLaunch() {
        Tensor x = keep(gpu.allocate(DataType.F32, 64, 64));
        Tensor y = keep(gpu.allocate(DataType.F32, 64, 64));
        Tensor row = keep(gpu.allocate(DataType.F32, 64));
        Tensor sum = keep(gpu.allocate(DataType.F32, 1));
        Runnable sequence = () -> {
            onGpu.gemm(false, true, 64, 64, 64, 1, x, 64, x, 64, 0, y, 64, null);
            onGpu.columnSum(y, row, false);
            onGpu.sum(row, sum, false);
        };
        x.copyFrom(floats(64 * 64));
        sequence.run();
        try (Graph graph = Graph.capture(CudaContext.of(gpu), sequence)) {
            assertThat(graph.nodes()).isGreaterThanOrEqualTo(3);
            for (int i = 0; i < 5; i++) {
                x.copyFrom(floats(64 * 64));
                sequence.run();
                float expected = sum.toFloats()[0];
                sum.clear();
                graph.launch();
                assertThat(sum.toFloats()[0]).as("launch %d", i).isEqualTo(expected);
            }
            assertThat(graph.update(sequence)).isTrue();
            assertThat(graph.update(() -> onGpu.fill(sum, 1))).isFalse();
        }
    }

    @Test
    void tensorsBeyondTwoToTheThirtyOneElements() {
        Gpu.skipIfSimulated("4 GB, element by element, take minutes");
        long count = (1L << 31) + 17;
        Tensor large = keep(gpu.allocate(DataType.BF16, count));
        onGpu.fill(large, 1.5f);
        try (Tensor end = gpu.of(DataType.BF16, new float[] {2, 3}, 2)) {
            large.view(count - 2, 2).copyFrom(end);
        }
        Tensor sum = keep(gpu.zeros(DataType.F32, 1));
        onGpu.squaredNorm(large, sum);
        double expected = 2.25 * (count - 2) + 13;
        requireNear("squaredNorm", sum.toFloats()[0], expected, 1e-6 * expected);
        assertThat(large.view((1L << 31) - 1, 18).toFloats())
                .startsWith(1.5f, 1.5f)
                .endsWith(2, 3);
    }

    @ParameterizedTest
    @CsvSource({"F32, F32, 301", "F32, BF16, 3", "F16, F32, 17", "BF16, BF16, 1"})
    void copiesABlockOfColumnsAndNothingBeside(DataType fromType, DataType toType, int rows) {
        float[] source = floats(rows * 13);
        float[] before = floats(rows * 11);
        Tensor from = keep(gpu.of(fromType, source, rows, 13));
        Tensor to = keep(gpu.of(toType, before, rows, 11));
        onGpu.copyColumns(from, 4, to, 3, 7);
        try (Tensor cpuFrom = cpu.of(fromType, source, rows, 13);
                Tensor cpuTo = cpu.of(toType, before, rows, 11)) {
            onCpu.copyColumns(cpuFrom, 4, cpuTo, 3, 7);
            assertThat(to.toFloats()).containsExactly(cpuTo.toFloats());
        }
    }

    @Test
    void foreignAndIllShapedTensorsAreRefused() {
        Tensor here = keep(gpu.zeros(DataType.F32, 4));
        try (Tensor there = cpu.zeros(DataType.F32, 4)) {
            assertThatThrownBy(() -> onGpu.addScaled(here, 1, there))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("x must lie on cuda:0");
        }
        assertThatThrownBy(() -> onGpu.gemm(false, false, 2, 2, 3, 1, here, 3, here, 2, 0, here, 2, null))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("a [2, 3] with stride 3 needs 6 elements");
    }
}
