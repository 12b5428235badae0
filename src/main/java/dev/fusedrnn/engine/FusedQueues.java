package dev.fusedrnn.engine;

import dev.fusedrnn.internal.cuda.CudaContext;
import dev.fusedrnn.internal.cuda.Lanes;
import dev.fusedrnn.internal.fused.WorkQueue;
import java.util.ArrayList;
import java.util.List;

/** The queues of an execution: a lane for each layer that runs at once, and in training the side, else null. */
record FusedQueues(List<WorkQueue> lanes, WorkQueue side) implements AutoCloseable {
    static FusedQueues open(CudaContext context, int lanes, boolean training) {
        Lanes.of(context).makeRoom(lanes);
        List<WorkQueue> queues = new ArrayList<>();
        for (int lane = 0; lane < lanes; lane++) {
            queues.add(WorkQueue.lane(context, lane));
        }
        return new FusedQueues(queues, training ? WorkQueue.side(context) : null);
    }

    WorkQueue main() {
        return lanes.get(0);
    }

    @Override
    public void close() {
        if (side != null) {
            side.close();
        }
        lanes.forEach(WorkQueue::close);
    }
}
