package dev.fusedrnn.train;

import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.tensor.StagedInts;
import dev.fusedrnn.text.Minibatches;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;

/**
 * A few minibatches in host memory that the device reads by itself: a thread of its own assembles them ahead, in order, so
 * that the thread that queues device work never does. What arrives is what {@link Minibatches.Epoch#load} writes.
 *
 * <p>Confined to one thread at a time but for the thread it starts.
 */
final class MinibatchRing implements AutoCloseable {
    private static final int SLOTS = 8;

    /** Minibatches whose transfer is not waited for: how many steps the host may be ahead of the device. */
    private static final int IN_FLIGHT = 4;

    private final int rows;
    private final List<Slot> slots = new ArrayList<>();
    private final Deque<Slot> inFlight = new ArrayDeque<>();

    /**
     * Takes the memory.
     *
     * @param rows T·N
     * @param extra integers behind inputs and targets that the caller fills in
     */
    MinibatchRing(Device device, int rows, int extra) {
        this.rows = rows;
        try {
            for (int i = 0; i < SLOTS; i++) {
                slots.add(new Slot(new StagedInts(device, 2 * rows + extra)));
            }
        } catch (RuntimeException | Error failed) {
            close();
            throw failed;
        }
    }

    /** A minibatch on its way: inputs [T, N], targets [T, N], and room for the caller. */
    static final class Slot {
        private final StagedInts ints;
        private long targetCount;

        private Slot(StagedInts ints) {
            this.ints = ints;
        }

        /** The integers. */
        StagedInts ints() {
            return ints;
        }

        /** How many targets are not ignored. */
        long targetCount() {
            return targetCount;
        }
    }

    /** What the assembling thread hands over: a slot, or what went wrong. */
    private record Ready(Slot slot, Throwable failure) {}

    /**
     * Starts to assemble the minibatches {@code from} to {@code to - 1} of an epoch. Only one run at a time; a run must be
     * closed, after which its thread has ended.
     */
    Run start(Minibatches.Epoch epoch, long from, long to) {
        return new Run(epoch, from, to);
    }

    /** The minibatches of one stretch. */
    final class Run implements AutoCloseable {
        private static final Slot STOP = new Slot(null);

        private final Minibatches.Epoch epoch;
        private final long from;
        private final long to;
        private final BlockingQueue<Slot> free = new ArrayBlockingQueue<>(SLOTS + 1);
        private final BlockingQueue<Ready> ready = new ArrayBlockingQueue<>(SLOTS + 1);
        private final Thread thread = new Thread(this::assemble, "fusedrnn-minibatches");
        private volatile boolean stopping;
        private long taken;

        private Run(Minibatches.Epoch epoch, long from, long to) {
            this.epoch = epoch;
            this.from = from;
            this.to = to;
            free.addAll(slots);
            thread.setDaemon(true);
            thread.start();
        }

        /**
         * The next minibatch, to be uploaded before the next call. Waits for it.
         *
         * @throws RuntimeException what the source threw when it was asked for this minibatch, each time
         * @throws IllegalStateException if there are no more
         */
        Slot next() {
            if (inFlight.size() > IN_FLIGHT) {
                Slot oldest = inFlight.remove();
                oldest.ints.await();
                free.add(oldest);
            }
            if (taken >= to - from) {
                throw new IllegalStateException("all " + taken + " minibatches of this run have been taken");
            }
            Ready next = take(ready);
            if (next.failure != null) {
                ready.add(next);
            }
            if (next.failure instanceof Error error) {
                throw error;
            }
            if (next.failure != null) {
                throw (RuntimeException) next.failure;
            }
            taken++;
            inFlight.add(next.slot);
            return next.slot;
        }

        private void assemble() {
            try {
                int[] inputs = new int[rows];
                int[] targets = new int[rows];
                for (long i = from; i < to && !stopping; i++) {
                    long count = epoch.load(i, inputs, targets);
                    Slot slot = take(free);
                    if (slot == STOP) {
                        return;
                    }
                    slot.ints.put(0, inputs, rows);
                    slot.ints.put(rows, targets, rows);
                    slot.targetCount = count;
                    ready.add(new Ready(slot, null));
                }
            } catch (RuntimeException | Error failed) {
                ready.add(new Ready(null, failed));
            }
        }

        /** Ends the thread and waits for it, and for the transfers it was ahead of. */
        @Override
        public void close() {
            stopping = true;
            free.add(STOP);
            boolean interrupted = false;
            while (thread.isAlive()) {
                try {
                    thread.join();
                } catch (InterruptedException again) {
                    interrupted = true;
                }
            }
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
            while (!inFlight.isEmpty()) {
                inFlight.remove().ints.await();
            }
        }
    }

    /** The head of a queue. An interrupt is kept for later: it must not tear a training step. */
    private static <T> T take(BlockingQueue<T> queue) {
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return queue.take();
                } catch (InterruptedException again) {
                    interrupted = true;
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    @Override
    public void close() {
        slots.forEach(slot -> slot.ints.close());
    }
}
