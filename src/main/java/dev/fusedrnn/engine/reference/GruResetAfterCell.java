package dev.fusedrnn.engine.reference;

/**
 * The GRU whose reset gate acts after the recurrent product: cuDNN's and PyTorch's.
 *
 * <pre>
 *   r, z = σ(wIh·x + bIh + wHh·h + bHh)        rows of their gate
 *   q    = wHn·h + bHn
 *   n    = tanh(wIn·x + bIn + r∘q)
 *   h'   = (1 − z)∘n + z∘h
 * </pre>
 *
 * Backward:
 *
 * <pre>
 *   dn = dh'∘(1 − z)∘(1 − n²)   dz = dh'∘(h − n)∘z∘(1 − z)   dr = dn∘q∘r∘(1 − r)   dq = dn∘r
 *   through wIh: (dr, dz, dn)    through wHh: (dr, dz, dq)    dh = dh'∘z + wHhᵀ·(dr, dz, dq)
 * </pre>
 *
 * Kept: r, z, n, q.
 */
record GruResetAfterCell(int hidden, Weights w, Rounding rounding) implements Cell {
    @Override
    public void forward(double[] x, double[] h, double[] c, double[] kept) {
        double[] previous = h.clone();
        for (int j = 0; j < hidden; j++) {
            double r = gate(j, x, previous);
            double z = gate(hidden + j, x, previous);
            double q = rounding.stored(w.recurrent(2 * hidden + j, previous));
            double n = rounding.stored(Math.tanh(rounding.summed(w.input(2 * hidden + j, x) + r * q)));
            h[j] = rounding.stored((1 - z) * n + z * previous[j]);
            kept[j] = r;
            kept[hidden + j] = z;
            kept[2 * hidden + j] = n;
            kept[3 * hidden + j] = q;
        }
    }

    private double gate(int row, double[] x, double[] h) {
        return rounding.stored(Cell.sigmoid(rounding.summed(w.input(row, x) + w.recurrent(row, h))));
    }

    @Override
    public void backward(Step step, double[] dh, double[] dc, double[] dx, Weights gradient) {
        double[] kept = step.kept();
        double[] dInput = new double[3 * hidden];
        double[] dRecurrent = new double[3 * hidden];
        for (int j = 0; j < hidden; j++) {
            double r = kept[j];
            double z = kept[hidden + j];
            double n = kept[2 * hidden + j];
            double q = kept[3 * hidden + j];
            double dn = dh[j] * (1 - z) * (1 - n * n);
            dInput[j] = rounding.stored(dn * q * r * (1 - r));
            dInput[hidden + j] = rounding.stored(dh[j] * (step.h()[j] - n) * z * (1 - z));
            dInput[2 * hidden + j] = rounding.stored(dn);
            dRecurrent[j] = dInput[j];
            dRecurrent[hidden + j] = dInput[hidden + j];
            dRecurrent[2 * hidden + j] = rounding.stored(dn * r);
            dh[j] = rounding.summed(dh[j] * z);
        }
        w.wHh().addTransposedTimes(dRecurrent, dh);
        w.wIh().addTransposedTimes(dInput, dx);
        gradient.addInputGradient(dInput, step.x());
        gradient.addRecurrentGradient(dRecurrent, step.h());
    }
}
