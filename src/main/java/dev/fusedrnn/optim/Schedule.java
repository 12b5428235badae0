package dev.fusedrnn.optim;

import java.io.Serializable;
import java.util.Locale;

/**
 * How the learning rate changes: a factor of the base rate, a pure function of the step and the epoch, so that training can
 * be resumed anywhere.
 */
public sealed interface Schedule extends Serializable {
    /**
     * The factor.
     *
     * @param step optimizer steps done before this one
     * @param epoch epochs done before this one
     */
    double factor(long step, int epoch);

    /** Words a file or command line can carry; {@link #parse} is the inverse. */
    String id();

    /** Always the base rate. */
    static Schedule constant() {
        return new Constant();
    }

    /** Always the base rate. */
    record Constant() implements Schedule {
        @Override
        public double factor(long step, int epoch) {
            return 1;
        }

        @Override
        public String id() {
            return "constant";
        }
    }

    /**
     * The base rate for {@code epochs} epochs, then multiplied by {@code factor} in each further one.
     *
     * @param epochs 0 or more
     * @param factor above 0
     */
    record StepDecay(int epochs, double factor) implements Schedule {
        public StepDecay {
            Ranges.notNegative("epochs", epochs);
            Ranges.positive("factor", factor);
        }

        @Override
        public double factor(long step, int epoch) {
            return Math.pow(factor, Math.max(0, epoch + 1 - epochs));
        }

        @Override
        public String id() {
            return "decay:" + epochs + ":" + factor;
        }
    }

    /**
     * Rises in equal parts over {@code steps} steps, then stays.
     *
     * @param steps 1 or more
     */
    record WarmUp(long steps) implements Schedule {
        public WarmUp {
            Ranges.positive("steps", steps);
        }

        @Override
        public double factor(long step, int epoch) {
            return Math.min(1, (step + 1) / (double) steps);
        }

        @Override
        public String id() {
            return "warmup:" + steps;
        }
    }

    /**
     * Rises over {@code warmUp} steps, then falls along half a cosine to {@code floor} at step {@code steps} and stays
     * (Loshchilov and Hutter 2017).
     *
     * @param warmUp 0 or more
     * @param steps above {@code warmUp}
     * @param floor in [0, 1]
     */
    record Cosine(long warmUp, long steps, double floor) implements Schedule {
        public Cosine {
            Ranges.notNegative("warmUp", warmUp);
            Ranges.positive("steps", steps - warmUp);
            if (!(floor >= 0 && floor <= 1)) {
                throw new IllegalArgumentException("floor must be in [0, 1], found " + floor);
            }
        }

        @Override
        public double factor(long step, int epoch) {
            if (step < warmUp) {
                return (step + 1) / (double) warmUp;
            }
            double progress = Math.min(1, (step - warmUp) / (double) (steps - warmUp));
            return floor + (1 - floor) * (1 + StrictMath.cos(Math.PI * progress)) / 2;
        }

        @Override
        public String id() {
            return "cosine:" + warmUp + ":" + steps + ":" + floor;
        }
    }

    /**
     * Rises from a 25th of the base rate along half a cosine to the base rate, then falls along half a cosine to almost
     * nothing (a 250,000th) at the last step and stays there (Smith and Topin 2018, with the numbers of PyTorch's {@code
     * OneCycleLR}).
     *
     * @param steps of the whole training, 2 or more
     * @param rise share of them that rises, in (0, 1)
     */
    record OneCycle(long steps, double rise) implements Schedule {
        private static final double START = 1.0 / 25;
        private static final double END = START / 1e4;

        public OneCycle {
            Ranges.positive("steps", steps - 1);
            if (!(rise > 0 && rise < 1)) {
                throw new IllegalArgumentException("rise must be in (0, 1), found " + rise);
            }
        }

        @Override
        public double factor(long step, int epoch) {
            double top = Math.max(0, rise * steps - 1);
            if (step < top) {
                return between(START, 1, step / top);
            }
            return between(1, END, Math.min(1, (step - top) / (steps - 1 - top)));
        }

        private static double between(double from, double to, double progress) {
            return to + (from - to) * (1 + StrictMath.cos(Math.PI * progress)) / 2;
        }

        @Override
        public String id() {
            return "one-cycle:" + steps + ":" + rise;
        }
    }

    /**
     * The schedule of an {@link #id}.
     *
     * @throws IllegalArgumentException naming the forms there are
     */
    static Schedule parse(String id) {
        String[] parts = id.toLowerCase(Locale.ROOT).split(":");
        try {
            if (parts[0].equals("constant") && parts.length == 1) {
                return new Constant();
            }
            if (parts[0].equals("decay") && parts.length == 3) {
                return new StepDecay(Integer.parseInt(parts[1]), Double.parseDouble(parts[2]));
            }
            if (parts[0].equals("warmup") && parts.length == 2) {
                return new WarmUp(Long.parseLong(parts[1]));
            }
            if (parts[0].equals("cosine") && parts.length == 4) {
                return new Cosine(Long.parseLong(parts[1]), Long.parseLong(parts[2]), Double.parseDouble(parts[3]));
            }
            if (parts[0].equals("one-cycle") && parts.length == 3) {
                return new OneCycle(Long.parseLong(parts[1]), Double.parseDouble(parts[2]));
            }
        } catch (NumberFormatException e) {
            throw unknown(id);
        }
        throw unknown(id);
    }

    private static IllegalArgumentException unknown(String id) {
        return new IllegalArgumentException("schedule must be constant, decay:EPOCHS:FACTOR, warmup:STEPS, "
                + "cosine:WARMUP:STEPS:FLOOR or one-cycle:STEPS:SHARE, found " + id);
    }
}
