package dev.fusedrnn.engine.cpu;

/** All lanes of an execution: one per direction. */
final class Lanes implements AutoCloseable {
    private final Lane[] byDirection;

    Lanes(Extents extents) {
        byDirection = new Lane[extents.directions()];
        for (int direction = 0; direction < byDirection.length; direction++) {
            byDirection[direction] = Lane.of(extents, 0, extents.batch());
        }
    }

    void forward(LayerView[] views, boolean training) {
        for (int direction = 0; direction < byDirection.length; direction++) {
            byDirection[direction].forward(views[direction], training);
        }
    }

    void backward(LayerView[] views) {
        for (int direction = 0; direction < byDirection.length; direction++) {
            byDirection[direction].backward(views[direction]);
        }
    }

    @Override
    public void close() {
        for (Lane lane : byDirection) {
            lane.close();
        }
    }
}
