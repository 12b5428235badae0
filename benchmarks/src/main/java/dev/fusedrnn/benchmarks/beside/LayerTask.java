package dev.fusedrnn.benchmarks.beside;

import dev.fusedrnn.benchmarks.EngineRunner;
import dev.fusedrnn.benchmarks.LayerData;
import dev.fusedrnn.engine.RecurrentEngine;
import dev.fusedrnn.io.SafetensorsWriter;
import dev.fusedrnn.io.StoredType;
import dev.fusedrnn.kernel.Kernels;
import dev.fusedrnn.kernel.Recording;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** Passes over a layer, each as one recording, as in a training step. */
final class LayerTask implements Task {
    /** Passes before results are read: they are queued, recorded, and replayed. */
    private static final int PASSES = 3;

    private final EngineRunner runner;
    private final Kernels kernels;
    private final Recording pass;

    LayerTask(LayerData data, Pass pass, Device device, RecurrentEngine engine) {
        this.runner = new EngineRunner(data, device, engine);
        this.kernels = Kernels.of(device);
        this.pass = kernels.recording(pass == Pass.INFERENCE ? runner::infer : runner::forwardBackward);
    }

    @Override
    public Map<String, Object> save(Path file) throws IOException {
        for (int i = 0; i < PASSES; i++) {
            run();
        }
        SafetensorsWriter writer = new SafetensorsWriter();
        for (Map.Entry<String, Tensor> output : runner.outputs().entrySet()) {
            float[] values = output.getValue().toFloats();
            writer.add(output.getKey(), StoredType.F32, new long[] {values.length}, values);
        }
        writer.write(file);
        Map<String, Object> said = new LinkedHashMap<>();
        said.put("detail", runner.plan());
        return said;
    }

    @Override
    public void run() {
        pass.run();
    }

    @Override
    public void close() {
        pass.close();
        runner.close();
        kernels.close();
    }
}
