package dev.fusedrnn.engine.check;

import dev.fusedrnn.engine.CellType;
import dev.fusedrnn.engine.ParameterLayout;
import dev.fusedrnn.engine.RnnConfig;

/** Says in words which element of a tensor an index is. */
final class ElementName {
    private ElementName() {}

    static String of(CaseData data, String tensor, int index) {
        RnnConfig config = data.config();
        return switch (tensor) {
            case "x", "dx" -> sequence(data, index, config.inputSize());
            case "y", "dy" -> sequence(data, index, config.totalOutputSize());
            case "hy", "dhx" -> state(data, index, config.outputSize());
            case "cy", "dcx" -> state(data, index, config.hiddenSize());
            default -> parameter(config, tensor, index);
        };
    }

    private static String sequence(CaseData data, int index, int features) {
        int row = index / features;
        return "t=" + row / data.batch() + " n=" + row % data.batch() + " feature=" + index % features;
    }

    private static String state(CaseData data, int index, int features) {
        int row = index / features;
        int stack = row / data.batch();
        int directions = data.config().directions();
        return "layer=" + stack / directions + (stack % directions == 1 ? " backward" : "") + " n=" + row % data.batch()
                + " unit=" + index % features;
    }

    private static String parameter(RnnConfig config, String tensor, int index) {
        String name = tensor.startsWith("d_") ? tensor.substring(2) : tensor;
        ParameterLayout.Entry entry = ParameterLayout.of(config).entries().stream()
                .filter(candidate -> candidate.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("there is no tensor " + tensor));
        int row = index / entry.columns();
        String column = entry.matrix() ? " column=" + index % entry.columns() : "";
        if (name.startsWith("weight_hr")) {
            return "row=" + row + column;
        }
        return "gate=" + gate(config.cell(), row / config.hiddenSize()) + " unit=" + row % config.hiddenSize() + column;
    }

    private static String gate(CellType cell, int gate) {
        return switch (cell) {
            case LSTM -> "ifgo".substring(gate, gate + 1);
            case GRU -> "rzn".substring(gate, gate + 1);
            case RNN_TANH, RNN_RELU -> "h";
        };
    }
}
