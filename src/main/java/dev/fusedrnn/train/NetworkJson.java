package dev.fusedrnn.train;

import dev.fusedrnn.engine.CellType;
import dev.fusedrnn.engine.GateStorage;
import dev.fusedrnn.engine.GruVariant;
import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.io.Json;
import dev.fusedrnn.nn.Dropouts;
import dev.fusedrnn.nn.LanguageNetworkConfig;
import dev.fusedrnn.tensor.DataType;
import java.util.LinkedHashMap;
import java.util.Map;

/** A network's configuration as JSON. How much memory its training may take is no part of it. */
final class NetworkJson {
    private NetworkJson() {}

    static String write(LanguageNetworkConfig config) {
        RnnConfig rnn = config.rnn();
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("vocabularySize", config.vocabularySize());
        fields.put("embeddingSize", config.embeddingSize());
        fields.put("tied", config.tied());
        Dropouts dropouts = config.dropouts();
        fields.put("inputDropout", dropouts.input());
        fields.put("outputDropout", dropouts.output());
        fields.put("embeddingDropout", dropouts.embedding());
        fields.put("weightDropout", dropouts.weights());
        fields.put("lockedDropout", dropouts.locked());
        fields.put("cell", rnn.cell().name());
        fields.put("hiddenSize", rnn.hiddenSize());
        fields.put("lastHiddenSize", config.lastHiddenSize());
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
        return Json.of(fields).text();
    }

    /** @throws IllegalArgumentException if a field is missing, of another kind or out of range */
    static LanguageNetworkConfig read(String text) {
        Json fields = Json.parse(text);
        int vocabularySize = whole(fields, "vocabularySize");
        int embeddingSize = whole(fields, "embeddingSize");
        RnnConfig rnn = new RnnConfig(
                CellType.valueOf(fields.field("cell").asString()),
                embeddingSize > 0 ? embeddingSize : vocabularySize,
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
        return new LanguageNetworkConfig(
                vocabularySize,
                embeddingSize,
                rnn,
                fields.has("lastHiddenSize") ? whole(fields, "lastHiddenSize") : 0,
                fields.field("tied").asBoolean(),
                new Dropouts(
                        numberOrZero(fields, "embeddingDropout"),
                        fields.field("inputDropout").asDouble(),
                        numberOrZero(fields, "weightDropout"),
                        fields.field("outputDropout").asDouble(),
                        flag(fields, "lockedDropout")));
    }

    /** For what files of earlier builds do not have. */
    private static boolean flag(Json fields, String name) {
        return fields.has(name) && fields.field(name).asBoolean();
    }

    private static double numberOrZero(Json fields, String name) {
        return fields.has(name) ? fields.field(name).asDouble() : 0;
    }

    private static int whole(Json fields, String name) {
        long value = fields.field(name).asLong();
        if (value != (int) value) {
            throw new IllegalArgumentException(name + " must be below 2^31, found " + value);
        }
        return (int) value;
    }
}
