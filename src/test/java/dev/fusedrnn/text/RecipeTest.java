package dev.fusedrnn.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fusedrnn.testing.Draw;
import dev.fusedrnn.testing.SharedData;
import java.io.IOException;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RecipeTest {
    private record Measured(long characters, int distinct, int pieces) {}

    private static Measured measure(CodePoints text) throws IOException {
        long characters = 0;
        int pieces = 0;
        Set<Integer> distinct = new HashSet<>();
        try (text) {
            for (int point = text.next(); point != CodePoints.END; point = text.next()) {
                if (point == CodePoints.PIECE_END) {
                    pieces++;
                } else {
                    characters++;
                    distinct.add(point);
                }
            }
        }
        return new Measured(characters, distinct.size(), pieces);
    }

    /** The published sizes of The Time Machine after cleaning; the raw size is that of the file. */
    @ParameterizedTest
    @CsvSource({"RAW, 178979, 70, 0", "V1, 173428, 27, 0", "V017, 170580, 27, 3221", "STAT157, 178605, 44, 0"})
    void timeMachineHasThePublishedSizes(Recipe recipe, long characters, int distinct, int pieces) throws IOException {
        TextSource book = TextSource.file(SharedData.data("timemachine/timemachine.txt"));
        assertThat(measure(recipe.read(book))).isEqualTo(new Measured(characters, distinct, pieces));
    }

    @Test
    void eachRecipeCleansInItsOwnWay() {
        String text = " The  Time-Machine,\r\n\nby H. G. Wells\n [1898]\n";
        assertThat(Recipe.RAW.clean(text)).isEqualTo(text);
        assertThat(Recipe.V1.clean(text)).isEqualTo(" the time machine by h g wells ");
        assertThat(Recipe.V017.clean(text)).isEqualTo("the time machineby h g wells");
        assertThat(Recipe.STAT157.clean(text)).isEqualTo("the time-machine, by h. g. wells [1898]");
    }

    @Test
    void linesEndInAnyOfThreeWaysAndTheLastNeedsNoEnd() throws IOException {
        assertThat(measure(Recipe.V017.clean(CodePoints.of("a\nb\r\nc\rd"))).pieces())
                .isEqualTo(4);
        assertThat(measure(Recipe.V017.clean(CodePoints.of("a\n\n"))).pieces()).isEqualTo(2);
        assertThat(measure(Recipe.V017.clean(CodePoints.of(""))).pieces()).isZero();
    }

    @Test
    void lettersAreThoseOfEnglishAndOtherCharactersSeparate() {
        assertThat(Recipe.V1.clean("Ünï\uD83D\uDE00Kelvin \u212A")).isEqualTo(" n kelvin ");
        assertThat(Recipe.STAT157.clean("\u00A0Ünï \u2003\uD83D\uDE00 ")).isEqualTo("ünï \uD83D\uDE00");
    }

    @Test
    void cleaningIsStableAndSaysWhatItPromises() {
        Draw.cases(300, draw -> {
            String text = draw.text(60, draw::character);
            String once = Recipe.V1.clean(text);
            assertThat(Recipe.V1.clean(once)).isEqualTo(once);
            assertThat(once).matches("[a-z ]*").doesNotContain("  ");
            assertThat(once).isEqualTo(text.replaceAll("[^A-Za-z]+", " ").toLowerCase(java.util.Locale.ROOT));
        });
    }

    @Test
    void namesAreTakenInAnyCaseAndOthersRefused() {
        assertThat(Recipe.of("V017")).isEqualTo(Recipe.V017);
        assertThatThrownBy(() -> Recipe.of("v2"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("recipe: expected one of raw, v1, v017, stat157, translation, found 'v2'");
    }
}
