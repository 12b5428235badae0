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

    private static final int IDLE_SECONDS = 30;

    /** A piece of work in parts. */
    public interface Work {
        /** Does part {@code part}. */
        void run(int part);
    }

    private Workers() {}

    /** Threads one call may be spread over. */
    public static int threads() {
        return Pool.THREADS;
    }

    /** Runs parts 0 to {@code parts} − 1 and returns when all are done; rethrows what one of them has thrown. */
    public static void run(int parts, Work work) {
        int helpers = Math.min(parts, Pool.THREADS) - 1;
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
        private static final int THREADS = wanted();
        private static final ThreadPoolExecutor EXECUTOR = executor();

        private Pool() {}

        private static int wanted() {
            int processors = Runtime.getRuntime().availableProcessors();
            Integer wanted = Integer.getInteger(THREADS_PROPERTY, processors);
            if (wanted < 1) {
                throw new IllegalArgumentException(THREADS_PROPERTY + " must be at least 1, found " + wanted);
            }
            return wanted;
        }

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
