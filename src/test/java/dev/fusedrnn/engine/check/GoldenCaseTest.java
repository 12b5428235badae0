package dev.fusedrnn.engine.check;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fusedrnn.engine.CellType;
import dev.fusedrnn.testing.SharedData;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GoldenCaseTest {
    @TempDir
    Path folder;

    @Test
    void readsConfigurationLengthsAndTypes() throws IOException {
        GoldenCase ragged = GoldenCase.read(SharedData.golden("09-lstm-b4-t9-i5-h6-l2-d2-len.safetensors"));
        assertThat(ragged.name()).isEqualTo("09-lstm-b4-t9-i5-h6-l2-d2-len");
        assertThat(ragged.data().config().cell()).isEqualTo(CellType.LSTM);
        assertThat(ragged.data().config().bidirectional()).isTrue();
        assertThat(ragged.data().lengths().toArray()).containsExactly(9, 7, 4, 1);
        assertThat(ragged.narrow()).isEmpty();
        GoldenCase large = GoldenCase.read(SharedData.golden("20-lstm-b5-t12-i40-h128-l2-d1.safetensors"));
        assertThat(large.data().lengths()).isNull();
        assertThat(large.narrow()).contains("d_weight_hh_l1").doesNotContain("hy");
        assertThat(GoldenCase.read(SharedData.golden("10-lstm-b3-t6-i5-h8-l1-d1-p3.safetensors"))
                        .data()
                        .config()
                        .projSize())
                .isEqualTo(3);
    }

    @Test
    void saysWhatIsWrongWithAFile() throws IOException {
        Path file = folder.resolve("case.safetensors");
        write(file, "{\"__metadata__\":{\"cell\":\"lstm\"}}");
        assertThatThrownBy(() -> GoldenCase.read(file))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("inputSize");
        write(file, metadata("elman", "3"));
        assertThatThrownBy(() -> GoldenCase.read(file))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("ELMAN");
        write(file, metadata("gru", "three"));
        assertThatThrownBy(() -> GoldenCase.read(file))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("inputSize must be a whole number, found three");
        write(file, metadata("gru", "3").replace("\"batch\":\"2\"", "\"batch\":\"0\""));
        assertThatThrownBy(() -> GoldenCase.read(file))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("seqLen and batch must be at least 1, found 5 and 0");
        write(file, metadata("gru", "3"));
        assertThatThrownBy(() -> GoldenCase.read(file))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("weight_ih_l0");
    }

    private static String metadata(String cell, String inputSize) {
        return "{\"__metadata__\":{\"cell\":\"" + cell + "\",\"inputSize\":\"" + inputSize + "\",\"hiddenSize\":\"4\","
                + "\"numLayers\":\"1\",\"numDirections\":\"1\",\"bias\":\"true\",\"projSize\":\"0\",\"seqLen\":\"5\","
                + "\"batch\":\"2\",\"seqLengths\":\"\"}}";
    }

    private static void write(Path file, String header) throws IOException {
        byte[] text = header.getBytes(StandardCharsets.UTF_8);
        ByteBuffer buffer = ByteBuffer.allocate(8 + text.length).order(ByteOrder.LITTLE_ENDIAN);
        buffer.putLong(text.length).put(text);
        Files.write(file, buffer.array());
    }
}
