package dev.fusedrnn.cli;

import dev.fusedrnn.engine.CellType;
import dev.fusedrnn.engine.check.EngineCase;
import dev.fusedrnn.tensor.DataType;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** The cases {@code check} compares on: every cell with every option, sizes all different and with odd tails. */
final class CheckCases {
    private static final List<String> FOR_EVERY_CELL = List.of(
            "-L1-T7-N3-C5-H6",
            "-L1-T1-N1-C1-H1",
            "-bidir-L1-T6-N4-C8-H16",
            "-L3-T5-N3-C5-H7",
            "-bidir-L2-T9-N4-C5-H6-lens",
            "-L2-T5-N3-C4-H9-nobias",
            "-bidir-L2-T5-N4-C6-H10-drop0.3",
            "-L1-T4-N2-C3-H5-nostate",
            "-L1-T20-N8-C32-H64",
            "-L2-T12-N5-C40-H129");
    private static final List<String> FOR_LSTM =
            List.of("-bidir-L2-T6-N3-C5-H8-P3", "-L1-T8-N3-C5-H7-clip0.5", "-L2-T7-N4-C5-H8-P4-lens");
    private static final List<String> FOR_GRU =
            List.of("-before-L1-T7-N3-C5-H6", "-before-bidir-L2-T6-N4-C5-H8-lens", "-before-L1-T20-N8-C32-H64");

    private CheckCases() {}

    static List<EngineCase> of(DataType type) {
        List<EngineCase> cases = new ArrayList<>();
        for (CellType cell : CellType.values()) {
            FOR_EVERY_CELL.forEach(shape -> add(cases, cell, shape, type));
        }
        FOR_LSTM.forEach(shape -> add(cases, CellType.LSTM, shape, type));
        FOR_GRU.forEach(shape -> add(cases, CellType.GRU, shape, type));
        return cases;
    }

    private static void add(List<EngineCase> cases, CellType cell, String shape, DataType type) {
        String name = cell.id() + shape + "-" + type.name().toLowerCase(Locale.ROOT) + "-seed" + (cases.size() + 1);
        cases.add(EngineCase.parse(name));
    }
}
