package dev.fusedrnn.internal.blas;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Spreads the parts of one piece of work over the threads of this process that compute. The caller works too, so a part
 * never waits for a free thread; what a part computes must not depend on which thread runs it.
 *
 * <p>The system property {@code fusedrnn.cpu.threads} bounds the threads of one call; by default it is the number of
 * processors this process may use. It is read once. The threads are daemons and end after a while without work.
 */
public final class Workers {
    /** System property: most threads that work on one call. */
    public static final String THREADS_PROPERTY = "fusedrnn.cpu.threads";

    /** More are of no use on any machine, and a mistyped number must not start a million. */
    static final int MOST_THREADS = 1024;

    private static final int IDLE_SECONDS = 30;

    /** A piece of work in parts. */
    public interface Work {
        /** Does part {@code part}. */
        void run(int part);
    }

    private Workers() {}

    /**
     * Threads one call may be spread over.
     *
     * @throws IllegalArgumentException if the system property is not a number that is possible
     */
    public static int threads() {
        // Not in the pool's initialization: that would fail once with this reason and ever after without.
        return required(Pool.THREADS, Pool.GIVEN);
    }

    static int required(int threads, String given) {
        if (threads == 0) {
            throw new IllegalArgumentException(
                    THREADS_PROPERTY + " must be a whole number in [1, " + MOST_THREADS + "], found " + given);
        }
        return threads;
    }

    /** The number that the property gives, or that of the processors; 0 if it is not possible. */
    static int wanted(String given) {
        if (given == null) {
            return Math.min(MOST_THREADS, Runtime.getRuntime().availableProcessors());
        }
        int threads = given.matches("[0-9]{1,4}") ? Integer.parseInt(given) : 0;
        return threads <= MOST_THREADS ? threads : 0;
    }

    /** Runs parts 0 to {@code parts} − 1 and returns when all are done; rethrows what one of them has thrown. */
    public static void run(int parts, Work work) {
        int helpers = Math.min(parts, threads()) - 1;
        if (helpers <= 0) {
            for (int part = 0; part < parts; part++) {
                work.run(part);
            }
            return;
        }
        Job job = new Job(parts, work);
        for (int i = 0; i < helpers; i++) {
            Pool.EXECUTOR.execute(job);
        }
        job.run();
        job.await();
    }

    /** Takes parts until none is left; run by the caller and by every helper that comes in time. */
    private static final class Job implements Runnable {
        private final int parts;
        private final Work work;
        private final AtomicInteger next = new AtomicInteger();
        private final CountDownLatch unfinished;
        private volatile Throwable failure;

        Job(int parts, Work work) {
            this.parts = parts;
            this.work = work;
            this.unfinished = new CountDownLatch(parts);
        }

        @Override
        public void run() {
            for (int part = next.getAndIncrement(); part < parts; part = next.getAndIncrement()) {
                try {
                    work.run(part);
                } catch (RuntimeException | Error thrown) {
                    failure = thrown;
                } finally {
                    unfinished.countDown();
                }
            }
        }

        /** An interrupt is kept for later: the parts still run and use the caller's memory. */
        void await() {
            boolean interrupted = false;
            while (true) {
                try {
                    unfinished.await();
                    break;
                } catch (InterruptedException again) {
                    interrupted = true;
                }
            }
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
            if (failure instanceof RuntimeException thrown) {
                throw thrown;
            }
            if (failure instanceof Error thrown) {
                throw thrown;
            }
        }
    }

    private static final class Pool {
        private static final String GIVEN = System.getProperty(THREADS_PROPERTY);
        private static final int THREADS = wanted(GIVEN);
        private static final ThreadPoolExecutor EXECUTOR = executor();

        private Pool() {}

        private static ThreadPoolExecutor executor() {
            int helpers = Math.max(1, THREADS - 1);
            ThreadPoolExecutor executor = new ThreadPoolExecutor(
                    helpers, helpers, IDLE_SECONDS, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), work -> {
                        Thread thread = new Thread(work, "fusedrnn-cpu");
                        thread.setDaemon(true);
                        return thread;
                    });
            executor.allowCoreThreadTimeOut(true);
            return executor;
        }
    }
}
