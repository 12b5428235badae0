package dev.fusedrnn.train;

import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.tensor.StagedInts;
import dev.fusedrnn.tensor.Tensor;

/**
 * The integers of a minibatch on the device, which come in one transfer: inputs, targets, and behind them the generators of
 * dropout and, as their bits, what else changes from step to step. Shorter minibatches lie where the longest do, at the start of the room for inputs and of that for targets.
 */
final class MinibatchInts implements AutoCloseable {
    /** Inputs and targets are staged in one array. */
    private static final int MAX_ROWS = 1 << 29;

    /** Integers of one generator. */
    private static final int GENERATOR_WORDS = 4;

    /** The generator of all masks, and that of the masks within a second stack. */
    private static final int RANDOM_WORDS = 2 * GENERATOR_WORDS;

    /** Floats that change from step to step. */
    static final int SCALARS = ParameterStep.SCALARS;

    /** Integers behind inputs and targets. */
    static final int STEP_WORDS = RANDOM_WORDS + SCALARS;

    private final int room;
    private final StagedInts staged;
    private final Tensor ints;
    private final int[] stepWords = new int[STEP_WORDS];

    /**
     * Takes the memory.
     *
     * @param room T·N of the longest minibatch
     */
    MinibatchInts(Device device, int room) {
        this.room = room;
        this.staged = new StagedInts(device, 2 * room + STEP_WORDS);
        try {
            this.ints = device.zeros(DataType.I32, staged.length());
        } catch (RuntimeException | Error noMemory) {
            staged.close();
            throw noMemory;
        }
    }

    /** T·N, if it is a size of a minibatch. */
    static int rows(int steps, int batch) {
        long rows = (long) steps * batch;
        if (steps < 1 || batch < 1 || rows > MAX_ROWS) {
            throw new IllegalArgumentException("steps and batch must be 1 or more with a product of at most " + MAX_ROWS
                    + ", found " + steps + " and " + batch);
        }
        return (int) rows;
    }

    /** The first {@code rows} inputs. */
    Tensor inputs(int rows) {
        return ints.view(0, rows);
    }

    /** The first {@code rows} targets. */
    Tensor targets(int rows) {
        return ints.view(room, rows);
    }

    /** I32 [4]: seed low, seed high, draw, 0 of the generator for what is drawn in a stack; the first one's also for all else. */
    Tensor random(int stack) {
        return ints.view(2L * room + (long) stack * GENERATOR_WORDS, GENERATOR_WORDS);
    }

    /** F32 [{@value #SCALARS}]: what {@link #setScalars} was given before the last transfer. */
    Tensor scalars() {
        return ints.view(2L * room + RANDOM_WORDS, SCALARS).as(DataType.F32);
    }

    /** Sets the scalars that go with the next transfer. */
    void setScalars(float[] values) {
        for (int i = 0; i < SCALARS; i++) {
            stepWords[RANDOM_WORDS + i] = Float.floatToRawIntBits(values[i]);
        }
    }

    /** Queues the transfer of the first {@code rows} of inputs and targets. */
    void load(int[] inputs, int[] targets, int rows, long seed, int draw) {
        staged.await();
        staged.put(0, inputs, rows);
        staged.put(room, targets, rows);
        load(staged, seed, draw);
    }

    /** Queues the transfer of a minibatch that has been put together already, but for the {@link #STEP_WORDS}. */
    void load(StagedInts minibatch, long seed, int draw) {
        for (int at = 0; at < RANDOM_WORDS; at += GENERATOR_WORDS) {
            long own = at == 0 ? seed : ~seed;
            stepWords[at] = (int) own;
            stepWords[at + 1] = (int) (own >>> 32);
            stepWords[at + 2] = draw;
        }
        minibatch.put(2 * room, stepWords, STEP_WORDS);
        minibatch.upload(ints);
    }

    /** Bytes on the device. */
    long bytes() {
        return ints.byteSize();
    }

    @Override
    public void close() {
        staged.close();
        ints.close();
    }
}
