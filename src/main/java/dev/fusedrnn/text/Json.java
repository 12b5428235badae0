package dev.fusedrnn.text;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The fields of one JSON object: strings, integers, lists of strings and further objects. Errors name the object. */
final class Json {
    private static final JsonFactory FACTORY = new JsonFactory();
    private static final int DEEPEST = 8;

    private final String what;
    private final Map<?, ?> fields;

    private Json(String what, Map<?, ?> fields) {
        this.what = what;
        this.fields = fields;
    }

    static Json parse(String what, String text) {
        try (JsonParser parser = FACTORY.createParser(text)) {
            parser.enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION);
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                throw new IllegalArgumentException(what + ": expected a JSON object");
            }
            Map<String, Object> fields = readObject(what, parser, 0);
            if (parser.nextToken() != null) {
                throw new IllegalArgumentException(what + ": expected nothing after the JSON object");
            }
            return new Json(what, fields);
        } catch (IOException e) {
            throw new IllegalArgumentException(what + ": not JSON: " + firstLine(e), e);
        }
    }

    static String write(Map<?, ?> fields) {
        StringWriter text = new StringWriter();
        try (JsonGenerator generator = FACTORY.createGenerator(text)) {
            writeValue(generator, fields);
        } catch (IOException e) {
            throw new UncheckedIOException("a string cannot fail to be written", e);
        }
        return text.toString();
    }

    boolean has(String name) {
        return fields.containsKey(name);
    }

    String string(String name) {
        if (fields.get(name) instanceof String value) {
            return value;
        }
        throw missing(name, "a string", fields.get(name));
    }

    Json object(String name) {
        if (fields.get(name) instanceof Map<?, ?> value) {
            return new Json(what + "." + name, value);
        }
        throw missing(name, "an object", fields.get(name));
    }

    List<String> strings(String name) {
        if (!(fields.get(name) instanceof List<?> values)) {
            throw missing(name, "a list of strings", fields.get(name));
        }
        List<String> strings = new ArrayList<>(values.size());
        for (Object value : values) {
            if (!(value instanceof String string)) {
                throw missing(name + "[" + strings.size() + "]", "a string", value);
            }
            strings.add(string);
        }
        return strings;
    }

    private IllegalArgumentException missing(String name, String expected, Object found) {
        String seen = found == null ? "nothing" : found.getClass().getSimpleName();
        return new IllegalArgumentException(what + ": " + name + ": expected " + expected + ", found " + seen);
    }

    private static String firstLine(IOException e) {
        return String.valueOf(e.getMessage()).lines().findFirst().orElse("");
    }

    private static Map<String, Object> readObject(String what, JsonParser parser, int depth) throws IOException {
        Map<String, Object> fields = new LinkedHashMap<>();
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String name = parser.currentName();
            parser.nextToken();
            fields.put(name, readValue(what, parser, depth + 1));
        }
        return fields;
    }

    private static Object readValue(String what, JsonParser parser, int depth) throws IOException {
        if (depth > DEEPEST) {
            throw new IllegalArgumentException(what + ": JSON nested more than " + DEEPEST + " deep");
        }
        return switch (parser.currentToken()) {
            case START_OBJECT -> readObject(what, parser, depth);
            case START_ARRAY -> readArray(what, parser, depth);
            case VALUE_STRING -> parser.getText();
            case VALUE_NUMBER_INT -> parser.getLongValue();
            default ->
                throw new IllegalArgumentException(
                        what + ": expected a string, integer, list or object, found " + parser.getText());
        };
    }

    private static List<Object> readArray(String what, JsonParser parser, int depth) throws IOException {
        List<Object> values = new ArrayList<>();
        while (parser.nextToken() != JsonToken.END_ARRAY) {
            values.add(readValue(what, parser, depth + 1));
        }
        return values;
    }

    private static void writeValue(JsonGenerator generator, Object value) throws IOException {
        if (value instanceof Json json) {
            writeValue(generator, json.fields);
        } else if (value instanceof Map<?, ?> map) {
            generator.writeStartObject();
            for (Map.Entry<?, ?> entry : map.entrySet()) {
                generator.writeFieldName((String) entry.getKey());
                writeValue(generator, entry.getValue());
            }
            generator.writeEndObject();
        } else if (value instanceof Iterable<?> values) {
            generator.writeStartArray();
            for (Object element : values) {
                writeValue(generator, element);
            }
            generator.writeEndArray();
        } else if (value instanceof Number number) {
            generator.writeNumber(number.longValue());
        } else {
            generator.writeString((String) value);
        }
    }
}
