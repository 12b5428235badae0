package dev.fusedrnn.cli;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Ctrl-C and SIGTERM while this is open: {@code stop} is called again and again until this is closed, and only then does the
 * process end. So the work gets the time to save what it has.
 */
final class Interrupt implements AutoCloseable {
    private static final int ASK_EVERY_MILLIS = 20;

    private final CountDownLatch closed = new CountDownLatch(1);
    private final Thread hook;
    private volatile boolean raised;

    /**
     * Starts to watch.
     *
     * @param stop asks the work to return soon; called on another thread
     */
    Interrupt(Runnable stop) {
        hook = new Thread(() -> askUntilClosed(stop), "fusedrnn-interrupt");
        Runtime.getRuntime().addShutdownHook(hook);
    }

    private void askUntilClosed(Runnable stop) {
        raised = true;
        try {
            do {
                stop.run();
            } while (!closed.await(ASK_EVERY_MILLIS, TimeUnit.MILLISECONDS));
        } catch (InterruptedException ended) {
            Thread.currentThread().interrupt();
        }
    }

    /** Whether the user wants an end. */
    boolean isRaised() {
        return raised;
    }

    /** Lets the process end. */
    @Override
    public void close() {
        closed.countDown();
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException alreadyEnding) {
            // The hook is running: it has just been let go.
        }
    }
}
