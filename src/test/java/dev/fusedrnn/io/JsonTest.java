package dev.fusedrnn.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fusedrnn.testing.Draw;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class JsonTest {
    @TempDir
    Path folder;

    private static Json sample() {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("zeta", 1);
        fields.put("alpha", List.of(0.1f, 2e-3, true, "a\"\n✓", Json.ofNumbers(3, 4)));
        fields.put("none", null);
        fields.put("empty", Map.of());
        return Json.of(fields);
    }

    @Test
    void valuesAreWrittenInTheOrderTheyWerePutIn() {
        assertThat(sample().text())
                .isEqualTo("{\"zeta\":1,\"alpha\":[0.1,0.002,true,\"a\\\"\\n✓\",[3,4]],\"none\":null,\"empty\":{}}");
    }

    @Test
    void valuesComeBackEqualInBothLayouts() {
        assertThat(Json.parse(sample().text())).isEqualTo(sample());
        assertThat(Json.parse(sample().lines())).isEqualTo(sample());
        assertThat(sample().lines())
                .startsWith("{\n  \"zeta\" : 1,\n")
                .endsWith("}\n")
                .doesNotContain("\r");
    }

    @Test
    void everyTextAndNumberSurvives() {
        Draw.cases(200, draw -> {
            List<Object> values = new ArrayList<>(draw.list(0, 20, () -> draw.text(40, draw::character)));
            values.add(draw.anyDouble());
            values.add(draw.anyLong());
            Json value = Json.of(values);
            assertThat(Json.parse(value.text())).isEqualTo(value);
        });
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            quoteCharacter = '\0',
            value = {
                "{\"a\":1,\"a\":2}; Duplicate",
                "{a:1}; character",
                "[1,]; character",
                "[1] 2; data after the value",
                "9223372036854775808; beyond 64 bits",
                "1e400; beyond the range",
                "NaN; NaN",
                "// c; character",
                "[1; end-of-input",
            })
    void whatIsNotStrictIsRefusedWithItsReason(String text, String reason) {
        assertThatThrownBy(() -> Json.parse(text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(reason);
    }

    @Test
    void emptyAndTooDeepTextIsRefused() {
        assertThatThrownBy(() -> Json.parse(" ")).hasMessageContaining("no value");
        assertThatThrownBy(() -> Json.parse("[".repeat(100_000)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("depth");
        assertThat(Json.parse("[".repeat(64) + "]".repeat(64)).items()).hasSize(1);
    }

    @Test
    void limitsAreTheCallers() {
        Json.Limits limits = new Json.Limits(1 << 17, 2);
        assertThat(Json.parse("[[1]]", limits).items()).hasSize(1);
        assertThatThrownBy(() -> Json.parse("[[[1]]]", limits)).hasMessageContaining("depth (3)");
        String text = "[\"" + "a".repeat(1 << 16) + "\",\"" + "b".repeat(1 << 16) + "\"]";
        assertThat(Json.parse(text).items()).hasSize(2);
        assertThatThrownBy(() -> Json.parse(text, limits))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("Document length");
        assertThatThrownBy(() -> new Json.Limits(0, 1)).hasMessageContaining("found 0 and 1");
    }

    @Test
    void whatJsonCannotSayIsRefused() {
        assertThatThrownBy(() -> Json.of(Double.NaN)).hasMessageContaining("NaN");
        assertThatThrownBy(() -> Json.of(Float.POSITIVE_INFINITY)).hasMessageContaining("Infinity");
        assertThatThrownBy(() -> Json.of(Map.of(1, 2))).hasMessageContaining("key 1");
        assertThatThrownBy(() -> Json.of(new int[0])).hasMessageContaining("no JSON value");
    }

    @Test
    void accessorsNameTheKindTheyFound() {
        Json value = Json.parse("{\"a\":[1,2.5],\"b\":\"x\",\"c\":true}");
        assertThat(value.field("a").items().get(0).asLong()).isEqualTo(1);
        assertThat(value.field("a").items().get(0).asDouble()).isEqualTo(1);
        assertThat(value.field("a").items().get(1).asDouble()).isEqualTo(2.5);
        assertThat(value.field("c").asBoolean()).isTrue();
        assertThatThrownBy(() -> value.field("b").asLong()).hasMessage("expected a whole number, found a string");
        assertThatThrownBy(() -> value.field("d")).hasMessageContaining("no field 'd' among [a, b, c]");
    }

    @Test
    void filesAreSavedAndReadAndBadOnesNamed() throws IOException {
        Path file = folder.resolve("report.json");
        sample().write(file);
        assertThat(Json.read(file)).isEqualTo(sample());
        Files.write(file, new byte[] {'"', (byte) 0xff, '"'});
        assertThatThrownBy(() -> Json.read(file))
                .isInstanceOf(InvalidFileException.class)
                .hasMessageContaining("not UTF-8");
        Files.writeString(file, "{");
        assertThatThrownBy(() -> Json.read(file))
                .isInstanceOf(InvalidFileException.class)
                .hasMessageContaining(file.toString());
        assertThatThrownBy(() -> Json.read(folder))
                .isInstanceOf(InvalidFileException.class)
                .hasMessageContaining("not a regular file");
    }
}
