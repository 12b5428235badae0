package dev.fusedrnn.engine.cudnn;

import dev.fusedrnn.engine.CudnnAlgorithm;
import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.engine.RnnExecution;
import dev.fusedrnn.engine.Scratch;
import dev.fusedrnn.engine.measure.Agreement;
import dev.fusedrnn.engine.measure.PassTime;
import dev.fusedrnn.engine.measure.Trial;
import dev.fusedrnn.internal.cuda.CudaContext;
import dev.fusedrnn.internal.cuda.Graph;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.tensor.GpuException;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Which algorithm, launched call by call or as a graph, is fastest for a shape: measured once per device and remembered. */
public final class AlgorithmChoice implements AutoCloseable {
    /** A first pass so many times slower than the best median is not worth a second. */
    private static final float HOPELESS = 4;

    private record Shape(RnnConfig config, int steps, int batch, boolean training, Set<CudnnAlgorithm> among) {}

    private record Choice(CudnnAlgorithm algorithm, boolean graph, float milliseconds) {}

    private final Map<Shape, Choice> remembered = new HashMap<>();

    private AlgorithmChoice(CudaContext context) {}

    /** An execution with the best of {@code algorithms}, which takes its memory from {@code scratch}. */
    public static RnnExecution prepare(
            RnnConfig config,
            Device device,
            int steps,
            int batch,
            boolean training,
            Set<CudnnAlgorithm> algorithms,
            Scratch scratch) {
        CudaContext context = CudaContext.of(device);
        Set<CudnnAlgorithm> eligible = eligible(config, algorithms);
        Choice choice = eligible.size() == 1
                ? new Choice(eligible.iterator().next(), false, 0)
                : context.attached(AlgorithmChoice.class, AlgorithmChoice::new)
                        .choose(context, device, new Shape(config, steps, batch, training, eligible));
        return new CudnnExecution(config, device, steps, batch, training, choice.algorithm(), choice.graph(), scratch);
    }

    /**
     * The algorithms that may be chosen among. The small-H kernels sum weight gradients of strict F32 less exactly than F32
     * promises (on an H100 with H = 6 an error of 9.5e-6 where 5.5e-6 is allowed), so whoever wants them there asks for them alone.
     */
    static Set<CudnnAlgorithm> eligible(RnnConfig config, Set<CudnnAlgorithm> algorithms) {
        Set<CudnnAlgorithm> eligible = EnumSet.copyOf(algorithms);
        if (config.dataType() == DataType.F32 && !config.tf32() && algorithms.size() > 1) {
            eligible.remove(CudnnAlgorithm.PERSIST_STATIC_SMALL_H);
        }
        return eligible;
    }

    @Override
    public void close() {
        remembered.clear();
    }

    private Choice choose(CudaContext context, Device device, Shape shape) {
        Choice choice = remembered.get(shape);
        if (choice == null) {
            try (Trial trial = new Trial(device, shape.config(), shape.steps(), shape.batch(), shape.training())) {
                choice = measureAll(context, device, shape, trial);
            } catch (GpuException.OutOfMemory tooLarge) {
                // Measuring takes more memory than running; whether running fits is the caller's to find out.
                return new Choice(shape.among().stream().sorted().findFirst().orElseThrow(), false, 0);
            }
            remembered.put(shape, choice);
        }
        return choice;
    }

    private static Choice measureAll(CudaContext context, Device device, Shape shape, Trial trial) {
        Map<CudnnAlgorithm, List<float[]>> results = new EnumMap<>(CudnnAlgorithm.class);
        Choice best = null;
        RuntimeException refused = null;
        for (CudnnAlgorithm algorithm : shape.among().stream().sorted().toArray(CudnnAlgorithm[]::new)) {
            try {
                Choice found = measure(context, device, shape, trial, algorithm, best, results);
                if (found != null && (best == null || found.milliseconds() < best.milliseconds())) {
                    best = found;
                }
            } catch (GpuException.Unsupported | GpuException.Internal illegal) {
                refused = illegal;
            }
        }
        if (best == null) {
            throw refused;
        }
        return best;
    }

    /** The time of one algorithm, or null if its results are not those of the first. */
    private static Choice measure(
            CudaContext context,
            Device device,
            Shape shape,
            Trial trial,
            CudnnAlgorithm algorithm,
            Choice best,
            Map<CudnnAlgorithm, List<float[]>> results) {
        try (CudnnExecution execution = new CudnnExecution(
                        shape.config(),
                        device,
                        shape.steps(),
                        shape.batch(),
                        shape.training(),
                        algorithm,
                        false,
                        Scratch.single(device));
                Trial.Pass pass = trial.pass(execution)) {
            pass.run();
            List<float[]> result = pass.result();
            if (results.isEmpty()) {
                results.put(algorithm, result);
            } else if (!Agreement.near(
                    shape.config(), results.values().iterator().next(), result)) {
                return null;
            }
            float limit = best == null ? Float.POSITIVE_INFINITY : best.milliseconds() * HOPELESS;
            float direct = PassTime.median(context, pass::run, limit);
            float recorded = Float.POSITIVE_INFINITY;
            try (Graph graph = Graph.capture(context, pass::run)) {
                recorded = PassTime.median(context, graph::launch, limit);
            } catch (GpuException.Unsupported | GpuException.Internal cannotBeRecorded) {
                recorded = Float.POSITIVE_INFINITY;
            }
            return new Choice(algorithm, recorded < direct, Math.min(direct, recorded));
        }
    }
}
