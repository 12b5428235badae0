package dev.fusedrnn.train;

import dev.fusedrnn.io.Json;
import dev.fusedrnn.nn.Pooling;
import dev.fusedrnn.nn.SequenceNetworkConfig;
import java.util.LinkedHashMap;
import java.util.Map;

/** A sequence network's configuration as JSON. How much memory its training may take is no part of it. */
public final class SequenceNetworkJson {
    private SequenceNetworkJson() {}

    /** The configuration as one JSON object. */
    public static String write(SequenceNetworkConfig config) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("vocabularySize", config.vocabularySize());
        fields.put("inputSize", config.rnn().inputSize());
        fields.putAll(RnnJson.fields(config.rnn()));
        fields.put("pooling", config.pooling().name());
        fields.put("outputs", config.outputs());
        fields.put("crf", config.crf());
        fields.putAll(RnnJson.fields(config.dropouts()));
        return Json.of(fields).text();
    }

    /**
     * The configuration that {@link #write} wrote.
     *
     * @throws IllegalArgumentException if a field is missing, of another kind or out of range
     */
    public static SequenceNetworkConfig read(String text) {
        Json fields = Json.parse(text);
        return new SequenceNetworkConfig(
                RnnJson.whole(fields, "vocabularySize"),
                RnnJson.read(fields, RnnJson.whole(fields, "inputSize")),
                Pooling.valueOf(fields.field("pooling").asString()),
                RnnJson.whole(fields, "outputs"),
                fields.field("crf").asBoolean(),
                RnnJson.readDropouts(fields));
    }
}
