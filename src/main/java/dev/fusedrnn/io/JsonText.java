package dev.fusedrnn.io;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParseException;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.StreamWriteFeature;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import java.io.IOException;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Turns {@link Json} values into text and back. */
final class JsonText {
    private static final JsonFactory WRITING = strict(Json.Limits.DEFAULT);

    private static final Map<Class<?>, String> KINDS = Map.of(
            Json.Fields.class, "an object",
            Json.Items.class, "an array",
            Json.Text.class, "a string",
            Json.Whole.class, "a whole number",
            Json.Real.class, "a number",
            Json.Truth.class, "true or false",
            Json.Nothing.class, "null");

    private JsonText() {}

    /** What a kind of value is called in a message. */
    static String inWords(Class<? extends Json> kind) {
        return KINDS.get(kind);
    }

    /** Reads and writes strict JSON: no key twice, nothing beyond the limits. */
    static JsonFactory strict(Json.Limits limits) {
        StreamReadConstraints constraints = StreamReadConstraints.builder()
                .maxNestingDepth(limits.depth())
                .maxNumberLength(40)
                .maxNameLength(8_192)
                .maxStringLength(limits.length())
                .maxDocumentLength(limits.length())
                .build();
        return JsonFactory.builder()
                .streamReadConstraints(constraints)
                .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                // The same digits on every Java version.
                .enable(StreamWriteFeature.USE_FAST_DOUBLE_WRITER)
                .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
                .build();
    }

    static Json read(String text, Json.Limits limits) throws IOException {
        try (JsonParser json = strict(limits).createParser(text)) {
            if (json.nextToken() == null) {
                throw new JsonParseException(json, "no value");
            }
            Json value = value(json);
            if (json.nextToken() != null) {
                throw new JsonParseException(json, "data after the value");
            }
            return value;
        }
    }

    private static Json value(JsonParser json) throws IOException {
        return switch (json.currentToken()) {
            case START_OBJECT -> object(json);
            case START_ARRAY -> array(json);
            case VALUE_STRING -> new Json.Text(json.getText());
            case VALUE_NUMBER_INT -> whole(json);
            case VALUE_NUMBER_FLOAT -> real(json);
            case VALUE_TRUE, VALUE_FALSE -> new Json.Truth(json.getBooleanValue());
            case VALUE_NULL -> new Json.Nothing();
            default -> throw new JsonParseException(json, "unexpected " + json.currentToken());
        };
    }

    private static Json object(JsonParser json) throws IOException {
        Map<String, Json> fields = new LinkedHashMap<>();
        while (json.nextToken() != JsonToken.END_OBJECT) {
            String name = json.currentName();
            json.nextToken();
            fields.put(name, value(json));
        }
        return new Json.Fields(fields);
    }

    private static Json array(JsonParser json) throws IOException {
        List<Json> items = new ArrayList<>();
        while (json.nextToken() != JsonToken.END_ARRAY) {
            items.add(value(json));
        }
        return new Json.Items(items);
    }

    private static Json whole(JsonParser json) throws IOException {
        if (json.getNumberType() == JsonParser.NumberType.BIG_INTEGER) {
            throw new JsonParseException(json, "whole number beyond 64 bits");
        }
        return new Json.Whole(json.getLongValue());
    }

    private static Json real(JsonParser json) throws IOException {
        double value = json.getDoubleValue();
        if (!Double.isFinite(value)) {
            throw new JsonParseException(json, "number beyond the range of double");
        }
        return new Json.Real(value);
    }

    static String write(Json value, boolean indented) {
        StringWriter out = new StringWriter();
        try (JsonGenerator json = WRITING.createGenerator(out)) {
            if (indented) {
                DefaultIndenter indenter = new DefaultIndenter("  ", "\n");
                json.setPrettyPrinter(
                        new DefaultPrettyPrinter().withObjectIndenter(indenter).withArrayIndenter(indenter));
            }
            write(json, value);
        } catch (IOException e) {
            throw new IllegalArgumentException("cannot be written as JSON: " + e.getMessage(), e);
        }
        return out.toString();
    }

    private static void write(JsonGenerator json, Json value) throws IOException {
        if (value instanceof Json.Fields fields) {
            json.writeStartObject();
            for (Map.Entry<String, Json> field : fields.values().entrySet()) {
                json.writeFieldName(field.getKey());
                write(json, field.getValue());
            }
            json.writeEndObject();
        } else if (value instanceof Json.Items items) {
            json.writeStartArray();
            for (Json item : items.values()) {
                write(json, item);
            }
            json.writeEndArray();
        } else {
            writeScalar(json, value);
        }
    }

    private static void writeScalar(JsonGenerator json, Json value) throws IOException {
        if (value instanceof Json.Text text) {
            json.writeString(text.value());
        } else if (value instanceof Json.Whole whole) {
            json.writeNumber(whole.value());
        } else if (value instanceof Json.Real real) {
            json.writeNumber(real.value());
        } else if (value instanceof Json.Truth truth) {
            json.writeBoolean(truth.value());
        } else {
            json.writeNull();
        }
    }
}
