package dev.fusedrnn.internal.fused;

import dev.fusedrnn.internal.natives.FrnnPackJob;
import dev.fusedrnn.internal.natives.FrnnPackParams;
import dev.fusedrnn.internal.natives.FusedRnn;

/** Matrices that are packed by one launch; by some more if they are more than a launch takes. */
public final class Packing {
    private final NativeCalls calls;
    private final FrnnPackParams params;
    private final FrnnPackJob[] jobs = new FrnnPackJob[FusedRnn.FRNN_MOST_JOBS];
    private int count;

    Packing(NativeCalls calls) {
        this.calls = calls;
        params = new FrnnPackParams(calls.struct("Pack"));
        params.structSize(params.sizeof());
        for (int i = 0; i < jobs.length; i++) {
            jobs[i] = params.jobs(i);
        }
    }

    void begin(int flatType, int packedType, long stream) {
        params.flatType(flatType).packedType(packedType).stream(stream);
        count = 0;
    }

    /** Adds a matrix; what is left of the packed one becomes zero. */
    void add(PackedMatrix matrix, long flat, long packed) {
        addSum(matrix, flat, 0, 0, packed);
    }

    /**
     * Adds the sum of two matrices, zeros where an address is 0.
     *
     * @param apart F32 [hidden, columns]: where the last gate's rows of {@code added} go instead; 0 if they are added
     */
    void addSum(PackedMatrix matrix, long flat, long added, long apart, long packed) {
        if (count == jobs.length) {
            launch();
        }
        jobs[count++]
                .rows(matrix.order())
                .gates(matrix.gates())
                .hidden(matrix.hidden())
                .columns(matrix.columns())
                .packedRows(matrix.rows())
                .packedStride(matrix.pitch())
                .flat(flat)
                .added(added)
                .apart(apart)
                .packed(packed);
    }

    /** Queues what was added since the last launch. */
    void launch() {
        if (count > 0) {
            calls.check(FusedRnn.frnn_pack(params.count(count), calls.message()));
            count = 0;
        }
    }
}
