package dev.fusedrnn;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fusedrnn.model.Classified;
import dev.fusedrnn.model.LanguageModel;
import dev.fusedrnn.model.SequenceClassifier;
import dev.fusedrnn.nn.EngineChoice;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.text.Vocabulary;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReadmeTest {
    private static final Path README = Path.of("README.md");
    private static final Path EXAMPLE = Path.of("src/test/java/dev/fusedrnn/ReadmeExample.java");

    @TempDir
    Path folder;

    @Test
    void examplesAreTheOnesThatAreCompiled() throws IOException {
        List<String> shown = new ArrayList<>();
        Matcher blocks = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL).matcher(Files.readString(README));
        while (blocks.find()) {
            shown.add(blocks.group(1));
        }
        String source = Files.readString(EXAMPLE);
        String examples = source.substring(
                source.indexOf("    // README example 1"), source.indexOf("    // end of README examples"));
        List<String> compiled = Pattern.compile(" *// README example \\d\n")
                .splitAsStream(examples)
                .filter(part -> !part.isBlank())
                .map(ReadmeTest::outdented)
                .toList();

        assertThat(shown).isEqualTo(compiled);
    }

    private static String outdented(String code) {
        return code.strip().lines().map(line -> line.replaceFirst("^ {4}", "")).collect(Collectors.joining("\n"))
                + "\n";
    }

    @Test
    void theFirstExampleTrainsSavesAndWrites() throws IOException {
        Path text = Files.writeString(folder.resolve("text"), "The sea came in and the sea went out. ".repeat(40));
        Path saved = folder.resolve("model.safetensors");

        String written = ReadmeExample.trainAndWrite(text, saved, 1);

        assertThat(written.replace(Vocabulary.UNKNOWN, "?")).hasSize(200);
        try (Device device = Device.best();
                LanguageModel loaded = LanguageModel.load(saved, device, EngineChoice.AUTO)) {
            assertThat(loaded.codec().vocabulary().contains("T")).isTrue();
        }
    }

    @Test
    void theSecondExampleGivesAGradient() {
        float[] dy = new float[35 * 32 * 256];
        dy[0] = 1;

        float[] dx = ReadmeExample.gradientOfInput(new float[35 * 32 * 28], dy);

        assertThat(dx).hasSize(35 * 32 * 28);
        assertThat(dx[0]).isNotZero();
        assertThat(dx[dx.length - 1]).isZero();
    }

    @Test
    void theThirdExampleLearnsClasses() throws IOException {
        Path texts = Files.writeString(folder.resolve("texts"), "wet the sea\ndry the sand\n".repeat(40));
        Path saved = folder.resolve("classifier.safetensors");

        Classified classified = ReadmeExample.trainAndClassify(texts, saved, 4, "the sand");

        assertThat(classified.label()).isEqualTo("dry");
        try (Device device = Device.best();
                SequenceClassifier loaded = SequenceClassifier.load(saved, device, EngineChoice.AUTO)) {
            assertThat(loaded.classify("the sea").label()).isEqualTo("wet");
        }
    }

    @Test
    void theFourthExampleTranslates() throws IOException {
        Path text = Files.writeString(folder.resolve("pairs"), "Go.\tVa !\nRun!\tCours !\n".repeat(4));
        Path saved = folder.resolve("translation.safetensors");

        String written = ReadmeExample.learnAndTranslate(text, saved, 30, "Run!");

        assertThat(written).isEqualTo("cours !");
        assertThat(saved).isNotEmptyFile();
    }

    @Test
    void everyFileThatIsNamedExists() throws IOException {
        Matcher names = Pattern.compile("`((?:src|native|cmake|tools|benchmarks|\\.ci)[\\w./-]*)`")
                .matcher(Files.readString(README));
        List<String> named = names.results().map(found -> found.group(1)).toList();

        assertThat(named).isNotEmpty().allSatisfy(name -> assertThat(Path.of(name))
                .exists());
    }
}
