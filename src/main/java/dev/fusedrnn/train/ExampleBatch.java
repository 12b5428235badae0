package dev.fusedrnn.train;

import java.util.Arrays;
import java.util.List;
import java.util.function.Function;

/** Examples that are computed at once, each padded to T time steps. Immutable. */
public final class ExampleBatch<E> {
    private final List<E> examples;
    private final int[] places;
    private final int steps;

    private ExampleBatch(List<E> examples, int[] places, int steps) {
        this.examples = examples;
        this.places = places;
        this.steps = steps;
    }

    static <E> ExampleBatch<E> of(List<E> all, int[] places, int steps) {
        List<E> examples = Arrays.stream(places).mapToObj(all::get).toList();
        return new ExampleBatch<>(examples, places, steps);
    }

    /** The same minibatch of what is made of each example. */
    public <F> ExampleBatch<F> map(Function<E, F> change) {
        return new ExampleBatch<>(examples.stream().map(change).toList(), places, steps);
    }

    /** T: no example is longer. */
    public int steps() {
        return steps;
    }

    /** N. */
    public int size() {
        return places.length;
    }

    /** The example of a row. */
    public E get(int row) {
        return examples.get(row);
    }

    /** All examples, row by row. */
    public List<E> examples() {
        return examples;
    }

    /** Where the example of a row stands among all examples. */
    public int place(int row) {
        return places[row];
    }
}
