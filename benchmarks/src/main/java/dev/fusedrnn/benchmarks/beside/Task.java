package dev.fusedrnn.benchmarks.beside;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;

/** A case opened by one plan of the library: what {@link LibraryWorker} runs. */
interface Task extends AutoCloseable {
    /** Computes the results to compare and saves them; says how they were computed. Comes first. */
    Map<String, Object> save(Path file) throws IOException;

    /** Queues one pass or step. */
    void run();

    @Override
    void close();
}
