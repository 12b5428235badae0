package dev.fusedrnn.engine.check;

import dev.fusedrnn.engine.RecurrentEngine;
import dev.fusedrnn.engine.ReferenceEngine;
import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Device;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Compares an engine with the reference: a training forward and backward pass, and an inference pass, all outputs, all
 * gradients, by the rule of {@link Tolerance}; behind a sample's length y and dx must be exactly zero; nothing outside
 * the outputs may be written.
 *
 * <p>One value holds the reference's results of one case, so that several engines can be compared with it.
 */
public final class EngineCheck {
    private final String name;
    private final CaseData data;
    private final Map<String, double[]> exact;
    private final Set<String> narrow;
    private final PassResult rounded;
    private final PassResult inference;
    private final PassResult inferenceRounded;

    private EngineCheck(String name, CaseData data, Map<String, double[]> exact, Set<String> narrow) {
        this.name = name;
        this.data = data;
        this.exact = exact;
        this.narrow = narrow;
        try (Device cpu = Device.cpu()) {
            CaseData wide = data.withConfig(data.config().withDataType(DataType.F64));
            ReferenceEngine rounding = ReferenceEngine.rounding();
            this.rounded = EngineRun.train(rounding, cpu, data);
            boolean same = !data.config().drawsMasks();
            this.inference =
                    same ? new PassResult(exact, List.of(), "") : EngineRun.infer(new ReferenceEngine(), cpu, wide);
            this.inferenceRounded = same ? rounded : EngineRun.infer(rounding, cpu, data);
        }
    }

    /** The references of a case with fresh data. */
    public static EngineCheck of(EngineCase engineCase) {
        return of(engineCase.name(), CaseData.draw(engineCase));
    }

    /** The references of given data. */
    public static EngineCheck of(String name, CaseData data) {
        try (Device cpu = Device.cpu()) {
            CaseData wide = data.withConfig(data.config().withDataType(DataType.F64));
            return new EngineCheck(
                    name,
                    data,
                    EngineRun.train(new ReferenceEngine(), cpu, wide).tensors(),
                    Set.of());
        }
    }

    /**
     * The references of a golden case, computed by another system, for an engine of type {@code type}. The case's inputs
     * are rounded to the type by whoever runs it.
     */
    public static EngineCheck of(GoldenCase golden, DataType type) {
        RnnConfig config = golden.data().config().withDataType(type);
        return new EngineCheck(golden.name(), golden.data().withConfig(config), golden.expected(), golden.narrow());
    }

    /** Runs {@code engine} on a case and compares. */
    public static CheckReport run(RecurrentEngine engine, Device device, EngineCase engineCase) {
        return of(engineCase).run(engine, device);
    }

    /** The data all engines get. */
    public CaseData data() {
        return data;
    }

    /** Runs {@code engine} and compares. */
    public CheckReport run(RecurrentEngine engine, Device device) {
        PassResult trained = EngineRun.train(engine, device, data);
        PassResult inferred = EngineRun.infer(engine, device, data);
        return compare(engine.name(), device.isCuda(), trained, inferred);
    }

    /**
     * Compares what something called {@code engine} has computed.
     *
     * @param onGpu whether TF32, if the configuration has it, was really used
     * @param trained of a training pass
     * @param inferred of an inference pass
     */
    public CheckReport compare(String engine, boolean onGpu, PassResult trained, PassResult inferred) {
        List<TensorError> errors = new ArrayList<>();
        Tolerance tolerance = new Tolerance(data, onGpu);
        exact.forEach((tensor, values) -> errors.add(
                tolerance.compare(tensor, trained.get(tensor), values, rounded.get(tensor), narrow.contains(tensor))));
        inferred.tensors().forEach((tensor, values) -> {
            TensorError error = tolerance.compare(
                    tensor, values, inference.get(tensor), inferenceRounded.get(tensor), narrow.contains(tensor));
            errors.add(renamed(error, tensor + " (inference)"));
        });
        if (data.lengths() != null) {
            addPadding(errors, "y", trained.get("y"), data.config().totalOutputSize());
            addPadding(errors, "dx", trained.get("dx"), data.config().inputSize());
        }
        List<String> damage = new ArrayList<>(trained.damage());
        damage.addAll(inferred.damage());
        return new CheckReport(name, engine, trained.plan(), errors, damage);
    }

    /** Compares a flat gradient of the parameters, however it was put together. */
    public List<TensorError> compareGradient(double[] gradient) {
        Map<String, double[]> parts = new LinkedHashMap<>();
        PassResult.putParameters(data.config(), gradient, parts);
        Tolerance tolerance = new Tolerance(data, false);
        return parts.entrySet().stream()
                .map(part -> tolerance.compare(
                        part.getKey(), part.getValue(), exact.get(part.getKey()), rounded.get(part.getKey())))
                .toList();
    }

    private void addPadding(List<TensorError> errors, String tensor, double[] values, int features) {
        long compared = 0;
        double error = 0;
        int worst = 0;
        for (int i = 0; i < values.length; i++) {
            int row = i / features;
            if (data.isPadding(row / data.batch(), row % data.batch())) {
                compared++;
                double distance = values[i] == 0 ? 0 : Double.POSITIVE_INFINITY;
                if (distance > error) {
                    worst = i;
                    error = distance;
                }
            }
        }
        if (compared > 0) {
            String where = ElementName.of(data, tensor, worst);
            errors.add(new TensorError(tensor + " (padding)", compared, error, 0, where, values[worst], 0));
        }
    }

    private static TensorError renamed(TensorError e, String name) {
        return new TensorError(name, e.compared(), e.error(), e.bound(), e.where(), e.found(), e.expected());
    }
}
