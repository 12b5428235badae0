package dev.fusedrnn.engine.reference;

/**
 * The vanilla cell.
 *
 * <pre>
 *   a  = wIh·x + bIh + wHh·h + bHh
 *   h' = tanh(a)   or   max(0, a)
 * </pre>
 *
 * Backward: {@code da = dh'·(1 − h'²)}, or {@code dh'} where {@code h' > 0} and else 0. Kept: h'.
 */
record RnnCell(int hidden, boolean relu, Weights w, Rounding rounding) implements Cell {
    @Override
    public void forward(double[] x, double[] h, double[] c, double[] kept) {
        for (int j = 0; j < hidden; j++) {
            double a = rounding.summed(w.input(j, x) + w.recurrent(j, h));
            kept[j] = rounding.stored(relu ? relu(a) : Math.tanh(a));
        }
        System.arraycopy(kept, 0, h, 0, hidden);
    }

    @Override
    public void backward(Step step, double[] dh, double[] dc, double[] dx, Weights gradient) {
        double[] da = new double[hidden];
        for (int j = 0; j < hidden; j++) {
            double next = step.kept()[j];
            double slope = relu ? (next <= 0 ? 0 : 1) : 1 - next * next;
            da[j] = rounding.stored(dh[j] * slope);
            dh[j] = 0;
        }
        w.wHh().addTransposedTimes(da, dh);
        w.wIh().addTransposedTimes(da, dx);
        gradient.addInputGradient(da, step.x());
        gradient.addRecurrentGradient(da, step.h());
    }

    /** Keeps a NaN, which {@code a > 0 ? a : 0} would hide. */
    private static double relu(double a) {
        return a <= 0 ? 0 : a;
    }
}
