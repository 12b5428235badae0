package dev.fusedrnn.train;

import dev.fusedrnn.engine.CellType;
import dev.fusedrnn.engine.GateStorage;
import dev.fusedrnn.engine.GruVariant;
import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.io.Json;
import dev.fusedrnn.nn.Dropouts;
import dev.fusedrnn.tensor.DataType;
import java.util.LinkedHashMap;
import java.util.Map;

/** A stack's configuration and what is dropped around it as fields of a JSON object, for the configurations of networks. */
public final class RnnJson {
    private RnnJson() {}

    /** All of a stack but the size of its input and how much memory its training may take. */
    public static Map<String, Object> fields(RnnConfig rnn) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("cell", rnn.cell().name());
        fields.put("hiddenSize", rnn.hiddenSize());
        fields.put("layers", rnn.layers());
        fields.put("bidirectional", rnn.bidirectional());
        fields.put("bias", rnn.bias());
        fields.put("projSize", rnn.projSize());
        fields.put("dropout", rnn.dropout());
        fields.put("variationalDropout", rnn.variationalDropout());
        fields.put("zoneout", rnn.zoneout());
        fields.put("cellZoneout", rnn.cellZoneout());
        fields.put("cellClip", rnn.cellClip());
        fields.put("gruVariant", rnn.gruVariant().name());
        fields.put("dataType", rnn.dataType().name());
        fields.put("tf32", rnn.tf32());
        return fields;
    }

    /**
     * The stack that {@link #fields} wrote.
     *
     * @throws IllegalArgumentException if a field is missing, of another kind or out of range
     */
    public static RnnConfig read(Json fields, int inputSize) {
        return new RnnConfig(
                CellType.valueOf(fields.field("cell").asString()),
                inputSize,
                whole(fields, "hiddenSize"),
                whole(fields, "layers"),
                fields.field("bidirectional").asBoolean(),
                fields.field("bias").asBoolean(),
                whole(fields, "projSize"),
                fields.field("dropout").asDouble(),
                flag(fields, "variationalDropout"),
                numberOrZero(fields, "zoneout"),
                numberOrZero(fields, "cellZoneout"),
                fields.field("cellClip").asDouble(),
                GruVariant.valueOf(fields.field("gruVariant").asString()),
                DataType.valueOf(fields.field("dataType").asString()),
                fields.field("tf32").asBoolean(),
                GateStorage.STORED);
    }

    /** What is dropped around a stack. */
    public static Map<String, Object> fields(Dropouts dropouts) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("inputDropout", dropouts.input());
        fields.put("outputDropout", dropouts.output());
        fields.put("embeddingDropout", dropouts.embedding());
        fields.put("weightDropout", dropouts.weights());
        fields.put("lockedDropout", dropouts.locked());
        return fields;
    }

    /** The inverse of {@link #fields(Dropouts)}; what earlier builds did not know is 0. */
    public static Dropouts readDropouts(Json fields) {
        return new Dropouts(
                numberOrZero(fields, "embeddingDropout"),
                fields.field("inputDropout").asDouble(),
                numberOrZero(fields, "weightDropout"),
                fields.field("outputDropout").asDouble(),
                flag(fields, "lockedDropout"));
    }

    /** A field that is an {@code int}. */
    public static int whole(Json fields, String name) {
        long value = fields.field(name).asLong();
        if (value != (int) value) {
            throw new IllegalArgumentException(name + " must be below 2^31, found " + value);
        }
        return (int) value;
    }

    /** For what files of earlier builds do not have. */
    private static boolean flag(Json fields, String name) {
        return fields.has(name) && fields.field(name).asBoolean();
    }

    private static double numberOrZero(Json fields, String name) {
        return fields.has(name) ? fields.field(name).asDouble() : 0;
    }
}
