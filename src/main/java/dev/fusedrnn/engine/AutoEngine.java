package dev.fusedrnn.engine;

import dev.fusedrnn.engine.measure.Agreement;
import dev.fusedrnn.engine.measure.PassTime;
import dev.fusedrnn.engine.measure.Trial;
import dev.fusedrnn.internal.cuda.CudaContext;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.tensor.GpuException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Whichever of several engines and plans is fastest: on a CUDA device each is run on tensors of the shape that is asked for,
 * once per shape, and the choice is remembered with the device. So what a plan promises is corrected by what it does. An
 * engine whose results no other one confirms is not taken. On the CPU the first that runs the configuration is taken.
 *
 * <p>Engines differ in their last bits, and two that are equally fast can change places between runs; name an engine where
 * bits matter across processes.
 */
public final class AutoEngine implements RecurrentEngine {
    /** An engine further down the list has to be so much faster to be taken, so that noise does not decide. */
    private static final float ADVANTAGE = 0.95f;
    /** A first pass so many times slower than the best median is not worth a second. */
    private static final float HOPELESS = 4;

    private record Shape(RnnConfig config, int steps, int batch, boolean training) {
        /** The same where all engines compute the same: cuDNN draws other dropout masks than the rest. */
        Shape withoutDropout() {
            return new Shape(config.withDropout(0), steps, batch, training);
        }

        Trial trial(Device device) {
            return new Trial(device, config, steps, batch, training);
        }

        RnnExecution prepare(RecurrentEngine engine, Device device) {
            return engine.prepare(config, device, steps, batch, training);
        }
    }

    /** What has been measured on one device. */
    private static final class Memory implements AutoCloseable {
        private final Map<Shape, Integer> choices = new HashMap<>();

        Memory(CudaContext context) {}

        @Override
        public void close() {
            choices.clear();
        }
    }

    private final List<RecurrentEngine> candidates;

    /** All engines of this build, fused before cuDNN before the CPU's. */
    public AutoEngine() {
        this(List.of(
                new FusedEngine(FusedEngine.Plan.PERSISTENT),
                new FusedEngine(FusedEngine.Plan.CLUSTER),
                new FusedEngine(FusedEngine.Plan.CHIP),
                new FusedEngine(FusedEngine.Plan.WIDE),
                new FusedEngine(FusedEngine.Plan.PERSISTENT, FusedEngine.Layers.CHOSEN),
                new FusedEngine(FusedEngine.Plan.STREAMED),
                new CudnnEngine(),
                new CpuEngine(),
                new ReferenceEngine()));
    }

    AutoEngine(List<RecurrentEngine> candidates) {
        this.candidates = List.copyOf(candidates);
    }

    @Override
    public String name() {
        return "auto";
    }

    @Override
    public Capability capability(RnnConfig config, Device device) {
        List<String> reasons = new ArrayList<>();
        for (RecurrentEngine candidate : candidates) {
            Capability capability = candidate.capability(config, device);
            if (capability.isSupported()) {
                return Capability.SUPPORTED;
            }
            reasons.add(candidate.name() + ": " + capability.reason());
        }
        return Capability.unsupported(String.join("; ", reasons));
    }

    @Override
    public RnnExecution prepare(
            RnnConfig config, Device device, int steps, int batch, boolean training, Scratch scratch) {
        List<RecurrentEngine> able = candidates.stream()
                .filter(engine -> engine.capability(config, device).isSupported())
                .toList();
        if (able.isEmpty()) {
            throw new IllegalArgumentException(capability(config, device).reason());
        }
        int choice = 0;
        if (device.isCuda() && able.size() > 1) {
            CudaContext context = CudaContext.of(device);
            Shape shape = new Shape(config, steps, batch, training);
            Map<Shape, Integer> choices = context.attached(Memory.class, Memory::new).choices;
            if (!choices.containsKey(shape)) {
                choices.put(shape, fastest(context, device, shape, able));
            }
            choice = choices.get(shape);
        }
        return able.get(choice).prepare(config, device, steps, batch, training, scratch);
    }

    private static int fastest(CudaContext context, Device device, Shape shape, List<RecurrentEngine> able) {
        List<Measured> measured = new ArrayList<>();
        Set<String> plans = new HashSet<>();
        float best = Float.POSITIVE_INFINITY;
        for (int i = 0; i < able.size(); i++) {
            try {
                Results results = results(device, shape.withoutDropout(), able.get(i));
                if (plans.add(results.plan())) {
                    float time = time(context, device, shape, able.get(i), best * HOPELESS);
                    measured.add(new Measured(i, time, results.values()));
                    best = Math.min(best, time);
                }
            } catch (GpuException.Unsupported | GpuException.Internal notThisShape) {
                // The others remain.
            } catch (GpuException.OutOfMemory tooLarge) {
                // Measuring takes more memory than running; whether running fits is the caller's to find out.
                break;
            }
        }
        return choose(shape.config(), measured);
    }

    /** What measuring an engine gave: its place in the list, its median time and what it computed. */
    record Measured(int place, float milliseconds, List<float[]> results) {}

    /**
     * The place of the fastest engine whose results another one confirms. If there are several and no two agree, the last of
     * them, which is the plainest; if none could be measured, the first of all.
     */
    static int choose(RnnConfig config, List<Measured> measured) {
        List<Measured> confirmed = measured.stream()
                .filter(one -> measured.size() == 1
                        || measured.stream()
                                .anyMatch(other ->
                                        other != one && Agreement.near(config, other.results(), one.results())))
                .toList();
        if (confirmed.isEmpty()) {
            return measured.isEmpty() ? 0 : measured.get(measured.size() - 1).place();
        }
        Measured best = confirmed.get(0);
        for (Measured other : confirmed) {
            if (other.milliseconds() < best.milliseconds() * ADVANTAGE) {
                best = other;
            }
        }
        return best.place();
    }

    /** What one pass computed, and the plan without why another was not taken. */
    private record Results(String plan, List<float[]> values) {}

    private static Results results(Device device, Shape shape, RecurrentEngine engine) {
        try (Trial trial = shape.trial(device);
                RnnExecution execution = shape.prepare(engine, device);
                Trial.Pass pass = trial.pass(execution)) {
            pass.run();
            return new Results(execution.plan().replaceFirst(" \\(.*", ""), pass.result());
        }
    }

    private static float time(CudaContext context, Device device, Shape shape, RecurrentEngine engine, float hopeless) {
        try (Trial trial = shape.trial(device);
                RnnExecution execution = shape.prepare(engine, device);
                Trial.Pass pass = trial.pass(execution)) {
            // The second run lets the engine record what it replays later.
            pass.run();
            return PassTime.median(context, pass::run, hopeless);
        }
    }
}
