package dev.fusedrnn.engine.check;

import dev.fusedrnn.engine.CellType;
import dev.fusedrnn.engine.GruVariant;
import dev.fusedrnn.engine.ParameterLayout;
import dev.fusedrnn.engine.ParameterLayout.Role;
import dev.fusedrnn.engine.ReferenceEngine;
import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.kernel.DropoutMask;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Device;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.IntToDoubleFunction;
import java.util.function.UnaryOperator;

/**
 * Faults of an engine, acted out on the rounding reference: what goes in or what comes out is changed so that the result
 * is the one the faulty engine would give.
 */
final class PlantedFaults {
    private static final RnnConfig LSTM = RnnConfig.of(CellType.LSTM, 10, 6);
    private static final RnnConfig GRU = RnnConfig.of(CellType.GRU, 10, 6);

    private PlantedFaults() {}

    /**
     * A fault.
     *
     * @param name what is wrong
     * @param engineCase where it shows
     * @param run what the faulty engine computes in a training pass
     */
    record Fault(String name, EngineCase engineCase, Function<CaseData, PassResult> run) {
        @Override
        public String toString() {
            return name;
        }
    }

    static List<Fault> all() {
        return List.of(
                inside("LSTM: f and g swapped", on(LSTM), data -> swapGates(data, 1, 2), r -> swapGates(LSTM, r, 1, 2)),
                inside("GRU: r and z swapped", on(GRU), data -> swapGates(data, 0, 1), r -> swapGates(GRU, r, 0, 1)),
                input("LSTM: bIh dropped", on(LSTM), data -> zero(data, Role.B_IH)),
                input("GRU: bHh dropped", on(GRU), data -> zero(data, Role.B_HH)),
                input(
                        "GRU: reset before instead of after the product",
                        on(GRU),
                        data -> data.withConfig(data.config().withGruVariant(GruVariant.RESET_BEFORE))),
                new Fault("last time step left out", on(LSTM), PlantedFaults::withoutLastStep),
                input("first step uses zeros instead of hx", on(GRU), data -> data.withState(zeros(data.hx()), null)),
                new Fault(
                        "reverse direction not reversed",
                        on(LSTM.withBidirectional(true)),
                        PlantedFaults::reverseNotReversed),
                output("hy from T-1 rather than length-1", on(LSTM).withDrawnLengths(), PlantedFaults::hyFromTheEnd),
                output("dcx missing", on(LSTM), (data, out) -> out.put("dcx", zeros(out.get("dcx")))),
                output("dhx of layer 2 given to layer 1", on(GRU.withLayers(2)), (data, out) -> swapLayers(out, "dhx")),
                new Fault("bias gradient of the first step only", on(LSTM), PlantedFaults::biasGradientOfFirstStep),
                output("off-by-one guard: last unit not written", on(GRU), PlantedFaults::lastUnitMissing),
                input("missing sync: one block's h never seen", on(GRU), PlantedFaults::blindToLastUnit),
                output("offset overflows: last rows land at the start", on(LSTM), PlantedFaults::wrappedOffset),
                output(
                        "workspace not re-grown: last sample as the one before",
                        on(LSTM),
                        PlantedFaults::lastSampleStale),
                inside(
                        "square wHh transposed",
                        on(LSTM),
                        PlantedFaults::transposeRecurrent,
                        PlantedFaults::transposeGradient),
                output("dropout after the last layer", on(GRU.withLayers(2).withDropout(0.2)), PlantedFaults::dropLast),
                input(
                        "variational dropout with a mask for every step",
                        on(GRU.withLayers(2).withDropout(0.2).withVariationalDropout(true)),
                        data -> data.withConfig(data.config().withVariationalDropout(false))),
                input(
                        "zoneout of h ignored",
                        on(GRU.withZoneout(0.2)),
                        data -> data.withConfig(data.config().withZoneout(0))),
                input(
                        "zoneout of c with the probability of h",
                        on(LSTM.withZoneout(0.2).withCellZoneout(0.4)),
                        data -> data.withConfig(data.config().withCellZoneout(0.2))),
                input("dhy missing", on(GRU), data -> data.withGradients(data.dy(), null, null)),
                input("dcy missing", on(LSTM), data -> data.withGradients(data.dy(), data.dhy(), null)),
                output("GRU: d_bHh taken from d_bIh", on(GRU), PlantedFaults::biasGradientsEqual),
                input("lengths ignored", on(LSTM).withDrawnLengths(), data -> data.withLengths(null)),
                input(
                        "cell clip ignored",
                        on(LSTM.withCellClip(0.2)),
                        data -> data.withConfig(data.config().withCellClip(0))),
                output("padding not zeroed", on(GRU).withDrawnLengths(), PlantedFaults::dirtyPadding),
                new Fault("sums of bf16 in bf16", PlantedHalfSums.CASE, PlantedHalfSums::run));
    }

    private static EngineCase on(RnnConfig config) {
        return EngineCase.of(config, 7, 6, 33);
    }

    static PassResult honest(CaseData data) {
        try (Device cpu = Device.cpu()) {
            return EngineRun.train(ReferenceEngine.rounding(), cpu, data);
        }
    }

    private static Fault input(String name, EngineCase engineCase, UnaryOperator<CaseData> change) {
        return new Fault(name, engineCase, data -> honest(change.apply(data)));
    }

    private static Fault output(
            String name, EngineCase engineCase, BiConsumer<CaseData, Map<String, double[]>> change) {
        return new Fault(name, engineCase, data -> changed(honest(data), out -> change.accept(data, out)));
    }

    /** A fault in how parameters are read, which shows in their gradients the other way round. */
    private static Fault inside(
            String name, EngineCase engineCase, UnaryOperator<CaseData> in, UnaryOperator<PassResult> back) {
        return new Fault(name, engineCase, data -> back.apply(honest(in.apply(data))));
    }

    private static PassResult changed(PassResult result, Consumer<Map<String, double[]>> change) {
        Map<String, double[]> tensors = new LinkedHashMap<>(result.tensors());
        change.accept(tensors);
        return new PassResult(tensors, result.damage(), result.plan());
    }

    private static CaseData swapGates(CaseData data, int a, int b) {
        double[] swapped = data.parameters().clone();
        for (ParameterLayout.Entry entry : ParameterLayout.of(data.config()).entries()) {
            int from = (int) entry.offset();
            double[] part = Arrays.copyOfRange(swapped, from, from + (int) entry.elements());
            System.arraycopy(swapBlocks(part, data.config().cell().gates(), a, b), 0, swapped, from, part.length);
        }
        return data.withParameters(swapped);
    }

    private static PassResult swapGates(RnnConfig config, PassResult result, int a, int b) {
        return changed(
                result,
                out -> out.replaceAll((tensor, values) -> tensor.startsWith("d_")
                        ? swapBlocks(values, config.cell().gates(), a, b)
                        : values));
    }

    private static double[] swapBlocks(double[] values, int blocks, int a, int b) {
        int size = values.length / blocks;
        double[] swapped = values.clone();
        System.arraycopy(values, a * size, swapped, b * size, size);
        System.arraycopy(values, b * size, swapped, a * size, size);
        return swapped;
    }

    private static CaseData zero(CaseData data, Role role) {
        double[] parameters = data.parameters().clone();
        int count = CaseEdits.parameter(data.config(), parameters, role, 0, 0).length;
        CaseEdits.setParameter(data.config(), parameters, role, 0, 0, new double[count]);
        return data.withParameters(parameters);
    }

    private static PassResult withoutLastStep(CaseData data) {
        int last = data.steps() - 1;
        RnnConfig c = data.config();
        CaseData shorter = new CaseData(
                c,
                last,
                data.batch(),
                null,
                data.parameters(),
                CaseEdits.times(data, data.x(), c.inputSize(), 0, last),
                data.hx(),
                data.cx(),
                CaseEdits.times(data, data.dy(), c.totalOutputSize(), 0, last),
                data.dhy(),
                data.dcy(),
                data.random());
        return changed(honest(shorter), out -> {
            out.put("y", Arrays.copyOf(out.get("y"), data.dy().length));
            out.put("dx", Arrays.copyOf(out.get("dx"), data.x().length));
        });
    }

    /** The backward direction runs forward in time: a bidirectional run on reversed input, seen from its far end. */
    private static PassResult reverseNotReversed(CaseData data) {
        RnnConfig c = data.config();
        int h = c.outputSize();
        double[] x = CaseEdits.reversedInTime(data, data.x(), c.inputSize());
        PassResult mirrored = honest(data.withInput(x));
        double[] wrong = CaseEdits.reversedInTime(data, mirrored.get("y"), 2 * h);
        return changed(honest(data), out -> {
            double[] y = out.get("y").clone();
            for (int row = 0; row < y.length / (2 * h); row++) {
                System.arraycopy(wrong, row * 2 * h + h, y, row * 2 * h + h, h);
            }
            out.put("y", y);
        });
    }

    private static void hyFromTheEnd(CaseData data, Map<String, double[]> out) {
        int size = data.config().outputSize();
        double[] y = out.get("y");
        out.put("hy", Arrays.copyOfRange(y, y.length - data.batch() * size, y.length));
    }

    private static void swapLayers(Map<String, double[]> out, String tensor) {
        out.put(tensor, swapBlocks(out.get(tensor), 2, 0, 1));
    }

    /** A bias gradient is the input matrix' gradient for an input of one; here that input is one at the first step only. */
    private static PassResult biasGradientOfFirstStep(CaseData data) {
        RnnConfig c = data.config();
        RnnConfig wider = RnnConfig.of(c.cell(), c.inputSize() + 1, c.hiddenSize());
        int rows = c.cell().gates() * c.hiddenSize();
        double[] parameters = new double[CaseEdits.parameterCount(wider)];
        CaseEdits.copyLayerExceptInput(c, data.parameters(), wider, parameters);
        double[] wIh = CaseEdits.parameter(c, data.parameters(), Role.W_IH, 0, 0);
        CaseEdits.setParameter(wider, parameters, Role.W_IH, 0, 0, widened(wIh, rows, c.inputSize(), row -> 0));
        int sequence = data.steps() * data.batch();
        double[] x = widened(data.x(), sequence, c.inputSize(), row -> row < data.batch() ? 1 : 0);
        PassResult marked =
                honest(data.withConfig(wider).withParameters(parameters).withInput(x));
        double[] first =
                CaseEdits.columns(marked.get("d_weight_ih_l0"), c.inputSize() + 1, c.inputSize(), c.inputSize() + 1);
        return changed(honest(data), out -> {
            out.put("d_bias_ih_l0", first);
            out.put("d_bias_hh_l0", first);
        });
    }

    private static double[] widened(double[] values, int rows, int columns, IntToDoubleFunction last) {
        double[] wide = new double[rows * (columns + 1)];
        for (int row = 0; row < rows; row++) {
            System.arraycopy(values, row * columns, wide, row * (columns + 1), columns);
            wide[row * (columns + 1) + columns] = last.applyAsDouble(row);
        }
        return wide;
    }

    private static void lastUnitMissing(CaseData data, Map<String, double[]> out) {
        int size = data.config().outputSize();
        double[] y = out.get("y").clone();
        for (int i = size - 1; i < y.length; i += size) {
            y[i] = Double.NaN;
        }
        out.put("y", y);
    }

    private static CaseData blindToLastUnit(CaseData data) {
        double[] parameters = data.parameters().clone();
        double[] wHh = CaseEdits.parameter(data.config(), parameters, Role.W_HH, 0, 0);
        int size = data.config().hiddenSize();
        for (int i = size - 1; i < wHh.length; i += size) {
            wHh[i] = 0;
        }
        CaseEdits.setParameter(data.config(), parameters, Role.W_HH, 0, 0, wHh);
        return data.withParameters(parameters);
    }

    private static void wrappedOffset(CaseData data, Map<String, double[]> out) {
        int row = data.batch() * data.config().inputSize();
        double[] dx = out.get("dx").clone();
        System.arraycopy(dx, dx.length - row, dx, 0, row);
        out.put("dx", dx);
    }

    private static void lastSampleStale(CaseData data, Map<String, double[]> out) {
        int size = data.config().outputSize();
        double[] y = out.get("y").clone();
        for (int end = data.batch() * size; end <= y.length; end += data.batch() * size) {
            System.arraycopy(y, end - 2 * size, y, end - size, size);
        }
        out.put("y", y);
    }

    private static CaseData transposeRecurrent(CaseData data) {
        RnnConfig c = data.config();
        double[] parameters = data.parameters().clone();
        double[] wHh = CaseEdits.parameter(c, parameters, Role.W_HH, 0, 0);
        CaseEdits.setParameter(c, parameters, Role.W_HH, 0, 0, transposeSquares(wHh, c.hiddenSize()));
        return data.withParameters(parameters);
    }

    private static PassResult transposeGradient(PassResult result) {
        int size = LSTM.hiddenSize();
        return changed(result, out -> out.computeIfPresent("d_weight_hh_l0", (name, d) -> transposeSquares(d, size)));
    }

    private static double[] transposeSquares(double[] values, int size) {
        double[] transposed = new double[values.length];
        for (int i = 0; i < values.length; i++) {
            int square = i / (size * size) * size * size;
            transposed[square + i % size * size + i / size % size] = values[i];
        }
        return transposed;
    }

    private static void dropLast(CaseData data, Map<String, double[]> out) {
        double[] y = out.get("y").clone();
        int[] random = data.random();
        for (int e = 0; e < y.length; e++) {
            y[e] *= DropoutMask.factor(0.2f, random[0], random[1], random[2], 1, e);
        }
        out.put("y", y);
    }

    private static void biasGradientsEqual(CaseData data, Map<String, double[]> out) {
        out.put("d_bias_hh_l0", out.get("d_bias_ih_l0"));
    }

    private static void dirtyPadding(CaseData data, Map<String, double[]> out) {
        int features = data.config().inputSize();
        double[] dx = out.get("dx").clone();
        for (int i = 0; i < dx.length; i++) {
            int row = i / features;
            // Far below any tolerance: only the rule that padding is exactly zero sees it.
            dx[i] = data.isPadding(row / data.batch(), row % data.batch()) ? 1e-30 : dx[i];
        }
        out.put("dx", dx);
    }

    private static double[] zeros(double[] values) {
        return new double[values.length];
    }

    /** A vanilla cell in bf16 whose products are summed in bf16, so that a long sum of equal terms stops growing. */
    private static final class PlantedHalfSums {
        static final EngineCase CASE = EngineCase.of(
                RnnConfig.of(CellType.RNN_RELU, 4096, 2).withBias(false).withDataType(DataType.BF16), 1, 3, 34);

        static PassResult run(CaseData data) {
            RnnConfig c = data.config();
            double[] wIh = CaseEdits.parameter(c, data.parameters(), Role.W_IH, 0, 0);
            double[] wHh = CaseEdits.parameter(c, data.parameters(), Role.W_HH, 0, 0);
            double[] y = new double[data.batch() * c.hiddenSize()];
            for (int n = 0; n < data.batch(); n++) {
                for (int j = 0; j < c.hiddenSize(); j++) {
                    double sum = halfSum(0, wIh, j, data.x(), n, c.inputSize());
                    sum = halfSum(sum, wHh, j, data.hx(), n, c.hiddenSize());
                    y[n * c.hiddenSize() + j] = Math.max(0, sum);
                }
            }
            return changed(honest(data), out -> {
                out.put("y", y);
                out.put("hy", y);
            });
        }

        private static double halfSum(double start, double[] w, int row, double[] v, int n, int count) {
            double sum = start;
            for (int k = 0; k < count; k++) {
                sum = DataType.BF16.round(sum + w[row * count + k] * v[n * count + k]);
            }
            return sum;
        }
    }
}
