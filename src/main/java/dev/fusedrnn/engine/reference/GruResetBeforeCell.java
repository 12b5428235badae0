package dev.fusedrnn.engine.reference;

import java.util.Arrays;

/**
 * The GRU whose reset gate acts before the recurrent product (Cho et al. 2014; "Dive into Deep Learning").
 *
 * <pre>
 *   r, z = σ(wIh·x + bIh + wHh·h + bHh)        rows of their gate
 *   s    = r∘h
 *   n    = tanh(wIn·x + bIn + wHn·s + bHn)
 *   h'   = (1 − z)∘n + z∘h
 * </pre>
 *
 * Backward:
 *
 * <pre>
 *   dn = dh'∘(1 − z)∘(1 − n²)   dz = dh'∘(h − n)∘z∘(1 − z)   ds = wHnᵀ·dn   dr = ds∘h∘r∘(1 − r)
 *   through wIh: (dr, dz, dn)    dh = dh'∘z + ds∘r + (wHr, wHz)ᵀ·(dr, dz)
 * </pre>
 *
 * Kept: r, z, n, s.
 */
record GruResetBeforeCell(int hidden, Weights w, Rounding rounding) implements Cell {
    @Override
    public void forward(double[] x, double[] h, double[] c, double[] kept) {
        double[] s = new double[hidden];
        for (int j = 0; j < hidden; j++) {
            kept[j] = gate(j, x, h);
            kept[hidden + j] = gate(hidden + j, x, h);
            s[j] = rounding.stored(kept[j] * h[j]);
        }
        for (int j = 0; j < hidden; j++) {
            int row = 2 * hidden + j;
            double z = kept[hidden + j];
            double n = rounding.stored(Math.tanh(rounding.summed(w.input(row, x) + w.recurrent(row, s))));
            h[j] = rounding.stored((1 - z) * n + z * h[j]);
            kept[2 * hidden + j] = n;
        }
        System.arraycopy(s, 0, kept, 3 * hidden, hidden);
    }

    private double gate(int row, double[] x, double[] h) {
        return rounding.stored(Cell.sigmoid(rounding.summed(w.input(row, x) + w.recurrent(row, h))));
    }

    @Override
    public void backward(Step step, double[] dh, double[] dc, double[] dx, Weights gradient) {
        double[] kept = step.kept();
        double[] dn = new double[hidden];
        for (int j = 0; j < hidden; j++) {
            double z = kept[hidden + j];
            double n = kept[2 * hidden + j];
            dn[j] = rounding.stored(dh[j] * (1 - z) * (1 - n * n));
        }
        double[] ds = new double[hidden];
        w.wHh().block(2 * hidden, hidden).addTransposedTimes(dn, ds);
        double[] dGates = new double[2 * hidden];
        for (int j = 0; j < hidden; j++) {
            double r = kept[j];
            double z = kept[hidden + j];
            double n = kept[2 * hidden + j];
            dGates[j] = rounding.stored(ds[j] * step.h()[j] * r * (1 - r));
            dGates[hidden + j] = rounding.stored(dh[j] * (step.h()[j] - n) * z * (1 - z));
            dh[j] = rounding.summed(dh[j] * z + ds[j] * r);
        }
        w.wHh().block(0, 2 * hidden).addTransposedTimes(dGates, dh);
        double[] dAll = Arrays.copyOf(dGates, 3 * hidden);
        System.arraycopy(dn, 0, dAll, 2 * hidden, hidden);
        w.wIh().addTransposedTimes(dAll, dx);
        addGradients(gradient, step, dAll, dGates, dn);
    }

    private void addGradients(Weights gradient, Step step, double[] dAll, double[] dGates, double[] dn) {
        double[] s = Arrays.copyOfRange(step.kept(), 3 * hidden, 4 * hidden);
        gradient.addInputGradient(dAll, step.x());
        gradient.wHh().block(0, 2 * hidden).addOuter(dGates, step.h());
        gradient.wHh().block(2 * hidden, hidden).addOuter(dn, s);
        if (gradient.bHh() != null) {
            gradient.bHh().addColumn(dAll);
        }
    }
}
