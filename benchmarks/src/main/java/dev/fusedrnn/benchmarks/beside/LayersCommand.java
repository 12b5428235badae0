package dev.fusedrnn.benchmarks.beside;

import dev.fusedrnn.engine.CellType;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Times layers of the library, of cuDNN (every algorithm, as a stream and as a graph) and of PyTorch. */
@Command(
        name = "layers",
        description = {
            "Times recurrent layers of the library beside cuDNN and PyTorch.",
            "Outputs and gradients of all are compared with double precision first; what differs has no ratio."
        },
        sortOptions = false,
        mixinStandardHelpOptions = true)
final class LayersCommand implements Callable<Integer> {
    @Mixin
    private Setup setup;

    @Option(names = "--list", paramLabel = "FILE", required = true, split = ",", description = "Lists of layers.")
    private List<Path> lists;

    @Option(
            names = "--precision",
            paramLabel = "NAME",
            split = ",",
            defaultValue = "bf16,f16,f32",
            description = "bf16, f16, f32, tf32, in this order (default: ${DEFAULT-VALUE}).")
    private List<String> precisions;

    @Option(
            names = "--engines",
            paramLabel = "NAME",
            defaultValue = "fused",
            description = "Engines of the library; each has ratios of its own (default: ${DEFAULT-VALUE}).")
    private String engines;

    @Override
    public Integer call() throws IOException, InterruptedException {
        List<LayerShape> shapes = new ArrayList<>();
        for (Path list : lists) {
            shapes.addAll(LayerShape.read(list));
        }
        RunRecord record = new RunRecord("layers", setup);
        record.put(
                "lists",
                lists.stream().map(list -> list.getFileName().toString()).toList());
        record.put("ratio", "the median of the peer's fastest plan / that of the library's engine");
        record.put("rounds", setup.rounds);
        record.put("secondsOfARound", setup.roundSeconds);
        try (Side library = setup.library(engines);
                Side pytorch = setup.pytorch();
                Side cudnn = setup.cudnn()) {
            Map<String, String> off = new LinkedHashMap<>();
            if (setup.python.equals("none")) {
                off.put("pytorch", "not asked for (--python none)");
            }
            if (setup.cudnn.equals("none")) {
                off.put("cudnn", "no program given (--cudnn)");
            }
            List<Side> sides = record.present(List.of(library, cudnn, pytorch), off);
            Path exchange = setup.exchange();
            try {
                LayerCases cases = new LayerCases(sides, setup.measuring(), exchange, record);
                for (String precision : precisions) {
                    for (LayerShape shape : shapes) {
                        for (CellType cell : shape.cells()) {
                            one(cases, record, shape, cell, Precision.parse(precision));
                        }
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

    private void one(LayerCases cases, RunRecord record, LayerShape shape, CellType cell, Precision precision)
            throws IOException, InterruptedException {
        if (setup.isOver()) {
            record.notReached(LayerCases.name(shape, cell, precision));
            return;
        }
        cases.run(shape, cell, precision);
        record.write(setup.seconds(), cases.ratios());
    }
}
