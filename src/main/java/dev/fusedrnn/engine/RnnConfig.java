package dev.fusedrnn.engine;

import dev.fusedrnn.tensor.DataType;
import java.io.Serializable;
import java.util.Objects;
import java.util.function.Consumer;

/**
 * What a recurrent stack computes. Immutable; every field is checked when a value is made.
 *
 * @param cell the recurrent cell
 * @param inputSize C, features per time step of the input
 * @param hiddenSize H, units per layer and direction
 * @param layers L, stacked layers
 * @param bidirectional whether a second recurrence runs backward in time; outputs are concatenated
 * @param bias whether {@code bIh} and {@code bHh} exist
 * @param projSize P, size the LSTM's h is projected to by {@code wHr}; 0 for none
 * @param dropout probability that an element of a layer's output is dropped before the next layer, in training
 * @param variationalDropout whether dropout draws one mask [N, D·H] per sequence and layer and uses it at every time step
 *     (Gal and Ghahramani, 2016; "locked dropout" of Merity et al., 2018), rather than a mask for every step
 * @param zoneout p_h: in training every unit of h keeps its value of the step before with this probability, {@code h' =
 *     m∘h + (1 − m)∘ĥ} with ĥ what the cell computes and a mask m of its own for each time step; in inference the
 *     expectation is taken, {@code h' = p_h·h + (1 − p_h)·ĥ} (Krueger et al., 2017). With a projection h is the projected one
 * @param cellZoneout p_c, the same for an LSTM's c with a mask of its own; ĥ is computed from the c before zoneout. A kept c
 *     is kept as it is, limited by cellClip only where it is read
 * @param cellClip an LSTM's c counts within ±cellClip wherever it is read, by h and by the next step, cx included; 0 for no
 *     limit. No gradient passes a c at or beyond the limit where it is read. cy is the last c as it is, as in cuDNN
 * @param gruVariant where the reset gate of a GRU acts; without meaning for other cells
 * @param dataType type of inputs, outputs, weights and stored activations
 * @param tf32 whether F32 products may round their operands to TF32 on a GPU
 * @param gateStorage whether training keeps the gates for the backward pass; no part of what is computed
 */
public record RnnConfig(
        CellType cell,
        int inputSize,
        int hiddenSize,
        int layers,
        boolean bidirectional,
        boolean bias,
        int projSize,
        double dropout,
        boolean variationalDropout,
        double zoneout,
        double cellZoneout,
        double cellClip,
        GruVariant gruVariant,
        DataType dataType,
        boolean tf32,
        GateStorage gateStorage)
        implements Serializable {

    /** The largest size of one dimension: products of three still fit a {@code long}. */
    public static final int MAX_SIZE = 1 << 20;

    public RnnConfig {
        Objects.requireNonNull(cell, "cell");
        Objects.requireNonNull(gruVariant, "gruVariant");
        Objects.requireNonNull(dataType, "dataType");
        Objects.requireNonNull(gateStorage, "gateStorage");
        requireSize("inputSize", inputSize, 1, MAX_SIZE);
        requireSize("hiddenSize", hiddenSize, 1, MAX_SIZE);
        requireSize("layers", layers, 1, 1024);
        requireSize("projSize", projSize, 0, hiddenSize - 1);
        if (projSize > 0 && cell != CellType.LSTM) {
            throw new IllegalArgumentException("projSize is for LSTM alone, found " + projSize + " for " + cell.id());
        }
        requireProbability("dropout", dropout);
        requireProbability("zoneout", zoneout);
        requireProbability("cellZoneout", cellZoneout);
        if (cellZoneout > 0 && cell != CellType.LSTM) {
            throw new IllegalArgumentException(
                    "cellZoneout is for LSTM alone, found " + cellZoneout + " for " + cell.id());
        }
        if (!(cellClip >= 0 && cellClip < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException("cellClip must be 0 or a positive finite number, found " + cellClip);
        }
        if (cellClip > 0 && cell != CellType.LSTM) {
            throw new IllegalArgumentException("cellClip is for LSTM alone, found " + cellClip + " for " + cell.id());
        }
        if (gruVariant == GruVariant.RESET_BEFORE && cell != CellType.GRU) {
            throw new IllegalArgumentException("gruVariant RESET_BEFORE is for GRU alone, found for " + cell.id());
        }
        if (!dataType.isFloating()) {
            throw new IllegalArgumentException("dataType must be a floating point type, found " + dataType);
        }
    }

    /** One layer, one direction, with biases, in F32. */
    public static RnnConfig of(CellType cell, int inputSize, int hiddenSize) {
        return new RnnConfig(
                cell,
                inputSize,
                hiddenSize,
                1,
                false,
                true,
                0,
                0,
                false,
                0,
                0,
                0,
                GruVariant.RESET_AFTER,
                DataType.F32,
                false,
                GateStorage.STORED);
    }

    /** The same with other sizes of input and layers. */
    public RnnConfig withSizes(int inputSize, int hiddenSize) {
        return with(draft -> {
            draft.inputSize = inputSize;
            draft.hiddenSize = hiddenSize;
        });
    }

    /** The same with {@code layers} layers. */
    public RnnConfig withLayers(int layers) {
        return with(draft -> draft.layers = layers);
    }

    /** The same in one or both directions. */
    public RnnConfig withBidirectional(boolean bidirectional) {
        return with(draft -> draft.bidirectional = bidirectional);
    }

    /** The same with or without biases. */
    public RnnConfig withBias(boolean bias) {
        return with(draft -> draft.bias = bias);
    }

    /** The same with h projected to {@code projSize} features; 0 for no projection. */
    public RnnConfig withProjSize(int projSize) {
        return with(draft -> draft.projSize = projSize);
    }

    /** The same with dropout between layers. */
    public RnnConfig withDropout(double dropout) {
        return with(draft -> draft.dropout = dropout);
    }

    /** The same with one dropout mask per sequence, or one per time step. */
    public RnnConfig withVariationalDropout(boolean variationalDropout) {
        return with(draft -> draft.variationalDropout = variationalDropout);
    }

    /** The same with units of h that keep their value with probability {@code zoneout}. */
    public RnnConfig withZoneout(double zoneout) {
        return with(draft -> draft.zoneout = zoneout);
    }

    /** The same with units of an LSTM's c that keep their value with probability {@code cellZoneout}. */
    public RnnConfig withCellZoneout(double cellZoneout) {
        return with(draft -> draft.cellZoneout = cellZoneout);
    }

    /** The same with c read within ±{@code cellClip}; 0 for no limit. */
    public RnnConfig withCellClip(double cellClip) {
        return with(draft -> draft.cellClip = cellClip);
    }

    /** The same with another form of GRU. */
    public RnnConfig withGruVariant(GruVariant gruVariant) {
        return with(draft -> draft.gruVariant = gruVariant);
    }

    /** The same in another data type. */
    public RnnConfig withDataType(DataType dataType) {
        return with(draft -> draft.dataType = dataType);
    }

    /** The same with or without TF32 products. */
    public RnnConfig withTf32(boolean tf32) {
        return with(draft -> draft.tf32 = tf32);
    }

    /** The same with the gates kept for the backward pass or computed anew. */
    public RnnConfig withGateStorage(GateStorage gateStorage) {
        return with(draft -> draft.gateStorage = gateStorage);
    }

    /** D: 1 or 2. */
    public int directions() {
        return bidirectional ? 2 : 1;
    }

    /** Features of h and of one direction's output: P if there is a projection, else H. */
    public int outputSize() {
        return projSize > 0 ? projSize : hiddenSize;
    }

    /** Features of y: both directions side by side. */
    public int totalOutputSize() {
        return directions() * outputSize();
    }

    /** Features layer {@code layer} reads. */
    public int layerInputSize(int layer) {
        return layer == 0 ? inputSize : totalOutputSize();
    }

    /** Whether h or c zones out. */
    public boolean zonesOut() {
        return zoneout > 0 || cellZoneout > 0;
    }

    /** Whether a training pass draws masks, so that it needs a {@link ForwardCall#random}. */
    public boolean drawsMasks() {
        return zonesOut() || (dropout > 0 && layers > 1);
    }

    /** Elements of a layer's output [N, D·H] after which its dropout mask repeats; 0 if every time step has its own. */
    public long dropoutPeriod(int batch) {
        return variationalDropout ? (long) batch * totalOutputSize() : 0;
    }

    private RnnConfig with(Consumer<Draft> change) {
        Draft draft = new Draft(this);
        change.accept(draft);
        return draft.finish();
    }

    private static void requireSize(String field, int value, int least, int most) {
        if (value < least || value > most) {
            throw new IllegalArgumentException(field + " must be in [" + least + ", " + most + "], found " + value);
        }
    }

    private static void requireProbability(String field, double value) {
        if (!(value >= 0 && value <= 1)) {
            throw new IllegalArgumentException(field + " must be in [0, 1], found " + value);
        }
    }

    /** All fields, free to change one of them. */
    private static final class Draft {
        private final CellType cell;
        private int inputSize;
        private int hiddenSize;
        private int layers;
        private boolean bidirectional;
        private boolean bias;
        private int projSize;
        private double dropout;
        private boolean variationalDropout;
        private double zoneout;
        private double cellZoneout;
        private double cellClip;
        private GruVariant gruVariant;
        private DataType dataType;
        private boolean tf32;
        private GateStorage gateStorage;

        Draft(RnnConfig from) {
            cell = from.cell;
            inputSize = from.inputSize;
            hiddenSize = from.hiddenSize;
            layers = from.layers;
            bidirectional = from.bidirectional;
            bias = from.bias;
            projSize = from.projSize;
            dropout = from.dropout;
            variationalDropout = from.variationalDropout;
            zoneout = from.zoneout;
            cellZoneout = from.cellZoneout;
            cellClip = from.cellClip;
            gruVariant = from.gruVariant;
            dataType = from.dataType;
            tf32 = from.tf32;
            gateStorage = from.gateStorage;
        }

        RnnConfig finish() {
            return new RnnConfig(
                    cell,
                    inputSize,
                    hiddenSize,
                    layers,
                    bidirectional,
                    bias,
                    projSize,
                    dropout,
                    variationalDropout,
                    zoneout,
                    cellZoneout,
                    cellClip,
                    gruVariant,
                    dataType,
                    tf32,
                    gateStorage);
        }
    }
}
