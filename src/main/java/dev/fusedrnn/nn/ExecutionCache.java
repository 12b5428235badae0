package dev.fusedrnn.nn;

import dev.fusedrnn.engine.ForwardCall;
import dev.fusedrnn.engine.RecurrentEngine;
import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.engine.RnnExecution;
import dev.fusedrnn.tensor.Device;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Prepared executions by shape, the least recently used dropped first. One that a pending backward pass needs is kept
 * beyond the limit.
 */
final class ExecutionCache implements AutoCloseable {
    /** Shapes kept: a training and a validation shape, their shorter last batches, and single steps. */
    static final int LIMIT = 8;

    private record Key(int steps, int batch, boolean training) {}

    /** A prepared execution with the number of passes that wait for their backward. */
    static final class Prepared {
        private final RnnExecution execution;
        private long parametersVersion = -1;
        private int pins;

        Prepared(RnnExecution execution) {
            this.execution = execution;
        }

        RnnExecution execution() {
            return execution;
        }

        /** Queues a forward pass with parameters of a {@linkplain Parameters#version version}. */
        void forward(ForwardCall call, long version) {
            boolean same = parametersVersion == version;
            parametersVersion = -1;
            execution.forward(call, same);
            parametersVersion = version;
        }

        void pin() {
            pins++;
        }

        void unpin() {
            pins--;
        }
    }

    private final RecurrentEngine engine;
    private final RnnConfig config;
    private final Device device;
    private final Map<Key, Prepared> prepared = new LinkedHashMap<>(16, 0.75f, true);

    ExecutionCache(RecurrentEngine engine, RnnConfig config, Device device) {
        this.engine = engine;
        this.config = config;
        this.device = device;
    }

    Prepared get(int steps, int batch, boolean training) {
        Key key = new Key(steps, batch, training);
        Prepared found = prepared.get(key);
        if (found == null) {
            found = new Prepared(engine.prepare(config, device, steps, batch, training));
            prepared.put(key, found);
            trim(found);
        }
        return found;
    }

    int size() {
        return prepared.size();
    }

    private void trim(Prepared newest) {
        Iterator<Prepared> oldestFirst = prepared.values().iterator();
        while (prepared.size() > LIMIT && oldestFirst.hasNext()) {
            Prepared candidate = oldestFirst.next();
            if (candidate.pins == 0 && candidate != newest) {
                oldestFirst.remove();
                candidate.execution.close();
            }
        }
    }

    @Override
    public void close() {
        prepared.values().forEach(entry -> entry.execution.close());
        prepared.clear();
    }
}
