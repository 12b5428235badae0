package dev.fusedrnn.kernel;

import dev.fusedrnn.kernel.OptimizerUpdate.Adam;
import dev.fusedrnn.kernel.OptimizerUpdate.RmsProp;
import dev.fusedrnn.kernel.OptimizerUpdate.Rule;
import dev.fusedrnn.kernel.OptimizerUpdate.Sgd;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Tensor;

/** Optimizer steps in CPU memory: one pass over all arrays, block by block. */
final class CpuOptimizer {
    private final FloatBlocks blocks;
    private final float[] hyper = new float[2];
    private final float[] w = new float[FloatBlocks.SIZE];
    private final float[] g = new float[FloatBlocks.SIZE];
    private final float[] m = new float[FloatBlocks.SIZE];
    private final float[] v = new float[FloatBlocks.SIZE];
    private final float[] mean = new float[FloatBlocks.SIZE];

    CpuOptimizer(FloatBlocks blocks) {
        this.blocks = blocks;
    }

    void update(OptimizerUpdate update) {
        check(update);
        float scale = blocks.scalar(update.scale());
        if (Float.isNaN(scale)) {
            return;
        }
        blocks.cursor().get(update.hyper().address(), hyper, 0, 2);
        float share = update.average() == null ? 0 : blocks.scalar(update.averageShare());
        boolean separate = update.values().address() != update.masters().address();
        long elements = update.masters().elements();
        for (long at = 0; at < elements; at += FloatBlocks.SIZE) {
            int count = (int) Math.min(FloatBlocks.SIZE, elements - at);
            load(update, at, count, scale);
            step(update.rule(), count);
            store(update, at, count, separate);
            if (share != 0) {
                average(update.average(), at, share, count);
            }
        }
    }

    private void load(OptimizerUpdate update, long at, int count, float scale) {
        blocks.load(update.masters(), at, w, count);
        blocks.load(update.gradients(), at, g, count);
        for (int i = 0; i < count; i++) {
            g[i] *= scale;
        }
        if (update.moment1() != null) {
            blocks.load(update.moment1(), at, m, count);
        }
        if (update.moment2() != null) {
            blocks.load(update.moment2(), at, v, count);
        }
    }

    private void store(OptimizerUpdate update, long at, int count, boolean separate) {
        blocks.store(update.masters(), at, w, count);
        if (separate) {
            blocks.store(update.values(), at, w, count);
        }
        if (update.moment1() != null) {
            blocks.store(update.moment1(), at, m, count);
        }
        if (update.moment2() != null) {
            blocks.store(update.moment2(), at, v, count);
        }
    }

    private void average(Tensor average, long at, float share, int count) {
        blocks.load(average, at, mean, count);
        for (int i = 0; i < count; i++) {
            mean[i] += share * (w[i] - mean[i]);
        }
        blocks.store(average, at, mean, count);
    }

    private void step(Rule rule, int count) {
        float rate = hyper[0];
        if (rule instanceof Sgd sgd) {
            decayGradient(w, g, sgd.weightDecay(), count);
            if (sgd.momentum() != 0) {
                momentum(g, m, sgd.momentum(), count);
            }
            descend(w, g, rate, count);
        } else if (rule instanceof RmsProp rms) {
            decayGradient(w, g, rms.weightDecay(), count);
            rmsProp(w, g, v, rms.alpha(), rms.epsilon(), rate, count);
        } else if (rule instanceof Adam adam) {
            if (adam.decoupled()) {
                shrink(w, 1 - rate * adam.weightDecay(), count);
            } else {
                decayGradient(w, g, adam.weightDecay(), count);
            }
            adam(adam, rate, hyper[1], count);
        }
    }

    private void adam(Adam rule, float rate, float stepCount, int count) {
        float rate1 = (float) (rate / (1 - Math.pow(rule.beta1(), stepCount)));
        float correction2 = (float) (1 / Math.sqrt(1 - Math.pow(rule.beta2(), stepCount)));
        adam(w, g, m, v, rule.beta1(), rule.beta2(), rule.epsilon(), rate1, correction2, count);
    }

    private static void decayGradient(float[] w, float[] g, float decay, int count) {
        if (decay != 0) {
            for (int i = 0; i < count; i++) {
                g[i] += decay * w[i];
            }
        }
    }

    private static void shrink(float[] w, float factor, int count) {
        for (int i = 0; i < count; i++) {
            w[i] *= factor;
        }
    }

    /** Leaves the velocity in g as well, for the descent that follows. */
    private static void momentum(float[] g, float[] m, float momentum, int count) {
        for (int i = 0; i < count; i++) {
            m[i] = momentum * m[i] + g[i];
        }
        System.arraycopy(m, 0, g, 0, count);
    }

    private static void descend(float[] w, float[] g, float rate, int count) {
        for (int i = 0; i < count; i++) {
            w[i] -= rate * g[i];
        }
    }

    private static void rmsProp(float[] w, float[] g, float[] v, float alpha, float epsilon, float rate, int count) {
        float rest = 1 - alpha;
        for (int i = 0; i < count; i++) {
            v[i] = alpha * v[i] + rest * (g[i] * g[i]);
            w[i] -= rate * g[i] / ((float) Math.sqrt(v[i]) + epsilon);
        }
    }

    private static void adam(
            float[] w,
            float[] g,
            float[] m,
            float[] v,
            float beta1,
            float beta2,
            float epsilon,
            float rate,
            float correction2,
            int count) {
        float rest1 = 1 - beta1;
        float rest2 = 1 - beta2;
        for (int i = 0; i < count; i++) {
            m[i] = beta1 * m[i] + rest1 * g[i];
            v[i] = beta2 * v[i] + rest2 * (g[i] * g[i]);
            w[i] -= rate * m[i] / ((float) Math.sqrt(v[i]) * correction2 + epsilon);
        }
    }

    private static void check(OptimizerUpdate update) {
        long elements = update.masters().elements();
        FloatBlocks.requireType("masters", update.masters(), DataType.F32);
        FloatBlocks.requireElements("values", update.values(), elements);
        FloatBlocks.requireElements("gradients", update.gradients(), elements);
        FloatBlocks.requireType("hyper", update.hyper(), DataType.F32);
        FloatBlocks.requireElements("hyper", update.hyper(), 2);
        boolean needs1 = update.rule() instanceof Adam || update.rule() instanceof Sgd sgd && sgd.momentum() != 0;
        boolean needs2 = update.rule() instanceof Adam || update.rule() instanceof RmsProp;
        checkMoment("moment1", update.moment1(), needs1, elements);
        checkMoment("moment2", update.moment2(), needs2, elements);
        if (update.average() != null) {
            FloatBlocks.requireType("average", update.average(), DataType.F32);
            FloatBlocks.requireElements("average", update.average(), elements);
        }
    }

    private static void checkMoment(String name, Tensor moment, boolean needed, long elements) {
        if (moment == null) {
            if (needed) {
                throw new IllegalArgumentException(name + " is needed by this rule, found null");
            }
            return;
        }
        FloatBlocks.requireType(name, moment, DataType.F32);
        FloatBlocks.requireElements(name, moment, elements);
    }
}
