package dev.fusedrnn.internal.fused;

import dev.fusedrnn.internal.natives.FrnnUnpackJob;
import dev.fusedrnn.internal.natives.FrnnUnpackParams;
import dev.fusedrnn.internal.natives.FusedRnn;

/** Matrices that go back to the flat layout by one launch; by some more if they are more than a launch takes. */
final class Unpacking {
    private final NativeCalls calls;
    private final FrnnUnpackParams params;
    private final FrnnUnpackJob[] jobs = new FrnnUnpackJob[FusedRnn.FRNN_MOST_JOBS];
    private int count;

    Unpacking(NativeCalls calls) {
        this.calls = calls;
        params = new FrnnUnpackParams(calls.struct("Unpack"));
        params.structSize(params.sizeof());
        for (int i = 0; i < jobs.length; i++) {
            jobs[i] = params.jobs(i);
        }
    }

    void begin(int packedType, int flatType, boolean accumulate, long stream) {
        params.packedType(packedType).flatType(flatType).accumulate(accumulate ? 1 : 0).stream(stream);
        count = 0;
    }

    /** Adds a matrix. */
    void add(PackedMatrix matrix, long packed, long flat) {
        add(matrix, packed, flat, 0);
    }

    /** Adds a matrix that two parameters have as their gradient; one if {@code second} is 0. */
    void add(PackedMatrix matrix, long packed, long flat, long second) {
        if (count == jobs.length) {
            launch();
        }
        jobs[count++]
                .rows(matrix.order())
                .gates(matrix.gates())
                .hidden(matrix.hidden())
                .columns(matrix.columns())
                .packedStride(matrix.pitch())
                .packed(packed)
                .flat(flat)
                .second(second);
    }

    /** Queues what was added since the last launch. */
    void launch() {
        if (count > 0) {
            calls.check(FusedRnn.frnn_unpack(params.count(count), calls.message()));
            count = 0;
        }
    }
}
