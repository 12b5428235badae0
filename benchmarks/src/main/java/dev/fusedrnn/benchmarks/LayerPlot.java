package dev.fusedrnn.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.BitmapEncoder.BitmapFormat;
import org.knowm.xchart.CategoryChart;
import org.knowm.xchart.CategoryChartBuilder;
import org.knowm.xchart.CategorySeries.CategorySeriesRenderStyle;
import org.knowm.xchart.style.Styler.LegendPosition;

/** Draws the speed ratios of a record of layers ({@code layers-*.csv}) as bars by shape, with a line where both are equal. */
public final class LayerPlot {
    private LayerPlot() {}

    /** {@code LayerPlot RECORD.csv PICTURE.png}. */
    public static void main(String[] arguments) throws IOException {
        if (arguments.length != 2) {
            System.err.println("usage: LayerPlot RECORD.csv PICTURE.png");
            System.exit(2);
        }
        List<String> lines = Files.readAllLines(Path.of(arguments[0]));
        List<String> header = Arrays.asList(lines.get(0).split(","));
        List<String> shapes = new ArrayList<>();
        List<Double> inference = new ArrayList<>();
        List<Double> training = new ArrayList<>();
        for (String line : lines.subList(1, lines.size())) {
            String[] fields = line.split(",");
            shapes.add(fields[header.indexOf("shape")] + " " + fields[header.indexOf("cell")]);
            inference.add(Double.valueOf(fields[header.indexOf("inference ratio")]));
            training.add(Double.valueOf(fields[header.indexOf("training ratio")]));
        }
        save(chart(shapes, inference, training), Path.of(arguments[1]));
    }

    private static CategoryChart chart(List<String> shapes, List<Double> inference, List<Double> training) {
        CategoryChart chart = new CategoryChartBuilder()
                .width(1200)
                .height(560)
                .title("fused engine against the best of cuDNN, same run")
                .xAxisTitle("layer")
                .yAxisTitle("cuDNN's time / ours")
                .build();
        chart.getStyler().setLegendPosition(LegendPosition.InsideNE);
        chart.getStyler().setXAxisLabelRotation(60);
        chart.getStyler().setAvailableSpaceFill(0.7);
        chart.addSeries("inference", shapes, inference);
        chart.addSeries("training", shapes, training);
        chart.addSeries("equal", shapes, Collections.nCopies(shapes.size(), 1.0))
                .setChartCategorySeriesRenderStyle(CategorySeriesRenderStyle.Line);
        return chart;
    }

    private static void save(CategoryChart chart, Path picture) throws IOException {
        BitmapEncoder.saveBitmap(chart, picture.toString(), BitmapFormat.PNG);
    }
}
