package dev.fusedrnn.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fusedrnn.engine.CellType;
import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.nn.EngineChoice;
import dev.fusedrnn.nn.Initialization;
import dev.fusedrnn.nn.Parameters;
import dev.fusedrnn.optim.Adam;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.train.Baselines;
import dev.fusedrnn.train.Batching;
import dev.fusedrnn.train.ForecastErrors;
import dev.fusedrnn.train.LinearAutoregression;
import dev.fusedrnn.train.SequenceWithValues;
import dev.fusedrnn.train.Series;
import dev.fusedrnn.train.SupervisedListener;
import dev.fusedrnn.train.SupervisedTrainer;
import dev.fusedrnn.train.SyntheticSeries;
import dev.fusedrnn.train.TrainerConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ForecasterTest {
    /** The book's protocol: 1,000 times, 4 lags, the first 600 windows to learn from. */
    private static final int LAGS = 4;

    private static final int SPLIT = 604;
    private static final int END = 1000;

    @TempDir
    Path folder;

    private static Forecaster perceptron(ForecastWindow window, Series training, Device device, long seed) {
        RnnConfig stack = RnnConfig.of(CellType.RNN_RELU, 1, 10);
        return Forecaster.create(window, stack, training, device, EngineChoice.AUTO, Initialization.XAVIER, seed);
    }

    private static void train(Forecaster forecaster, Series series, double rate, int epochs) {
        TrainerConfig config = TrainerConfig.sgd(rate, 0, epochs).withOptimizer(Adam.usual());
        try (SupervisedTrainer<SequenceWithValues> trainer =
                forecaster.trainer(forecaster.examples(series, 0, SPLIT), List.of(), new Batching(16, 1, 1), config)) {
            trainer.run(SupervisedListener.SILENT);
        }
    }

    private static double error(Series series, Series found, int from) {
        Series expected = series.part(from, from + found.length());
        return ForecastErrors.mse(expected.values(), found.values());
    }

    /** Acceptance: validation errors of a linear fit and of a perceptron within the published band, and not below the noise. */
    @Test
    void theNoisySineIsForecastAsInTheBook() {
        double linear = 0;
        double learnt = 0;
        for (int seed = 1; seed <= 3; seed++) {
            Series series = SyntheticSeries.sine(END, 0.2, seed);
            LinearAutoregression fitted = LinearAutoregression.fit(series.part(0, SPLIT), LAGS);
            double[] ahead = new double[END - SPLIT];
            for (int t = SPLIT; t < END; t++) {
                ahead[t - SPLIT] = fitted.forecast(series.part(t - LAGS, t), 1)[0];
            }
            linear += error(series, Series.of(ahead), SPLIT) / 3;
            try (Device device = Device.cpu();
                    Forecaster forecaster =
                            perceptron(ForecastWindow.features(LAGS), series.part(0, SPLIT), device, seed)) {
                train(forecaster, series, 0.01, 5);
                learnt += error(series, forecaster.ahead(series, 1, SPLIT, END), SPLIT) / 3;
            }
        }
        assertThat(linear).isBetween(0.042, 0.085);
        assertThat(learnt).isBetween(0.042, 0.085);
    }

    /** Acceptance: errors grow with the distance, and a forecast of forecasts flattens. */
    @Test
    void theFartherTheWorse() {
        Series series = SyntheticSeries.sine(END, 0.2, 1);
        try (Device device = Device.cpu();
                Forecaster forecaster = perceptron(ForecastWindow.features(LAGS), series.part(0, SPLIT), device, 1)) {
            train(forecaster, series, 0.01, 5);
            double before = 0;
            for (int k : new int[] {1, 4, 16, 64}) {
                double error = error(series, forecaster.ahead(series, k, SPLIT + 64, END), SPLIT + 64);
                assertThat(error).as("%d steps ahead", k).isGreaterThan(before);
                before = error;
            }
        }
        double[] far =
                LinearAutoregression.fit(series.part(0, SPLIT), LAGS).forecast(series.part(0, SPLIT), END - SPLIT);
        double[] later = Arrays.copyOfRange(far, 300, far.length);
        assertThat(range(series.part(SPLIT + 300, END).values())).isGreaterThan(1);
        assertThat(range(later)).isLessThan(0.05);
    }

    private static double range(double[] values) {
        return Arrays.stream(values).max().orElseThrow()
                - Arrays.stream(values).min().orElseThrow();
    }

    /** Acceptance: a recurrent network that sees more beats four lags. */
    @Test
    void aRecurrentNetworkBeatsFourLags() {
        Series series = SyntheticSeries.sine(END, 0.2, 1);
        LinearAutoregression fitted = LinearAutoregression.fit(series.part(0, SPLIT), LAGS);
        double linear = 0;
        for (int t = SPLIT; t < END; t++) {
            linear += Math.pow(fitted.forecast(series.part(t - LAGS, t), 1)[0] - series.at(t, 0), 2) / (END - SPLIT);
        }
        RnnConfig stack = RnnConfig.of(CellType.GRU, 1, 8);
        try (Device device = Device.cpu();
                Forecaster forecaster = Forecaster.create(
                        ForecastWindow.steps(24),
                        stack,
                        series.part(0, SPLIT),
                        device,
                        EngineChoice.AUTO,
                        Initialization.FRAMEWORK,
                        1)) {
            train(forecaster, series, 0.01, 8);
            assertThat(error(series, forecaster.ahead(series, 1, SPLIT, END), SPLIT))
                    .isLessThan(linear);
            assertThat(error(series, Baselines.naive(series.part(0, SPLIT), END - SPLIT), SPLIT))
                    .isGreaterThan(linear);
        }
    }

    /** A perceptron in plain loops in double, two times at once of two columns, and two calls to come to three times. */
    @ParameterizedTest
    @EnumSource(ForecastWindow.Scaling.class)
    void forecastsAreThoseOfPlainLoops(ForecastWindow.Scaling scaling) {
        Series series = Series.table(2, 1, 50, 2, 40, 4, 45, 7, 30, 11, 35);
        ForecastWindow window = ForecastWindow.features(3).withHorizon(2).withScaling(scaling);
        try (Device device = Device.cpu();
                Forecaster forecaster = perceptron(window, series, device, 5)) {
            double[] all = Arrays.copyOf(series.values(), 18);
            boolean own = scaling == ForecastWindow.Scaling.WINDOW;
            for (int t = 5; t < 9; t += 2) {
                Series lags = Series.table(2, Arrays.copyOfRange(all, 2 * t - 6, 2 * t));
                double[] said = plain(forecaster.network().parameters(), lags, own ? lags : series);
                System.arraycopy(said, 0, all, 2 * t, 4);
            }
            double[] found = forecaster.forecast(series, 3).values();
            assertThat(found).hasSize(6);
            for (int i = 0; i < 6; i++) {
                assertThat(found[i]).isCloseTo(all[10 + i], within(1e-4));
            }
        }
    }

    private static double[] plain(Parameters parameters, Series lags, Series scale) {
        double[] mean = new double[2];
        double[] deviation = new double[2];
        for (int column = 0; column < 2; column++) {
            double sum = 0;
            double squares = 0;
            for (int t = 0; t < scale.length(); t++) {
                sum += scale.at(t, column);
                squares += scale.at(t, column) * scale.at(t, column);
            }
            mean[column] = sum / scale.length();
            deviation[column] = Math.sqrt(squares / scale.length() - mean[column] * mean[column]);
        }
        float[] wIh = parameters.get("rnn.weight_ih_l0");
        float[] bIh = parameters.get("rnn.bias_ih_l0");
        float[] bHh = parameters.get("rnn.bias_hh_l0");
        float[] weight = parameters.get("head.weight");
        float[] bias = parameters.get("head.bias");
        double[] hidden = new double[10];
        double[] said = new double[4];
        for (int h = 0; h < 10; h++) {
            hidden[h] = bIh[h] + bHh[h];
            for (int i = 0; i < 6; i++) {
                hidden[h] += wIh[h * 6 + i] * (lags.at(i / 2, i % 2) - mean[i % 2]) / deviation[i % 2];
            }
            hidden[h] = Math.max(0, hidden[h]);
        }
        for (int o = 0; o < 4; o++) {
            said[o] = bias[o];
            for (int h = 0; h < 10; h++) {
                said[o] += weight[o * 10 + h] * hidden[h];
            }
            said[o] = said[o] * deviation[o % 2] + mean[o % 2];
        }
        return said;
    }

    /** What is learnt from and what is validated on never overlap, and nothing of the validation part enters the scale. */
    @Test
    void seriesAreSplitByTime() {
        double[] values = new double[20];
        for (int t = 0; t < 20; t++) {
            values[t] = t;
        }
        Series series = Series.of(values);
        try (Device device = Device.cpu();
                Forecaster forecaster =
                        perceptron(ForecastWindow.steps(3).withHorizon(2), series.part(0, 12), device, 1)) {
            assertThat(forecaster.standardizer().means()).containsExactly(5.5);
            List<SequenceWithValues> training = forecaster.examples(series, 0, 12);
            List<SequenceWithValues> validation = forecaster.examples(series, 12, 20);
            assertThat(training).hasSize(8);
            assertThat(validation).hasSize(7);
            assertThat(forecaster.examples(series)).hasSize(16);
            double deviation = forecaster.standardizer().deviations()[0];
            SequenceWithValues last = training.get(7);
            assertThat(last.values()[1] * deviation + 5.5).isCloseTo(11, within(1e-5));
            SequenceWithValues first = validation.get(0);
            assertThat(first.values()[0] * deviation + 5.5).isCloseTo(12, within(1e-5));
            assertThat(first.input().features()[2] * deviation + 5.5).isCloseTo(11, within(1e-5));
            assertThat(first.input().length()).isEqualTo(3);
        }
    }

    /** A network that says nothing but zeros leaves the seasonal naive forecast. */
    @Test
    void distancesAreFromTheSeasonalNaiveForecast() {
        Series series = Series.table(2, 1, 9, 2, 5, 3, 7, 5, 6, 4, 8);
        ForecastWindow window = ForecastWindow.steps(4).withHorizon(5).withSeason(3);
        try (Device device = Device.cpu();
                Forecaster forecaster = perceptron(window, series, device, 3)) {
            forecaster.network().parameters().set("head.weight", new float[100]);
            double[] found = forecaster.forecast(series, 5).values();
            double[] naive = Baselines.seasonal(series, 3, 5).values();
            for (int i = 0; i < found.length; i++) {
                assertThat(found[i]).isCloseTo(naive[i], within(1e-6));
            }
            double[] ten = new double[20];
            System.arraycopy(series.values(), 0, ten, 0, 10);
            System.arraycopy(naive, 0, ten, 10, 10);
            for (float distance :
                    forecaster.examples(Series.table(2, ten), 5, 10).get(0).values()) {
                assertThat(distance).isCloseTo(0, within(1e-6f));
            }
        }
        assertThatThrownBy(() -> ForecastWindow.steps(4).withSeason(5))
                .hasMessage("season must be in [0, lags = 4], found 5");
    }

    @Test
    void aSavedForecasterSaysTheSame() throws IOException {
        Series series = SyntheticSeries.sine(60, 0.1, 2);
        Path file = folder.resolve("forecaster");
        ForecastWindow window =
                ForecastWindow.steps(5).withHorizon(3).withSeason(2).withScaling(ForecastWindow.Scaling.WINDOW);
        try (Device device = Device.cpu();
                Forecaster forecaster = perceptron(window, series, device, 3)) {
            forecaster.save(file);
            try (Forecaster loaded = Forecaster.load(file, device, EngineChoice.AUTO)) {
                assertThat(loaded.forecast(series, 7)).isEqualTo(forecaster.forecast(series, 7));
                assertThat(loaded.window()).isEqualTo(window);
                assertThat(loaded.standardizer().means())
                        .containsExactly(forecaster.standardizer().means());
            }
        }
    }

    @Test
    void mistakesAreRefusedInOneLine() {
        Series series = SyntheticSeries.sine(30, 0.1, 2);
        try (Device device = Device.cpu();
                Forecaster forecaster = perceptron(ForecastWindow.steps(5), series, device, 3)) {
            assertThatThrownBy(() -> forecaster.forecast(series.part(0, 4), 1))
                    .hasMessage("history must have 5 times or more, found 4");
            assertThatThrownBy(() -> forecaster.forecast(series, 0)).hasMessage("steps must be 1 or more, found 0");
            assertThatThrownBy(() -> forecaster.forecast(Series.table(2, 1, 2), 1))
                    .hasMessageContaining("a series of 1 columns is expected");
            assertThatThrownBy(() -> forecaster.ahead(series, 3, 6, 30)).hasMessageContaining("within [7, 30)");
            assertThatThrownBy(() -> forecaster.examples(series, 0, 31)).hasMessageContaining("within 30");
            assertThatThrownBy(() -> new Forecaster(
                            forecaster.network(), ForecastWindow.steps(5).withHorizon(2), forecaster.standardizer()))
                    .hasMessage("the window needs a network with 2 outputs, found 1");
            assertThatThrownBy(() ->
                            new Forecaster(forecaster.network(), ForecastWindow.features(5), forecaster.standardizer()))
                    .hasMessage("the window needs a network with 5 inputs, found 1");
        }
        assertThatThrownBy(() -> ForecastWindow.steps(0)).hasMessage("lags must be 1 or more, found 0");
    }
}
