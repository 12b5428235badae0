package dev.fusedrnn.nn;

import dev.fusedrnn.tensor.Shape;
import java.io.Serializable;
import java.util.Arrays;
import java.util.Locale;
import java.util.Random;

/**
 * How parameters start. Values are a function of the seed alone: {@link Random} is specified to the bit.
 *
 * @param kind which distribution
 * @param scale the bound of {@link Kind#UNIFORM}, the standard deviation of {@link Kind#NORMAL}, or for {@link
 *     Kind#FRAMEWORK} the bound of embedding and linear layers, 0 for theirs; else without meaning
 */
public record Initialization(Kind kind, double scale) implements Serializable {
    /** The distributions. */
    public enum Kind {
        /**
         * As PyTorch's layers: recurrent parameters U(±1/√H), biases included; a linear layer U(±1/√inputs), bias included;
         * an embedding N(0, 1). With a scale, linear weights and embeddings U(±scale) and linear biases 0, as language models
         * with tied weights need it.
         */
        FRAMEWORK,
        /** Weights N(0, scale²), biases 0. */
        NORMAL,
        /** Weights U(±√(6/(inputs + outputs))) (Glorot and Bengio 2010), biases 0; an embedding as a matrix of that size. */
        XAVIER,
        /** Weights and biases U(±scale). */
        UNIFORM
    }

    /** As PyTorch's layers. */
    public static final Initialization FRAMEWORK = new Initialization(Kind.FRAMEWORK, 0);

    /** N(0, 0.01²) and zero biases: networks "from scratch" in the book "Dive into Deep Learning". */
    public static final Initialization SCRATCH = new Initialization(Kind.NORMAL, 0.01);

    /** Glorot and Bengio's uniform distribution. */
    public static final Initialization XAVIER = new Initialization(Kind.XAVIER, 0);

    public Initialization {
        if (!(scale >= 0 && scale < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException("scale must be 0 or a positive finite number, found " + scale);
        }
    }

    /** U(±bound) for everything. */
    public static Initialization uniform(double bound) {
        return new Initialization(Kind.UNIFORM, bound);
    }

    /** The name and scale in words a file or command line can carry: {@code framework}, {@code normal:0.01}. */
    public String id() {
        String name = kind.name().toLowerCase(Locale.ROOT);
        boolean scaled = kind == Kind.NORMAL || kind == Kind.UNIFORM || kind == Kind.FRAMEWORK && scale > 0;
        return scaled ? name + ":" + scale : name;
    }

    /**
     * The inverse of {@link #id}; {@code scratch} stands for {@code normal:0.01}.
     *
     * @throws IllegalArgumentException naming what is allowed
     */
    public static Initialization parse(String id) {
        String[] parts = id.split(":", 2);
        try {
            if (parts.length == 2) {
                double scale = Double.parseDouble(parts[1]);
                return switch (parts[0]) {
                    case "normal" -> new Initialization(Kind.NORMAL, scale);
                    case "framework" -> new Initialization(Kind.FRAMEWORK, scale);
                    case "uniform" -> new Initialization(Kind.UNIFORM, scale);
                    default -> throw unknown(id);
                };
            }
        } catch (NumberFormatException e) {
            throw unknown(id);
        }
        return switch (id) {
            case "framework" -> FRAMEWORK;
            case "scratch" -> SCRATCH;
            case "xavier" -> XAVIER;
            default -> throw unknown(id);
        };
    }

    /** Fills one parameter of a recurrent stack with {@code hiddenSize} units. */
    void recurrent(Parameters parameters, String name, int hiddenSize, Random random) {
        double bound = 1 / Math.sqrt(hiddenSize);
        parameters.set(name, draw(parameters.entry(name).shape(), bound, random));
    }

    /** Fills the weight or bias of a linear layer with {@code inputs} inputs. */
    void linear(Parameters parameters, String name, int inputs, Random random) {
        Shape shape = parameters.entry(name).shape();
        boolean bounded = kind == Kind.FRAMEWORK && scale > 0;
        double bound = shape.rank() < 2 ? 0 : scale;
        parameters.set(name, draw(shape, bounded ? bound : 1 / Math.sqrt(inputs), random));
    }

    /** Fills the table of an embedding. */
    void embedding(Parameters parameters, String name, Random random) {
        Shape shape = parameters.entry(name).shape();
        float[] values = kind == Kind.FRAMEWORK && scale == 0 ? normal(shape, 1, random) : draw(shape, scale, random);
        parameters.set(name, values);
    }

    private float[] draw(Shape shape, double frameworkBound, Random random) {
        boolean bias = shape.rank() < 2;
        return switch (kind) {
            case FRAMEWORK -> uniform(shape, frameworkBound, random);
            case UNIFORM -> uniform(shape, scale, random);
            case NORMAL -> normal(shape, bias ? 0 : scale, random);
            case XAVIER -> uniform(shape, bias ? 0 : Math.sqrt(6.0 / (shape.extent(0) + shape.extent(1))), random);
        };
    }

    private static float[] uniform(Shape shape, double bound, Random random) {
        float[] values = new float[Math.toIntExact(shape.elements())];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (bound * (2 * random.nextDouble() - 1));
        }
        return values;
    }

    private static float[] normal(Shape shape, double deviation, Random random) {
        float[] values = new float[Math.toIntExact(shape.elements())];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (deviation * random.nextGaussian());
        }
        return values;
    }

    private static IllegalArgumentException unknown(String id) {
        return new IllegalArgumentException("initialization must be one of "
                + Arrays.asList(
                        "framework", "framework:BOUND", "scratch", "xavier", "normal:DEVIATION", "uniform:BOUND")
                + ", found "
                + id);
    }
}
