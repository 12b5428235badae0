package dev.fusedrnn.io;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParseException;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
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
    private static final int DEPTH = 64;
    private static final JsonFactory FACTORY = SafetensorsFormat.strictJson(Json.MAX_BYTES, DEPTH);

    private JsonText() {}

    static Json read(String text) throws IOException {
        try (JsonParser json = FACTORY.createParser(text)) {
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
        try (JsonGenerator json = FACTORY.createGenerator(out)) {
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
