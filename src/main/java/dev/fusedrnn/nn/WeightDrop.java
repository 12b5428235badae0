package dev.fusedrnn.nn;

import dev.fusedrnn.engine.ParameterLayout;
import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.kernel.Kernels;
import dev.fusedrnn.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * DropConnect on a stack's recurrent matrices (Wan et al. 2013; weight drop of Merity, Keskar and Socher 2018): a pass runs on
 * a copy of the parameters in which elements of every {@code wHh} are dropped and the others scaled by 1/(1−p), one mask for
 * all time steps. The parameters themselves are what an optimizer changes; their gradient is the copy's times the mask.
 *
 * <p>Nothing is allocated or drawn on the host between passes, so that a pass can be recorded and replayed.
 */
public final class WeightDrop implements AutoCloseable {
    /** A recurrent matrix: the parameter, its gradient, its place in the copy, and the stream of its mask. */
    private record Matrix(Tensor value, Tensor gradient, Tensor dropped, int stream) {}

    private final Kernels kernels;
    private final Rnn rnn;
    private final float probability;
    private final Tensor dropped;
    private final List<Matrix> matrices = new ArrayList<>();

    /**
     * The weight drop of all stacks of a network; none if nothing is dropped.
     *
     * @param owner told of each as soon as it is there, and closes it
     */
    public static List<WeightDrop> of(LanguageNetwork network, double probability, Consumer<WeightDrop> owner) {
        List<WeightDrop> drops = new ArrayList<>();
        int stream = LanguageNetwork.WEIGHT_STREAM;
        for (Rnn rnn : probability > 0 ? network.stacks() : List.<Rnn>of()) {
            drops.add(new WeightDrop(network.kernels(), rnn, probability, stream));
            owner.accept(drops.get(drops.size() - 1));
            stream += rnn.config().layers() * rnn.config().directions();
        }
        return drops;
    }

    /**
     * Takes the memory of the copy.
     *
     * @param probability that an element is dropped, above 0
     * @param firstStream the dropout stream of layer 0's matrix; those of the others follow
     */
    private WeightDrop(Kernels kernels, Rnn rnn, double probability, int firstStream) {
        this.kernels = kernels;
        this.rnn = rnn;
        this.probability = (float) probability;
        RnnConfig config = rnn.config();
        Tensor values = rnn.flatParameters();
        Tensor gradients = rnn.flatGradients();
        this.dropped = kernels.device().zeros(config.dataType(), values.elements());
        ParameterLayout layout = ParameterLayout.of(config);
        for (int layer = 0; layer < config.layers(); layer++) {
            for (int direction = 0; direction < config.directions(); direction++) {
                ParameterLayout.Entry entry = layout.entry(ParameterLayout.Role.W_HH, layer, direction);
                matrices.add(new Matrix(
                        values.view(entry.offset(), entry.elements()),
                        gradients.view(entry.offset(), entry.elements()),
                        dropped.view(entry.offset(), entry.elements()),
                        firstStream + matrices.size()));
            }
        }
    }

    /** Bytes of the copy. */
    public long bytes() {
        return dropped.byteSize();
    }

    /** What a pass runs on: as {@link Rnn#flatParameters}, with dropped elements after {@link #draw}. */
    public Tensor parameters() {
        return dropped;
    }

    /**
     * Queues the copy with a new mask.
     *
     * @param random I32 [4]: seed low, seed high, draw, 0
     */
    public void draw(Tensor random) {
        kernels.convert(rnn.flatParameters(), dropped);
        for (Matrix matrix : matrices) {
            kernels.dropout(matrix.value, matrix.dropped, probability, random, matrix.stream, 0);
        }
    }

    /** Queues the way of the gradients back through the mask of the last {@link #draw} of the same {@code random}. */
    public void backward(Tensor random) {
        for (Matrix matrix : matrices) {
            kernels.dropout(matrix.gradient, matrix.gradient, probability, random, matrix.stream, 0);
        }
    }

    @Override
    public void close() {
        dropped.close();
    }
}
