package dev.fusedrnn.engine.cpu;

import dev.fusedrnn.engine.ParameterLayout.Role;
import dev.fusedrnn.internal.blas.ParallelBlas;
import dev.fusedrnn.internal.host.HostMemory;

/** Gradients of one layer's weights and biases: products over all steps and samples of what the recurrence has left. */
final class WeightGradients {
    private final Extents extents;
    private final Workspace workspace;
    private final ParallelBlas blas;

    WeightGradients(Extents extents, Workspace workspace, ParallelBlas blas) {
        this.extents = extents;
        this.workspace = workspace;
        this.blas = blas;
    }

    /** Whether the candidate's gradient differs between the input and the recurrent weights: GRU, reset after. */
    boolean splitsCandidate() {
        return extents.gru() && !extents.resetBefore();
    }

    void compute(LayerView[] views, Addresses a, int layer, long input, boolean accumulate) {
        float beta = accumulate ? 1 : 0;
        for (LayerView v : views) {
            inputWeights(v, a.dParameters, input, beta);
            recurrentWeights(v, a.dParameters, beta);
            if (extents.projected()) {
                projection(v, a.dParameters, beta);
            }
            if (extents.config().bias()) {
                biases(v, a.dParameters, beta);
            }
        }
    }

    private void inputWeights(LayerView v, long flat, long input, float beta) {
        int features = extents.config().layerInputSize(v.layer);
        long target = target(v, flat, Role.W_IH);
        int width = extents.gateRows();
        int columns = splitsCandidate() ? 2 * extents.hidden() : width;
        product(extents.rows(), v.dGates, extents.gradientRow(), columns, input, features, features, beta, target);
        if (splitsCandidate()) {
            long candidate = target + (long) Float.BYTES * columns * features;
            int hidden = extents.hidden();
            product(extents.rows(), v.dExtra, hidden, hidden, input, features, features, beta, candidate);
        }
    }

    private void recurrentWeights(LayerView v, long flat, float beta) {
        long target = target(v, flat, Role.W_HH);
        int hidden = extents.hidden();
        int columns = extents.resetBefore() ? 2 * hidden : extents.gateRows();
        fromPreviousSteps(v, columns, beta, target);
        if (v.hx != 0) {
            fromInitialState(v, columns, target);
        }
        if (extents.resetBefore()) {
            long dCandidate = v.dGates + (long) Float.BYTES * columns;
            long candidate = target + (long) Float.BYTES * columns * hidden;
            product(
                    extents.rows(),
                    dCandidate,
                    extents.gradientRow(),
                    hidden,
                    v.extra,
                    hidden,
                    hidden,
                    beta,
                    candidate);
        }
    }

    /** All steps but the one at the sequence's end where a direction begins; outputs behind a length are zero. */
    private void fromPreviousSteps(LayerView v, int columns, float beta, long target) {
        int rows = extents.rows() - extents.batch();
        if (rows == 0) {
            if (beta == 0) {
                HostMemory.fill(target, (long) Float.BYTES * columns * extents.output(), (byte) 0);
            }
            return;
        }
        int second = 1;
        long dGates = v.row(v.dGates, v.direction == 0 ? second : 0, 0, extents.gradientRow());
        long before = v.row(v.output, v.direction == 0 ? 0 : second, 0, extents.totalOutput());
        int width = extents.gradientRow();
        product(rows, dGates, width, columns, before, extents.totalOutput(), extents.output(), beta, target);
    }

    private void fromInitialState(LayerView v, int columns, long target) {
        int width = extents.gradientRow();
        long rowBytes = (long) Float.BYTES * width;
        for (int n = 0; n < extents.batch(); n++) {
            int length = v.lengths == null ? extents.steps() : v.lengths.get(n);
            int start = v.direction == 0 ? 0 : length - 1;
            HostMemory.copy(v.row(v.dGates, start, n, width), workspace.starts() + n * rowBytes, rowBytes);
        }
        int features = extents.output();
        product(extents.batch(), workspace.starts(), width, columns, v.hx, features, features, 1, target);
    }

    private void projection(LayerView v, long flat, float beta) {
        int features = extents.output();
        int hidden = extents.hidden();
        long target = target(v, flat, Role.W_HR);
        product(extents.rows(), v.dExtra, features, features, v.extra, hidden, hidden, beta, target);
    }

    private void biases(LayerView v, long flat, float beta) {
        int width = extents.gateRows();
        int row = extents.gradientRow();
        long dbIh = target(v, flat, Role.B_IH);
        long dbHh = target(v, flat, Role.B_HH);
        columnSums(v.dGates, row, width, beta, dbHh);
        if (splitsCandidate()) {
            int gates = 2 * extents.hidden();
            columnSums(v.dGates, row, gates, beta, dbIh);
            columnSums(v.dExtra, extents.hidden(), extents.hidden(), beta, dbIh + (long) Float.BYTES * gates);
        } else if (beta == 0) {
            HostMemory.copy(dbHh, dbIh, (long) Float.BYTES * width);
        } else {
            columnSums(v.dGates, row, width, beta, dbIh);
        }
    }

    private void columnSums(long matrix, int ld, int columns, float beta, long sums) {
        blas.sgemm(
                false,
                false,
                1,
                columns,
                extents.rows(),
                1,
                workspace.ones(),
                extents.rows(),
                matrix,
                ld,
                beta,
                sums,
                columns);
    }

    /** {@code target [columns, features] = gradientᵀ · values + beta · target} over {@code rows} rows. */
    private void product(
            int rows,
            long gradient,
            int ldGradient,
            int columns,
            long values,
            int ldValues,
            int features,
            float beta,
            long target) {
        blas.sgemm(
                true,
                false,
                columns,
                features,
                rows,
                1,
                gradient,
                ldGradient,
                values,
                ldValues,
                beta,
                target,
                features);
    }

    private long target(LayerView v, long flat, Role role) {
        return flat
                + Float.BYTES
                        * extents.layout().entry(role, v.layer, v.direction).offset();
    }
}
