package dev.fusedrnn.train;

import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.io.Json;
import dev.fusedrnn.nn.Seq2SeqConfig;
import java.util.LinkedHashMap;
import java.util.Map;

/** The configuration of an encoder and a decoder as JSON. */
public final class Seq2SeqJson {
    private Seq2SeqJson() {}

    /** As text. */
    public static String write(Seq2SeqConfig config) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("sourceVocabulary", config.sourceVocabulary());
        fields.put("targetVocabulary", config.targetVocabulary());
        fields.put("sourceEmbedding", config.sourceEmbedding());
        fields.put("targetEmbedding", config.targetEmbedding());
        fields.put("attentionSize", config.attentionSize());
        fields.put("encoder", RnnJson.fields(config.encoder()));
        fields.put("decoder", RnnJson.fields(config.decoder()));
        return Json.of(fields).text();
    }

    /**
     * The configuration that {@link #write} wrote.
     *
     * @throws IllegalArgumentException if a field is missing, of another kind or out of range
     */
    public static Seq2SeqConfig read(String text) {
        Json fields = Json.parse(text);
        int sourceEmbedding = RnnJson.whole(fields, "sourceEmbedding");
        int targetEmbedding = RnnJson.whole(fields, "targetEmbedding");
        RnnConfig encoder = RnnJson.read(fields.field("encoder"), sourceEmbedding);
        long inputs = (long) targetEmbedding + encoder.totalOutputSize();
        RnnConfig decoder = RnnJson.read(fields.field("decoder"), (int) Math.min(Integer.MAX_VALUE, inputs));
        return new Seq2SeqConfig(
                RnnJson.whole(fields, "sourceVocabulary"),
                RnnJson.whole(fields, "targetVocabulary"),
                sourceEmbedding,
                targetEmbedding,
                encoder,
                decoder,
                RnnJson.whole(fields, "attentionSize"));
    }
}
