package dev.fusedrnn.engine.cpu;

import dev.fusedrnn.internal.blas.Workers;

/** All lanes of an execution: both directions, and the samples of each divided so that every thread has a share. */
final class Lanes implements Workers.Work, AutoCloseable {
    /** Fewer samples than this make products too thin to be worth another thread. */
    private static final int LEAST_SAMPLES = 8;

    private final int perDirection;
    private final Lane[] lanes;
    private LayerView[] views;
    private boolean backward;
    private boolean training;

    Lanes(Extents extents) {
        int wanted = (Workers.threads() + extents.directions() - 1) / extents.directions();
        this.perDirection = Math.max(1, Math.min(wanted, extents.batch() / LEAST_SAMPLES));
        this.lanes = new Lane[extents.directions() * perDirection];
        for (int i = 0; i < lanes.length; i++) {
            int part = i % perDirection;
            int first = (int) ((long) extents.batch() * part / perDirection);
            int end = (int) ((long) extents.batch() * (part + 1) / perDirection);
            lanes[i] = Lane.of(extents, first, end);
        }
    }

    void forward(LayerView[] layer, boolean keep) {
        views = layer;
        backward = false;
        training = keep;
        Workers.run(lanes.length, this);
    }

    void backward(LayerView[] layer) {
        views = layer;
        backward = true;
        Workers.run(lanes.length, this);
    }

    @Override
    public void run(int part) {
        LayerView view = views[part / perDirection];
        if (backward) {
            lanes[part].backward(view);
        } else {
            lanes[part].forward(view, training);
        }
    }

    @Override
    public void close() {
        for (Lane lane : lanes) {
            lane.close();
        }
    }
}
