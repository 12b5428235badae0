package dev.fusedrnn.benchmarks.beside;

import dev.fusedrnn.io.SafetensorsReader;
import dev.fusedrnn.io.SafetensorsWriter;
import dev.fusedrnn.io.StoredType;
import dev.fusedrnn.nn.EngineChoice;
import dev.fusedrnn.nn.LanguageNetwork;
import dev.fusedrnn.nn.Parameters;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.train.TrainerConfig;
import dev.fusedrnn.train.TrainingStep;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/** Training steps of a language model on one minibatch, with the state carried from step to step. */
final class ModelTask implements Task {
    /** Steps whose losses are compared. */
    static final int COMPARED_STEPS = 5;

    private final ModelShape shape;
    private final Device device;
    private final LanguageNetwork network;
    private final TrainingStep step;
    private final int[] inputs;
    private final int[] targets;
    private final Map<String, float[]> initial = new LinkedHashMap<>();
    private final long bytesBefore;
    private long steps;

    ModelTask(SafetensorsReader file, Device device, EngineChoice engine) throws IOException {
        this.shape = CaseFile.model(file);
        this.device = device;
        this.bytesBefore = device.allocatedBytes();
        device.resetPeakBytes();
        int[] tokens = file.ints("tokens");
        this.inputs = Arrays.copyOf(tokens, shape.tokens());
        this.targets = Arrays.copyOfRange(tokens, shape.batch(), tokens.length);
        this.network = LanguageNetwork.create(shape.network(CaseFile.precision(file)), device, engine);
        try {
            for (Parameters.Entry entry : network.parameters().entries()) {
                float[] values = file.floats(entry.name());
                network.parameters().set(entry.name(), values);
                initial.put(entry.name(), ParameterSteps.sample(values));
            }
            TrainerConfig config =
                    TrainerConfig.sgd(shape.rate(), ModelShape.CLIP, 1).withOptimizer(shape.optimizerConfig());
            this.step = new TrainingStep(network, shape.steps(), shape.batch(), true, config);
        } catch (IOException | RuntimeException failed) {
            network.close();
            throw failed;
        }
    }

    @Override
    public Map<String, Object> save(Path file) throws IOException {
        long tryingPeak = 0;
        float[] losses = new float[COMPARED_STEPS];
        float[] norms = new float[COMPARED_STEPS];
        SafetensorsWriter parameters = new SafetensorsWriter();
        for (int i = 0; i < COMPARED_STEPS; i++) {
            run();
            losses[i] = (float) (step.takeLoss() / shape.tokens());
            norms[i] = (float) step.gradientNorm();
            if (i == 0) {
                tryingPeak = device.peakBytes();
                device.resetPeakBytes();
                addGradients(parameters, norms[0]);
            }
        }
        addChanges(parameters);
        parameters.write(ParameterSteps.beside(file));
        new SafetensorsWriter()
                .add("losses", StoredType.F32, new long[] {COMPARED_STEPS}, losses)
                .add("gradientNorms", StoredType.F32, new long[] {COMPARED_STEPS}, norms)
                .write(file);
        Map<String, Object> said = new LinkedHashMap<>();
        said.put("detail", step.plan());
        said.put("parameters", network.parameters().count());
        said.put("peakBytes", device.peakBytes() - bytesBefore);
        said.put("tryingPeakBytes", tryingPeak - bytesBefore);
        return said;
    }

    /** As they were clipped. */
    private void addGradients(SafetensorsWriter writer, double norm) {
        float clip = (float) Math.min(1, ModelShape.CLIP / norm);
        for (String name : initial.keySet()) {
            float[] gradient =
                    ParameterSteps.sample(network.parameters().gradient(name).toFloats());
            for (int i = 0; i < gradient.length; i++) {
                gradient[i] *= clip;
            }
            writer.add(ParameterSteps.GRADIENT + name, StoredType.F32, new long[] {gradient.length}, gradient);
        }
    }

    private void addChanges(SafetensorsWriter writer) {
        initial.forEach((name, before) -> {
            float[] change = ParameterSteps.sample(network.parameters().get(name));
            for (int i = 0; i < before.length; i++) {
                change[i] -= before[i];
            }
            writer.add(ParameterSteps.CHANGE + name, StoredType.F32, new long[] {change.length}, change);
        });
    }

    @Override
    public void run() {
        step.run(inputs, targets, shape.tokens(), steps > 0, shape.rate(), steps);
        steps++;
    }

    @Override
    public void close() {
        step.close();
        network.close();
    }
}
