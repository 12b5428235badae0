package dev.fusedrnn.benchmarks.beside;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Times whole training steps of language models of the library and of PyTorch, eager and as one CUDA graph. */
@Command(
        name = "models",
        description = {
            "Times training steps of language models beside PyTorch: tokens per second and peak memory.",
            "Losses and gradient norms of the first steps from the same parameters are compared first."
        },
        sortOptions = false,
        mixinStandardHelpOptions = true)
final class ModelsCommand implements Callable<Integer> {
    @Mixin
    private Setup setup;

    @Option(names = "--list", paramLabel = "FILE", required = true, description = "A list of models.")
    private Path list;

    @Option(
            names = "--precision",
            paramLabel = "NAME",
            split = ",",
            defaultValue = "bf16",
            description = "bf16 (PyTorch: autocast, F32 parameters on both sides), f32 (default: ${DEFAULT-VALUE}).")
    private List<String> precisions;

    @Option(
            names = "--engines",
            paramLabel = "NAME",
            defaultValue = "auto",
            description = "Engines of the library; the first one's time is the ratio's (default: ${DEFAULT-VALUE}).")
    private String engines;

    @Override
    public Integer call() throws IOException, InterruptedException {
        List<ModelShape> shapes = ModelShape.read(list);
        RunRecord record = new RunRecord("models", setup);
        record.put("list", list.getFileName().toString());
        record.put("ratio", "the library's first engine's tokens per second / the peer's plan's");
        record.put(
                "memory",
                "peakBytes: tensors of the library in steps after the first (tryingPeakBytes: in the first, in which engines are tried),"
                        + " PyTorch's max_memory_allocated; usedBytes: what the driver gave from before the model was made to"
                        + " after its first steps");
        try (Side library = setup.library(engines);
                Side pytorch = setup.pytorch()) {
            Map<String, String> off = new LinkedHashMap<>();
            if (setup.python.equals("none")) {
                off.put("pytorch", "not asked for (--python none)");
            }
            List<Side> sides = record.present(List.of(library, pytorch), off);
            Path exchange = setup.exchange();
            try {
                ModelCases cases = new ModelCases(sides, setup.measuring(), exchange, record);
                for (String precision : precisions) {
                    for (ModelShape shape : shapes) {
                        one(cases, record, shape, Precision.parse(precision));
                    }
                }
                record.write(setup.seconds(), cases.ratios());
                record.print(cases.ratios());
                return cases.wrong() == 0 ? 0 : 1;
            } finally {
                Setup.delete(exchange);
            }
        }
    }

    private void one(ModelCases cases, RunRecord record, ModelShape shape, Precision precision)
            throws IOException, InterruptedException {
        if (setup.isOver()) {
            record.notReached(shape.name() + " " + precision.id());
            return;
        }
        cases.run(shape, precision);
        record.write(setup.seconds(), cases.ratios());
    }
}
