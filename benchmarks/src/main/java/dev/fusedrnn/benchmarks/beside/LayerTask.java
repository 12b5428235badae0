package dev.fusedrnn.benchmarks.beside;

import dev.fusedrnn.benchmarks.EngineRunner;
import dev.fusedrnn.benchmarks.LayerData;
import dev.fusedrnn.engine.RecurrentEngine;
import dev.fusedrnn.io.SafetensorsWriter;
import dev.fusedrnn.io.StoredType;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** Passes over a layer. */
final class LayerTask implements Task {
    private final EngineRunner runner;
    private final Pass pass;

    LayerTask(LayerData data, Pass pass, Device device, RecurrentEngine engine) {
        this.runner = new EngineRunner(data, device, engine);
        this.pass = pass;
    }

    @Override
    public Map<String, Object> save(Path file) throws IOException {
        run();
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
        if (pass == Pass.INFERENCE) {
            runner.infer();
        } else {
            runner.forwardBackward();
        }
    }

    @Override
    public void close() {
        runner.close();
    }
}
