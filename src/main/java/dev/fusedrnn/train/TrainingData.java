package dev.fusedrnn.train;

import dev.fusedrnn.text.Minibatches;
import java.nio.ByteBuffer;
import java.util.HexFormat;
import java.util.Objects;
import java.util.zip.CRC32C;

/**
 * What a network is trained and validated on.
 *
 * @param training minibatches of every epoch
 * @param validation its first epoch is evaluated behind each epoch of training; null for none
 */
public record TrainingData(Minibatches training, Minibatches validation) {
    public TrainingData {
        Objects.requireNonNull(training, "training");
    }

    /** A short text that differs when sizes, sampling, seed or the text itself differ: what a checkpoint was made on. */
    public String fingerprint() {
        int rows = training.steps() * training.batch();
        int[] inputs = new int[rows];
        int[] targets = new int[rows];
        CRC32C crc = new CRC32C();
        ByteBuffer bytes = ByteBuffer.allocate(Integer.BYTES * rows);
        Minibatches.Epoch epoch = training.epoch(0);
        for (long index : new long[] {0, epoch.size() - 1}) {
            epoch.load(index, inputs, targets);
            for (int[] values : new int[][] {inputs, targets}) {
                bytes.clear();
                bytes.asIntBuffer().put(values);
                crc.update(bytes);
            }
        }
        return training.steps() + "x" + training.batch() + "x" + epoch.size() + ":"
                + HexFormat.of().toHexDigits((int) crc.getValue());
    }
}
