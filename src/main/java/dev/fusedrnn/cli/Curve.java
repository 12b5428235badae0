package dev.fusedrnn.cli;

import dev.fusedrnn.io.AtomicFile;
import dev.fusedrnn.train.EpochReport;
import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.geom.Path2D;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;
import javax.imageio.ImageIO;

/** A picture of perplexity over epochs, on a logarithmic scale: training and, if there is one, validation. */
final class Curve {
    private static final int WIDTH = 800;
    private static final int HEIGHT = 480;
    private static final int MARGIN = 60;
    private static final Color TRAINING = new Color(0x1f77b4);
    private static final Color VALIDATION = new Color(0xd62728);

    private final List<EpochReport> history;
    private final double low;
    private final double high;

    private Curve(List<EpochReport> history) {
        this.history = history;
        double least = Double.POSITIVE_INFINITY;
        double most = 1;
        for (EpochReport epoch : history) {
            for (double value : new double[] {epoch.trainPerplexity(), epoch.validationPerplexity()}) {
                if (Double.isFinite(value)) {
                    least = Math.min(least, value);
                    most = Math.max(most, value);
                }
            }
        }
        this.low = Math.log(Math.min(least, most) * 0.95);
        this.high = Math.log(most * 1.05);
    }

    /** Makes sure that this Java can draw: some have no desktop module, some systems no fonts. */
    static void requireSupport() {
        try {
            System.setProperty("java.awt.headless", "true");
            new Curve(List.of(new EpochReport(1, 2, 3, 1, 1, 1, 0))).image();
        } catch (LinkageError | InternalError | RuntimeException missing) {
            throw new UserError("--plot: this Java cannot draw pictures: " + missing, missing);
        }
    }

    /** Draws the epochs of a run to a PNG file. */
    static void draw(Path file, List<EpochReport> history) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        ImageIO.setUseCache(false);
        ImageIO.write(new Curve(history).image(), "png", bytes);
        try {
            AtomicFile.write(file, bytes.toByteArray());
        } catch (IOException failed) {
            throw new IOException("--plot " + file + ": not written: " + Faults.explain(failed), failed);
        }
    }

    private BufferedImage image() {
        BufferedImage image = new BufferedImage(WIDTH, HEIGHT, BufferedImage.TYPE_INT_RGB);
        Graphics2D pen = image.createGraphics();
        pen.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
        pen.setColor(Color.WHITE);
        pen.fillRect(0, 0, WIDTH, HEIGHT);
        axes(pen);
        line(pen, TRAINING, EpochReport::trainPerplexity);
        line(pen, VALIDATION, EpochReport::validationPerplexity);
        pen.dispose();
        return image;
    }

    private void axes(Graphics2D pen) {
        pen.setColor(Color.GRAY);
        pen.drawRect(MARGIN, MARGIN / 2, WIDTH - 2 * MARGIN, HEIGHT - MARGIN - MARGIN / 2);
        for (int tick = 0; tick <= 4; tick++) {
            double logarithm = low + (high - low) * tick / 4;
            pen.drawString(String.format(Locale.ROOT, "%.2f", Math.exp(logarithm)), 8, (float) y(logarithm) + 4);
        }
        pen.drawString("1", MARGIN, HEIGHT - MARGIN + 18);
        pen.drawString(Integer.toString(history.size()), WIDTH - MARGIN - 16, HEIGHT - MARGIN + 18);
        pen.drawString("epoch", WIDTH / 2, HEIGHT - MARGIN + 32);
        pen.setColor(TRAINING);
        pen.drawString("training perplexity", MARGIN + 8, MARGIN / 2 - 6);
        pen.setColor(VALIDATION);
        pen.drawString("validation perplexity", MARGIN + 168, MARGIN / 2 - 6);
    }

    private void line(Graphics2D pen, Color color, ToDoubleFunction<EpochReport> value) {
        Path2D path = new Path2D.Double();
        for (int i = 0; i < history.size(); i++) {
            double perplexity = value.applyAsDouble(history.get(i));
            if (!Double.isFinite(perplexity)) {
                continue;
            }
            double x = MARGIN + (WIDTH - 2.0 * MARGIN) * i / Math.max(1, history.size() - 1);
            if (path.getCurrentPoint() == null) {
                path.moveTo(x, y(Math.log(perplexity)));
            }
            path.lineTo(x, y(Math.log(perplexity)));
        }
        pen.setColor(color);
        pen.setStroke(new BasicStroke(2));
        pen.draw(path);
    }

    private double y(double logarithm) {
        return HEIGHT - MARGIN - (HEIGHT - 1.5 * MARGIN) * (logarithm - low) / Math.max(1e-9, high - low);
    }
}
