package dev.fusedrnn.benchmarks.beside;

import dev.fusedrnn.io.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.knowm.xchart.CategoryChart;
import org.knowm.xchart.CategoryChartBuilder;
import org.knowm.xchart.CategorySeries.CategorySeriesRenderStyle;
import org.knowm.xchart.ChartEncoder;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.internal.chartpart.Chart;
import org.knowm.xchart.style.Styler.LegendPosition;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** Pictures of records. */
final class Charts {
    private static final int WIDTH = 1200;
    private static final int HEIGHT = 560;

    private final Path folder;
    private final String name;
    private final List<Path> drawn = new ArrayList<>();

    private Charts(Path folder, String name) {
        this.folder = folder;
        this.name = name;
    }

    /** Draws what a record holds; says which files it wrote. */
    static List<Path> draw(Json record, Path folder, String name) throws IOException {
        Charts charts = new Charts(folder, name);
        List<Json> cases = record.field("cases").items();
        switch (record.field("what").asString()) {
            case "layers" -> charts.layers(cases);
            case "models" -> charts.models(cases);
            case "text" -> charts.texts(cases);
            case "profile" -> charts.profiles(cases);
            default ->
                throw new IllegalArgumentException(
                        "no picture of a record of " + record.field("what").asString());
        }
        return charts.drawn;
    }

    /** Bars by precision, pass and peer, with a line where both are equal. */
    private void layers(List<Json> cases) throws IOException {
        Map<String, Map<String, Map<String, Double>>> ratios = new LinkedHashMap<>();
        for (Json one : cases) {
            Json found = one.fields().get("ratios");
            if (found != null) {
                String picture = text(one, "precision") + " " + text(one, "pass");
                String layer = text(one, "shape") + " " + text(one, "cell");
                found.fields().forEach((side, ratio) -> ratios.computeIfAbsent(picture, key -> new LinkedHashMap<>())
                        .computeIfAbsent("best of " + side, key -> new LinkedHashMap<>())
                        .put(layer, ratio.asDouble()));
            }
        }
        for (Map.Entry<String, Map<String, Map<String, Double>>> picture : ratios.entrySet()) {
            CategoryChart chart = bars(
                    "layers, " + picture.getKey() + ", one run", "peer's time / the library's", picture.getValue());
            List<String> names = names(picture.getValue());
            chart.addSeries("equal", names, Collections.nCopies(names.size(), 1.0))
                    .setChartCategorySeriesRenderStyle(CategorySeriesRenderStyle.Line)
                    .setMarker(SeriesMarkers.NONE);
            save(chart, picture.getKey());
        }
    }

    /** Bars of tokens per second by precision and plan. */
    private void models(List<Json> cases) throws IOException {
        Map<String, Map<String, Map<String, Double>>> speeds = new LinkedHashMap<>();
        for (Json one : cases) {
            for (Json plan : plans(one)) {
                Json speed = plan.fields().get("tokensPerSecond");
                if (speed != null) {
                    speeds.computeIfAbsent(text(one, "precision"), key -> new LinkedHashMap<>())
                            .computeIfAbsent(
                                    text(plan, "side") + "/" + text(plan, "plan"), key -> new LinkedHashMap<>())
                            .put(text(one, "model"), speed.asDouble());
                }
            }
        }
        for (Map.Entry<String, Map<String, Map<String, Double>>> picture : speeds.entrySet()) {
            CategoryChart chart =
                    bars("training steps, " + picture.getKey() + ", one run", "tokens per second", picture.getValue());
            // Speeds differ by powers of ten, and bars from 0 have no logarithmic axis.
            chart.getStyler().setYAxisLogarithmic(true);
            chart.getStyler().setDefaultSeriesRenderStyle(CategorySeriesRenderStyle.Scatter);
            save(chart, picture.getKey());
        }
    }

    /** Validation loss against seconds of training. */
    private void texts(List<Json> cases) throws IOException {
        XYChart chart = new XYChartBuilder()
                .width(WIDTH)
                .height(HEIGHT)
                .title("validation loss against time, one run")
                .xAxisTitle("seconds of training")
                .yAxisTitle("nats per character")
                .build();
        chart.getStyler().setLegendPosition(LegendPosition.InsideNE);
        boolean drew = false;
        for (Json one : cases) {
            List<Double> seconds = new ArrayList<>();
            List<Double> nats = new ArrayList<>();
            for (Json epoch : one.field("epochs").items()) {
                seconds.add(epoch.field("seconds").asDouble());
                nats.add(epoch.field("validationNats").asDouble());
            }
            if (!seconds.isEmpty()) {
                chart.addSeries(text(one, "side") + " " + text(one, "model"), seconds, nats)
                        .setMarker(SeriesMarkers.NONE);
                drew = true;
            }
        }
        if (drew) {
            save(chart, "validation");
        }
    }

    /** Share of a step without a kernel. */
    private void profiles(List<Json> cases) throws IOException {
        Map<String, Map<String, Double>> shares = new LinkedHashMap<>();
        for (Json one : cases) {
            Json share = one.fields().get("shareWithoutKernelUnrecorded");
            if (share != null) {
                shares.computeIfAbsent(text(one, "side") + "/" + text(one, "plan"), key -> new LinkedHashMap<>())
                        .put(text(one, "model"), 100 * share.asDouble());
            }
        }
        if (!shares.isEmpty()) {
            save(bars("training steps, one run", "% of a step without a kernel", shares), "idle");
        }
    }

    private static CategoryChart bars(String title, String axis, Map<String, Map<String, Double>> series) {
        List<String> names = names(series);
        CategoryChart chart = new CategoryChartBuilder()
                .width(WIDTH)
                .height(HEIGHT)
                .title(title)
                .yAxisTitle(axis)
                .build();
        chart.getStyler().setLegendPosition(LegendPosition.InsideNE);
        chart.getStyler().setXAxisLabelRotation(60);
        chart.getStyler().setXAxisMaxLabelCount(names.size()); // else every second name is left out
        chart.getStyler().setAvailableSpaceFill(0.7);
        // A value that is null has no bar.
        series.forEach((name, values) ->
                chart.addSeries(name, names, names.stream().map(values::get).toList()));
        return chart;
    }

    private static List<String> names(Map<String, Map<String, Double>> series) {
        Set<String> names = new LinkedHashSet<>();
        series.values().forEach(values -> names.addAll(values.keySet()));
        return new ArrayList<>(names);
    }

    private static List<Json> plans(Json one) {
        Json plans = one.fields().get("plans");
        return plans == null ? List.of() : plans.items();
    }

    private static String text(Json json, String field) {
        return json.field(field).asString();
    }

    private void save(Chart<?, ?> chart, String what) throws IOException {
        Path picture = folder.resolve(name + "-" + what.replace(' ', '-') + ".png");
        Files.write(picture, ChartEncoder.getBytes(chart, "png"));
        drawn.add(picture);
    }
}
