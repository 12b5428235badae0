package dev.fusedrnn.engine.reference;

import java.util.Arrays;

/**
 * The LSTM cell (Hochreiter and Schmidhuber 1997; forget gate: Gers 2000; projection: Sak 2014).
 *
 * <pre>
 *   i, f, o = σ(wIh·x + bIh + wHh·h + bHh)     rows of their gate
 *   g       = tanh(wIh·x + bIh + wHh·h + bHh)
 *   c'      = f∘l(c) + i∘g                     l: within ±clip if there is a limit
 *   m       = o∘tanh(l(c'))
 *   h'      = m, or wHr·m with a projection
 * </pre>
 *
 * Backward, with {@code dm = dh'} or {@code wHrᵀ·dh'}:
 *
 * <pre>
 *   do = dm∘tanh(l(c'))     dc' += dm∘o∘(1 − tanh²(l(c')))∘l'(c')     l' = 0 at and beyond ±clip, else 1
 *   di = dc'∘g   df = dc'∘l(c)   dg = dc'∘i   dc = dc'∘f∘l'(c)
 *   da = (di∘i∘(1−i), df∘f∘(1−f), dg∘(1−g²), do∘o∘(1−o))
 * </pre>
 *
 * Kept: i, f, g, o, c', and m with a projection.
 */
record LstmCell(int hidden, double clip, Weights w, Rounding rounding) implements Cell {
    @Override
    public void forward(double[] x, double[] h, double[] c, double[] kept) {
        for (int row = 0; row < 4 * hidden; row++) {
            double a = rounding.summed(w.input(row, x) + w.recurrent(row, h));
            boolean candidate = row / hidden == 2;
            kept[row] = rounding.stored(candidate ? Math.tanh(a) : Cell.sigmoid(a));
        }
        double[] m = w.wHr() == null ? h : new double[hidden];
        for (int j = 0; j < hidden; j++) {
            double i = kept[j];
            double f = kept[hidden + j];
            double g = kept[2 * hidden + j];
            double o = kept[3 * hidden + j];
            c[j] = rounding.summed(f * limited(c[j]) + i * g);
            m[j] = rounding.stored(o * Math.tanh(limited(c[j])));
        }
        System.arraycopy(c, 0, kept, 4 * hidden, hidden);
        if (w.wHr() != null) {
            System.arraycopy(m, 0, kept, 5 * hidden, hidden);
            for (int p = 0; p < h.length; p++) {
                h[p] = rounding.stored(w.wHr().rowTimes(p, m, 0));
            }
        }
    }

    @Override
    public void backward(Step step, double[] dh, double[] dc, double[] dx, Weights gradient) {
        double[] dm = hiddenGradient(step, dh, gradient);
        double[] kept = step.kept();
        double[] da = new double[4 * hidden];
        for (int j = 0; j < hidden; j++) {
            double i = kept[j];
            double f = kept[hidden + j];
            double g = kept[2 * hidden + j];
            double o = kept[3 * hidden + j];
            double next = kept[4 * hidden + j];
            double squashed = Math.tanh(limited(next));
            double throughOutput = isAtLimit(next) ? 0 : dm[j] * o * (1 - squashed * squashed);
            double dNext = rounding.summed(dc[j] + throughOutput);
            da[j] = rounding.stored(dNext * g * i * (1 - i));
            da[hidden + j] = rounding.stored(dNext * limited(step.c()[j]) * f * (1 - f));
            da[2 * hidden + j] = rounding.stored(dNext * i * (1 - g * g));
            da[3 * hidden + j] = rounding.stored(dm[j] * squashed * o * (1 - o));
            dc[j] = isAtLimit(step.c()[j]) ? 0 : rounding.summed(dNext * f);
        }
        Arrays.fill(dh, 0);
        w.wHh().addTransposedTimes(da, dh);
        w.wIh().addTransposedTimes(da, dx);
        gradient.addInputGradient(da, step.x());
        gradient.addRecurrentGradient(da, step.h());
    }

    private double limited(double value) {
        return clip > 0 ? Math.max(-clip, Math.min(clip, value)) : value;
    }

    private boolean isAtLimit(double value) {
        return clip > 0 && Math.abs(value) >= clip;
    }

    private double[] hiddenGradient(Step step, double[] dh, Weights gradient) {
        if (w.wHr() == null) {
            return dh.clone();
        }
        double[] dProjected = new double[dh.length];
        for (int p = 0; p < dh.length; p++) {
            dProjected[p] = rounding.stored(dh[p]);
        }
        double[] dm = new double[hidden];
        w.wHr().addTransposedTimes(dProjected, dm);
        gradient.wHr().addOuter(dProjected, Arrays.copyOfRange(step.kept(), 5 * hidden, 6 * hidden));
        return dm;
    }
}
