package dev.fusedrnn.engine;

import dev.fusedrnn.engine.check.EngineCase;
import dev.fusedrnn.tensor.DataType;
import java.util.ArrayList;
import java.util.List;

/** The cases every engine is compared with the reference on. */
final class ConformanceCases {
    private static final int STEPS = 7;
    private static final int BATCH = 6;
    private static final int INPUT = 10;
    private static final int HIDDEN = 6;

    private ConformanceCases() {}

    /** {cells} × bias × directions × lengths × state × layers; for halves every fourth of these. */
    static List<EngineCase> grid(DataType type) {
        List<EngineCase> cases = new ArrayList<>();
        for (CellType cell : CellType.values()) {
            for (int bits = 0; bits < 32; bits++) {
                // The parity keeps every fourth case from losing an option for good.
                boolean chosen = !type.isHalf() || (bits + (bits >> 2) + (bits >> 4)) % 4 == 0;
                if (chosen) {
                    cases.add(gridCase(cell, bits, type));
                }
            }
        }
        return cases;
    }

    private static EngineCase gridCase(CellType cell, int bits, DataType type) {
        RnnConfig config = RnnConfig.of(cell, INPUT, HIDDEN)
                .withBias((bits & 1) == 0)
                .withBidirectional((bits & 2) != 0)
                .withLayers((bits & 16) == 0 ? 1 : 2)
                .withDataType(type);
        EngineCase engineCase = EngineCase.of(config, STEPS, BATCH, 1000 + bits);
        engineCase = (bits & 4) == 0 ? engineCase : engineCase.withLengths(5, 7, 1, 2, 5, 3);
        return (bits & 8) == 0 ? engineCase : engineCase.withoutState();
    }

    /** Options only some cells have, dropout and zoneout. */
    static List<EngineCase> options(DataType type) {
        List<EngineCase> cases = new ArrayList<>();
        RnnConfig lstm = RnnConfig.of(CellType.LSTM, INPUT, HIDDEN).withDataType(type);
        RnnConfig before = RnnConfig.of(CellType.GRU, INPUT, HIDDEN)
                .withGruVariant(GruVariant.RESET_BEFORE)
                .withDataType(type);
        for (int bits = 0; bits < 4; bits++) {
            int layers = 1 + (bits & 1);
            boolean both = (bits & 2) != 0;
            cases.add(of(lstm.withLayers(layers).withBidirectional(both).withProjSize(3), bits));
            cases.add(of(lstm.withLayers(layers).withBidirectional(both).withCellClip(0.4), bits)
                    .withDrawnLengths());
            cases.add(of(before.withLayers(layers).withBidirectional(both), bits));
        }
        cases.add(of(lstm.withProjSize(4).withCellClip(0.3).withBias(false), 7).withDrawnLengths());
        cases.add(of(before.withBias(false), 8).withDrawnLengths());
        for (CellType cell : CellType.values()) {
            RnnConfig deep = RnnConfig.of(cell, INPUT, HIDDEN)
                    .withLayers(3)
                    .withDropout(0.25)
                    .withDataType(type);
            cases.add(of(deep, 9));
            cases.add(of(deep.withBidirectional(true), 10).withDrawnLengths());
            cases.add(of(deep.withVariationalDropout(true), 11));
            cases.add(of(deep.withVariationalDropout(true).withBidirectional(true), 12)
                    .withDrawnLengths());
            RnnConfig zoned = RnnConfig.of(cell, INPUT, HIDDEN).withZoneout(0.3).withDataType(type);
            cases.add(of(zoned, 13));
            cases.add(of(zoned.withBidirectional(true).withLayers(2), 14).withDrawnLengths());
            cases.add(of(zoned.withLayers(2).withDropout(0.2).withVariationalDropout(true), 15)
                    .withoutState());
        }
        cases.addAll(zoneouts(lstm, before));
        return cases;
    }

    /** Zoneout of c, of a projected h, with a limit, and of everything. */
    private static List<EngineCase> zoneouts(RnnConfig lstm, RnnConfig before) {
        RnnConfig both = lstm.withZoneout(0.25).withCellZoneout(0.4);
        return List.of(
                of(lstm.withCellZoneout(0.4), 16),
                of(both.withBidirectional(true).withLayers(2), 17).withDrawnLengths(),
                of(both.withProjSize(4).withLayers(2), 18).withDrawnLengths(),
                of(both.withCellClip(0.4), 19).withDrawnLengths(),
                of(
                        both.withProjSize(3)
                                .withCellClip(0.3)
                                .withBidirectional(true)
                                .withBias(false),
                        20),
                of(lstm.withZoneout(1).withCellZoneout(1), 21),
                of(before.withZoneout(0.3), 22),
                of(before.withZoneout(0.3).withBidirectional(true).withLayers(2), 23)
                        .withDrawnLengths());
    }

    private static EngineCase of(RnnConfig config, long seed) {
        return EngineCase.of(config, STEPS, BATCH, seed);
    }

    /**
     * Sizes that leave tails in every tiling: a set of 32 per cell in which every pair of values of two of T, N, C occurs,
     * and every value of each with every H.
     *
     * @param mostWork cases of more multiplications in their recurrence are left out
     */
    static List<EngineCase> tails(CellType cell, DataType type, long mostWork) {
        int[] times = {1, 2, 7, 33};
        int[] batches = {1, 3, 12, 33};
        int[] inputs = {1, 17, 32, 100};
        int[] hiddens = {1, 17, 34, 64, 127, 128, 129, 512};
        List<EngineCase> cases = new ArrayList<>();
        for (int i = 0; i < hiddens.length; i++) {
            for (int j = 0; j < 4; j++) {
                int steps = times[j];
                int batch = batches[(j + i) % 4];
                int input = inputs[(j + i / 2) % 4];
                RnnConfig config = RnnConfig.of(cell, input, hiddens[i]).withDataType(type);
                long work = (long) steps * batch * cell.gates() * hiddens[i] * (input + hiddens[i]);
                if (work <= mostWork) {
                    cases.add(EngineCase.of(config, steps, batch, 500 + 4 * i + j));
                }
            }
        }
        return cases;
    }

    /** All full; one short; all short; falling; rising; all 1; short in the middle; with repeats, unsorted. */
    static List<EngineCase> lengths(DataType type) {
        int[][] lengths = {
            {7, 7, 7, 7, 7, 7},
            {7, 7, 7, 7, 7, 2},
            {3, 3, 3, 3, 3, 3},
            {7, 6, 5, 3, 2, 1},
            {1, 2, 3, 5, 6, 7},
            {1, 1, 1, 1, 1, 1},
            {7, 7, 1, 2, 7, 7},
            {5, 2, 7, 2, 5, 1}
        };
        List<EngineCase> cases = new ArrayList<>();
        for (CellType cell : CellType.values()) {
            for (int directions = 1; directions <= 2; directions++) {
                for (int[] each : lengths) {
                    RnnConfig config = RnnConfig.of(cell, INPUT, HIDDEN)
                            .withBidirectional(directions == 2)
                            .withDataType(type);
                    cases.add(of(config, 40).withLengths(each));
                }
            }
        }
        return cases;
    }

    /** One of each cell and direction, two layers: for identities and repetition. */
    static List<EngineCase> few(DataType type) {
        List<EngineCase> cases = new ArrayList<>();
        for (CellType cell : CellType.values()) {
            for (int directions = 1; directions <= 2; directions++) {
                RnnConfig config = RnnConfig.of(cell, INPUT, HIDDEN)
                        .withLayers(2)
                        .withBidirectional(directions == 2)
                        .withDataType(type);
                cases.add(of(config, 70));
            }
        }
        return cases;
    }
}
