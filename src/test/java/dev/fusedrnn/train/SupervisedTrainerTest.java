package dev.fusedrnn.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fusedrnn.kernel.Kernels;
import dev.fusedrnn.nn.Parameters;
import dev.fusedrnn.optim.NtAsgd;
import dev.fusedrnn.optim.Schedule;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.tensor.Device;
import dev.fusedrnn.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class SupervisedTrainerTest {
    private static final int FEATURES = 3;
    private static final double CLIP = 0.5;

    /** Features whose mean over time a line is fitted to. */
    private record Point(double[][] steps, double y) {
        double[] mean() {
            double[] mean = new double[FEATURES];
            for (double[] step : steps) {
                for (int j = 0; j < FEATURES; j++) {
                    mean[j] += step[j] / steps.length;
                }
            }
            return mean;
        }
    }

    /** Squared errors of a line, computed on the host: a task whose every number a test can know. */
    private static final class Line implements SupervisedTask<Point>, AutoCloseable {
        private final Kernels kernels;
        private final Parameters parameters;
        private final List<String> steps = new ArrayList<>();
        private final List<Draw> draws = new ArrayList<>();
        private boolean failing;

        Line(Device device) {
            kernels = Kernels.of(device);
            parameters = Parameters.builder().add("w", FEATURES).build(device, DataType.F32);
        }

        @Override
        public Kernels kernels() {
            return kernels;
        }

        @Override
        public Parameters parameters() {
            return parameters;
        }

        @Override
        public int length(Point point) {
            return point.steps.length;
        }

        @Override
        public void check(Point point) {
            if (!Double.isFinite(point.y)) {
                throw new IllegalArgumentException("y must be finite, found " + point.y);
            }
        }

        @Override
        public long targets(ExampleBatch<Point> minibatch) {
            return minibatch.size();
        }

        @Override
        public void differentiate(ExampleBatch<Point> minibatch, Tensor gradientScale, Tensor lossSum, Draw draw) {
            steps.add(minibatch.size() + "x" + minibatch.steps());
            draws.add(draw);
            float scale = gradientScale.toFloats()[0];
            float[] gradient = new float[FEATURES];
            for (Point point : minibatch.examples()) {
                for (int j = 0; j < FEATURES; j++) {
                    gradient[j] += (float) (scale * 2 * error(point) * point.mean()[j]);
                }
            }
            evaluate(minibatch, lossSum);
            parameters.gradient("w").copyFrom(gradient);
        }

        @Override
        public void evaluate(ExampleBatch<Point> minibatch, Tensor lossSum) {
            double sum = minibatch.examples().stream()
                    .mapToDouble(point -> error(point) * error(point))
                    .sum();
            lossSum.copyFrom(new float[] {lossSum.toFloats()[0] + (float) sum});
            if (failing) {
                failing = false;
                throw new IllegalStateException("planned");
            }
        }

        private double error(Point point) {
            return predict(parameters.get("w"), point) - point.y;
        }

        @Override
        public void close() {
            parameters.close();
            kernels.close();
        }
    }

    private static double predict(float[] w, Point point) {
        double[] mean = point.mean();
        double sum = 0;
        for (int j = 0; j < FEATURES; j++) {
            sum += w[j] * mean[j];
        }
        return sum;
    }

    private static List<Point> points(int count, long seed) {
        Random random = new Random(seed);
        List<Point> points = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            double[][] steps = new double[1 + random.nextInt(11)][FEATURES];
            for (double[] step : steps) {
                Arrays.setAll(step, j -> random.nextGaussian());
            }
            Point without = new Point(steps, 0);
            points.add(new Point(steps, predict(new float[] {1, -2, 3}, without)));
        }
        return points;
    }

    private static TrainerConfig config(int epochs) {
        return TrainerConfig.sgd(0.5, CLIP, epochs)
                .withSchedule(Schedule.parse("decay:2:0.5"))
                .withDropoutSeed(17)
                .withReportEvery(2);
    }

    /** Every step's parameters against gradient descent in double with the same minibatches, clipping and schedule. */
    @Test
    void stepsAreThoseOfPlainGradientDescent() {
        List<Point> points = points(23, 1);
        Batching batching = new Batching(4, 3, 5);
        double[] w = new double[FEATURES];
        try (Device device = Device.cpu();
                Line line = new Line(device);
                SupervisedTrainer<Point> trainer =
                        new SupervisedTrainer<>(line, points, List.of(), batching, config(3))) {
            for (int epoch = 0; epoch < 3; epoch++) {
                Batching.Epoch<Point> batches = batching.epoch(points, p -> p.steps.length, epoch);
                for (int i = 0; i < batches.size(); i++) {
                    double norm = descend(w, batches.get(i), 0.5 * Math.pow(0.5, Math.max(0, epoch - 1)));
                    boolean done = trainer.run(SupervisedListener.SILENT, 1);
                    assertThat(done).isEqualTo(epoch == 2 && i == batches.size() - 1);
                    assertThat(trainer.gradientNorm()).isCloseTo(norm, within(1e-5));
                    float[] found = line.parameters.get("w");
                    for (int j = 0; j < FEATURES; j++) {
                        assertThat((double) found[j]).isCloseTo(w[j], within(1e-5));
                    }
                }
            }
            assertThat(trainer.steps()).isEqualTo(18);
            assertThat(line.draws).extracting(SupervisedTask.Draw::step).containsExactly(range(18));
            assertThat(line.draws).extracting(SupervisedTask.Draw::seed).containsOnly(17L);
        }
    }

    private static Integer[] range(int count) {
        Integer[] numbers = new Integer[count];
        Arrays.setAll(numbers, i -> i);
        return numbers;
    }

    /** One step on {@code w}; returns the norm before clipping. */
    private static double descend(double[] w, ExampleBatch<Point> batch, double rate) {
        double[] gradient = new double[FEATURES];
        for (Point point : batch.examples()) {
            double[] mean = point.mean();
            double error = -point.y;
            for (int j = 0; j < FEATURES; j++) {
                error += w[j] * mean[j];
            }
            for (int j = 0; j < FEATURES; j++) {
                gradient[j] += 2 * error * mean[j] / batch.size();
            }
        }
        double norm = Math.sqrt(Arrays.stream(gradient).map(g -> g * g).sum());
        for (int j = 0; j < FEATURES; j++) {
            w[j] -= rate * gradient[j] * Math.min(1, CLIP / norm);
        }
        return norm;
    }

    @Test
    void reportsAreTheMeansAndValidationIsAfterTheEpoch() {
        List<Point> points = points(20, 2);
        List<Point> validation = points(9, 3);
        List<SupervisedListener.Progress> progress = new ArrayList<>();
        try (Device device = Device.cpu();
                Line line = new Line(device);
                SupervisedTrainer<Point> trainer =
                        new SupervisedTrainer<>(line, points, validation, new Batching(20, 100, 1), config(2))) {
            double start = trainer.loss(points);
            assertThat(start)
                    .isCloseTo(
                            points.stream()
                                    .mapToDouble(p -> p.y * p.y)
                                    .average()
                                    .orElseThrow(),
                            within(1e-5));
            trainer.run(new SupervisedListener() {
                @Override
                public void progress(Progress now) {
                    progress.add(now);
                }

                @Override
                public void epoch(SupervisedReport report) {
                    assertThat(report.validationLoss()).isEqualTo(trainer.loss(validation));
                    if (report.epoch() == 1) {
                        assertThat(report.trainLoss()).isEqualTo(start);
                    }
                }
            });
            assertThat(trainer.history()).extracting(SupervisedReport::epoch).containsExactly(1, 2);
            assertThat(trainer.history()).extracting(SupervisedReport::targets).containsOnly(20L);
            assertThat(trainer.history())
                    .extracting(SupervisedReport::learningRate)
                    .containsExactly(0.5, 0.5);
            assertThat(trainer.history().get(1).validationLoss())
                    .isLessThan(trainer.history().get(0).validationLoss());
        }
        assertThat(progress).hasSize(2);
        assertThat(progress.get(1).minibatches()).isEqualTo(1);
    }

    @Test
    void whatFailedIsNotInTheMeans() {
        List<Point> points = points(6, 2);
        try (Device device = Device.cpu();
                Line line = new Line(device);
                SupervisedTrainer<Point> trainer =
                        new SupervisedTrainer<>(line, points, List.of(), new Batching(6, 100, 1), config(1))) {
            double start = trainer.loss(points);
            line.failing = true;
            assertThatThrownBy(() -> trainer.loss(points)).hasMessage("planned");
            assertThat(trainer.loss(points)).isEqualTo(start);
            line.failing = true;
            assertThatThrownBy(() -> trainer.run(SupervisedListener.SILENT)).hasMessage("planned");
            assertThat(trainer.run(SupervisedListener.SILENT)).isTrue();
            assertThat(trainer.history().get(0).trainLoss()).isEqualTo(start);
            assertThat(trainer.history().get(0).targets()).isEqualTo(6);
        }
    }

    @Test
    void stoppedTrainingGoesOnToTheSameBits() {
        List<Point> points = points(37, 4);
        float[] whole = trained(points, 5, false);
        assertThat(trained(points, 5, true)).containsExactly(whole);
        assertThat(trained(points, 6, false)).isNotEqualTo(whole);
    }

    private static float[] trained(List<Point> points, long seed, boolean stopping) {
        try (Device device = Device.cpu();
                Line line = new Line(device);
                SupervisedTrainer<Point> trainer =
                        new SupervisedTrainer<>(line, points, List.of(), new Batching(4, 4, seed), config(3))) {
            SupervisedListener stops = new SupervisedListener() {
                @Override
                public void progress(Progress now) {
                    trainer.stop();
                }
            };
            int runs = 1;
            while (!trainer.run(stopping ? stops : SupervisedListener.SILENT)) {
                runs++;
            }
            assertThat(runs).isEqualTo(stopping ? 15 : 1);
            return line.parameters.get("w");
        }
    }

    /** Times are multiples of the range's width or those of the longest example, every minibatch but one is full, every example is there once. */
    @Test
    void fewShapesOccur() {
        List<Point> points = points(50, 6);
        Batching.Epoch<Point> epoch = new Batching(8, 4, 3).epoch(points, p -> p.steps.length, 7);
        List<Integer> places = new ArrayList<>();
        int partial = 0;
        for (int i = 0; i < epoch.size(); i++) {
            ExampleBatch<Point> batch = epoch.get(i);
            int longest = 0;
            for (int n = 0; n < batch.size(); n++) {
                assertThat(batch.get(n)).isSameAs(points.get(batch.place(n)));
                longest = Math.max(longest, batch.get(n).steps.length);
                places.add(batch.place(n));
            }
            assertThat(batch.steps()).isIn(4, 8, 11).isBetween(longest, longest + 3);
            partial += batch.size() < 8 ? 1 : 0;
        }
        assertThat(places).containsExactlyInAnyOrder(range(50)).isNotEqualTo(List.of(range(50)));
        assertThat(partial).isEqualTo(1);
    }

    @Test
    void mistakesAreRefusedInOneLine() {
        try (Device device = Device.cpu();
                Line line = new Line(device)) {
            List<Point> good = points(3, 1);
            List<Point> bad = List.of(good.get(0), new Point(good.get(1).steps, Double.NaN));
            Batching batching = Batching.of(2, 1);
            assertThatThrownBy(() -> new SupervisedTrainer<>(line, bad, good, batching, config(1)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("training example 1: y must be finite, found NaN");
            assertThatThrownBy(() -> new SupervisedTrainer<>(line, good, bad, batching, config(1)))
                    .hasMessage("validation example 1: y must be finite, found NaN");
            assertThatThrownBy(() -> new SupervisedTrainer<>(line, List.of(), good, batching, config(1)))
                    .hasMessage("training: expected at least one example, found none");
            assertThatThrownBy(() -> new SupervisedTrainer<>(
                            line, good, good, batching, config(1).withOptimizer(NtAsgd.usual())))
                    .hasMessageContaining("for language models, found nt-asgd");
            assertThatThrownBy(() -> new SupervisedTrainer<>(
                            line, good, good, batching, config(1).withPenalty(new ActivityPenalty(1, 0))))
                    .hasMessageContaining("for language models");
            assertThatThrownBy(() -> new Batching(0, 1, 1)).hasMessage("batch must be 1 or more, found 0");
            assertThatThrownBy(() -> new Batching(1, 0, 1)).hasMessage("bucketWidth must be 1 or more, found 0");
        }
    }
}
