package dev.fusedrnn.train;

import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.io.Json;
import dev.fusedrnn.nn.LanguageNetworkConfig;
import java.util.LinkedHashMap;
import java.util.Map;

/** A network's configuration as JSON. How much memory its training may take is no part of it. */
final class NetworkJson {
    private NetworkJson() {}

    static String write(LanguageNetworkConfig config) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("vocabularySize", config.vocabularySize());
        fields.put("embeddingSize", config.embeddingSize());
        fields.put("tied", config.tied());
        fields.putAll(RnnJson.fields(config.dropouts()));
        fields.put("lastHiddenSize", config.lastHiddenSize());
        fields.putAll(RnnJson.fields(config.rnn()));
        return Json.of(fields).text();
    }

    /** @throws IllegalArgumentException if a field is missing, of another kind or out of range */
    static LanguageNetworkConfig read(String text) {
        Json fields = Json.parse(text);
        int vocabularySize = RnnJson.whole(fields, "vocabularySize");
        int embeddingSize = RnnJson.whole(fields, "embeddingSize");
        RnnConfig rnn = RnnJson.read(fields, embeddingSize > 0 ? embeddingSize : vocabularySize);
        return new LanguageNetworkConfig(
                vocabularySize,
                embeddingSize,
                rnn,
                fields.has("lastHiddenSize") ? RnnJson.whole(fields, "lastHiddenSize") : 0,
                fields.field("tied").asBoolean(),
                RnnJson.readDropouts(fields));
    }
}
