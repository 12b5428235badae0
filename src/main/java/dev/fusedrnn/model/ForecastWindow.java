package dev.fusedrnn.model;

import java.io.Serializable;
import java.util.Objects;

/**
 * What a forecaster reads and says.
 *
 * @param lags times that are read, 1 or more
 * @param horizon times that are said at once, 1 or more
 * @param season times until the series repeats itself, 1 to {@code lags}: the network says how far values are from the seasonal
 *     naive forecast; 0 if it says the values themselves
 * @param reading how the lags are read
 * @param scaling what values are standardised by
 */
public record ForecastWindow(int lags, int horizon, int season, Reading reading, Scaling scaling)
        implements Serializable {
    /** How lags are read. */
    public enum Reading {
        /** One after the other, as time steps. */
        STEPS,
        /** All at once, as the features of a single step: with a plain ReLU cell a perceptron of one hidden layer. */
        FEATURES
    }

    /** What values are standardised by. */
    public enum Scaling {
        /** Mean and deviation of the series that the forecaster was made for. */
        TRAINING,
        /** Mean and deviation of the lags that are read: for many series of their own levels. */
        WINDOW
    }

    public ForecastWindow {
        Objects.requireNonNull(reading, "reading");
        Objects.requireNonNull(scaling, "scaling");
        requirePositive("lags", lags);
        requirePositive("horizon", horizon);
        if (season < 0 || season > lags) {
            throw new IllegalArgumentException("season must be in [0, lags = " + lags + "], found " + season);
        }
    }

    /** Lags read one after the other, one time said, standardised by the training series. */
    public static ForecastWindow steps(int lags) {
        return new ForecastWindow(lags, 1, 0, Reading.STEPS, Scaling.TRAINING);
    }

    /** The same with lags as features. */
    public static ForecastWindow features(int lags) {
        return new ForecastWindow(lags, 1, 0, Reading.FEATURES, Scaling.TRAINING);
    }

    /** The same with another horizon. */
    public ForecastWindow withHorizon(int horizon) {
        return new ForecastWindow(lags, horizon, season, reading, scaling);
    }

    /** The same with distances from the seasonal naive forecast; 0 for values themselves. */
    public ForecastWindow withSeason(int season) {
        return new ForecastWindow(lags, horizon, season, reading, scaling);
    }

    /** The same with another scaling. */
    public ForecastWindow withScaling(Scaling scaling) {
        return new ForecastWindow(lags, horizon, season, reading, scaling);
    }

    /** Features of a step that a network reads, for a series of so many columns. */
    public int inputSize(int columns) {
        return reading == Reading.FEATURES ? Math.multiplyExact(lags, columns) : columns;
    }

    private static void requirePositive(String field, int value) {
        if (value < 1) {
            throw new IllegalArgumentException(field + " must be 1 or more, found " + value);
        }
    }
}
