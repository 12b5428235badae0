package dev.fusedrnn.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fusedrnn.testing.SharedData;
import dev.fusedrnn.text.TextSource;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class SeriesTest {
    @Test
    void errorsAreThoseByHand() {
        double[] expected = {1, 2, 4};
        double[] found = {2, 2, 1};
        assertThat(ForecastErrors.mse(expected, found)).isCloseTo(10 / 3.0, within(1e-15));
        assertThat(ForecastErrors.mae(expected, found)).isCloseTo(4 / 3.0, within(1e-15));
        assertThat(ForecastErrors.smape(expected, found)).isCloseTo(200 * (1 / 3.0 + 0 + 3 / 5.0) / 3, within(1e-12));
        assertThat(ForecastErrors.smape(new double[] {0}, new double[] {0})).isZero();
        // Seasonal naive errors of 1, 5, 2, 7 at distance 2: |2−1|, |7−5|.
        assertThat(ForecastErrors.mase(Series.of(1, 5, 2, 7), 2, expected, found))
                .isCloseTo(4 / 3.0 / 1.5, within(1e-15));
        assertThatThrownBy(() -> ForecastErrors.mse(new double[2], new double[1]))
                .hasMessage("expected 2 forecasts, and 1 or more, found 1");
        assertThatThrownBy(() -> ForecastErrors.mase(Series.of(1, 2), 2, expected, found))
                .hasMessageContaining("longer than a season of 2");
    }

    @Test
    void baselinesRepeatWhatWas() {
        Series history = Series.table(2, 1, 10, 2, 20, 3, 30);
        assertThat(Baselines.naive(history, 2)).isEqualTo(Series.table(2, 3, 30, 3, 30));
        assertThat(Baselines.seasonal(history, 2, 3)).isEqualTo(Series.table(2, 2, 20, 3, 30, 2, 20));
        assertThatThrownBy(() -> Baselines.seasonal(history, 4, 1)).hasMessageContaining("season must be in [1, 3]");
    }

    @Test
    void standardisationIsOfOnePartAndCanBeUndone() {
        Standardizer scale = Standardizer.of(Series.table(2, 1, 7, 3, 7, 5, 7));
        assertThat(scale.means()).containsExactly(3, 7);
        assertThat(scale.deviations()).containsExactly(Math.sqrt(8 / 3.0), 1);
        assertThat(scale.apply(5, 0)).isCloseTo(2 / Math.sqrt(8 / 3.0), within(1e-15));
        assertThat(scale.undo(scale.apply(11, 0), 0)).isCloseTo(11, within(1e-12));
        assertThatThrownBy(() -> Standardizer.of(new double[1], new double[1])).hasMessageContaining("above 0");
        assertThatThrownBy(() -> Standardizer.of(Series.of())).hasMessageContaining("found none");
    }

    /** The mean of equal values need not be that value: 0.1 added ten times is below 1. */
    @Test
    void whatRoundingMakesOfAMeanIsNoDeviation() {
        for (int length = 1; length <= 50; length++) {
            double[] level = new double[length];
            for (double value : new double[] {0.1, -1e5 / 3, 1e-300}) {
                Arrays.fill(level, value);
                assertThat(Standardizer.of(Series.of(level)).deviations()).containsExactly(1);
            }
        }
        assertThat(Standardizer.of(Series.of(1e6, 1e6 + 1e-3)).deviations()[0]).isCloseTo(5e-4, within(1e-9));
    }

    @Test
    void partsAreOfTime() {
        Series series = Series.of(1, 2, 3, 4);
        assertThat(series.part(1, 3)).isEqualTo(Series.of(2, 3));
        assertThat(series.part(0, 1).then(series.part(1, 4))).isEqualTo(series);
        assertThatThrownBy(() -> series.part(2, 5)).hasMessage("part must lie within 4 times, found 2 to 5");
        assertThatThrownBy(() -> Series.table(2, 1, Double.NaN))
                .hasMessage("value of column 1 at time 0 must be finite, found NaN");
        assertThatThrownBy(() -> Series.table(2, 1)).hasMessageContaining("columns must be 1 or more");
        assertThatThrownBy(() -> series.then(Series.table(2, 1, 2))).hasMessage("expected 1 columns, found 2");
    }

    @Test
    void tablesAreReadByTheNamesOfColumns() throws IOException {
        TextSource table = TextSource.text("table", "\"Date\",\"A\",B\n\"1981-01-01\",20.5,-1\n\n1981-01-02,17,2e1\n");
        assertThat(Series.csv(table, "B", "A")).isEqualTo(Series.table(2, -1, 20.5, 20, 17));
        TextSource marked = TextSource.text("marked", "\ufeff\"a, in \"\"b\"\"\",c\r\n1,\"x,y\"\r\n2,\r\n");
        assertThat(Series.csv(marked, "a, in \"b\"")).isEqualTo(Series.of(1, 2));
        assertThatThrownBy(() -> Series.csv(TextSource.text("gap", "a\n1\nNaN\n3\n"), "a"))
                .hasMessage("gap: line 3: expected a number, found 'NaN'");
        TextSource latin = TextSource.of("latin", () -> new ByteArrayInputStream(new byte[] {'a', '\n', (byte) 0xE9}));
        assertThatThrownBy(() -> Series.csv(latin, "a")).hasMessageStartingWith("latin: not UTF-8 after line ");
        assertThatThrownBy(() -> Series.csv(table, "C"))
                .hasMessage("table: line 1: there is no column C; there are [Date, A, B]");
        assertThatThrownBy(() -> Series.csv(table, "Date"))
                .hasMessage("table: line 2: expected a number, found '1981-01-01'");
        assertThatThrownBy(() -> Series.csv(TextSource.text("short", "a,b\n1\n"), "a"))
                .hasMessage("short: line 2: expected 2 fields, found 1");
    }

    @Test
    void leastSquaresFindsTheCoefficients() {
        double[] values = new double[60];
        values[0] = 1;
        values[1] = -2;
        for (int t = 2; t < values.length; t++) {
            values[t] = 1.6 * values[t - 1] - values[t - 2] + 0.5;
        }
        LinearAutoregression fitted = LinearAutoregression.fit(Series.of(values), 2);
        assertThat(fitted.weights()[0]).isCloseTo(-1, within(1e-7));
        assertThat(fitted.weights()[1]).isCloseTo(1.6, within(1e-7));
        assertThat(fitted.intercept()).isCloseTo(0.5, within(1e-7));
        double[] next = fitted.forecast(Series.of(values).part(0, 30), 3);
        for (int i = 0; i < 3; i++) {
            assertThat(next[i]).isCloseTo(values[30 + i], within(1e-6));
        }
        assertThatThrownBy(() -> LinearAutoregression.fit(Series.of(1, 2, 3, 4), 2))
                .hasMessageContaining("lags");
    }

    /** Acceptance: the month in which the words of the ratings change is found within one, a rising trend notwithstanding. */
    @Test
    void theMonthOfTheChangeIsFound() {
        for (int seed = 0; seed < 30; seed++) {
            int change = 10 + 2 * seed % 41;
            ChangePoint found = ChangePoint.find(SyntheticSeries.ratings(60, change, 300, 0.3, 0.004, seed));
            assertThat(found.time()).as("seed %d", seed).isBetween(change - 1, change + 1);
            assertThat(found.jump()).isBetween(0.1, 0.5);
            assertThat(found.share()).isBetween(0.4, 1.0);
        }
        assertThat(ChangePoint.find(SyntheticSeries.ratings(60, 60, 300, 0.3, 0.004, 1))
                        .share())
                .as("without a change")
                .isLessThan(0.4);
        assertThatThrownBy(() -> ChangePoint.find(Series.of(1, 2, 3, 4))).hasMessageContaining("5 times or more");
    }

    @Test
    void sharedTablesAreRead() throws IOException {
        TextSource table = TextSource.file(SharedData.data("timeseries/EuStockMarkets.csv"));
        Series ftse = Series.csv(table, "FTSE");
        assertThat(ftse.length()).isEqualTo(1860);
        assertThat(ftse.at(0, 0)).isEqualTo(2443.6);
        assertThat(Series.csv(TextSource.file(SharedData.data("timeseries/daily-min-temperatures.csv")), "Temp")
                        .length())
                .isEqualTo(3650);
    }
}
