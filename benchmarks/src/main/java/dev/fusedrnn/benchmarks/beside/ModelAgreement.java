package dev.fusedrnn.benchmarks.beside;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * How far a model's first steps are from those of the judge, by the value that is farthest beyond its tolerance. Compared are the
 * losses and their progress (each loss less the first), the first gradient, as a norm and by parameter, and how far each parameter
 * came. Norms of later gradients are in the record alone: where they grow fast, as in Adam's first steps, they tell rounding
 * apart, not systems.
 *
 * @param what the value that is farthest off
 * @param error its relative distance; NaN and infinity for values that are not numbers
 * @param tolerance what is allowed
 */
record ModelAgreement(String what, double error, double tolerance) {
    /** Compares the files of two workers. */
    static ModelAgreement of(Path found, Path exact, Precision precision) throws IOException {
        StepValues ours = StepValues.read(found);
        StepValues theirs = StepValues.read(exact);
        Precision.OfModels allowed = precision.ofModels();
        ModelAgreement worst = new ModelAgreement("losses", distance(ours, theirs, "losses"), allowed.losses());
        worst = worst.or("progress", Agreement.distance(ours.progress(), theirs.progress()), allowed.progress());
        float[] norm = Arrays.copyOf(ours.tensors().get("gradientNorms"), 1);
        float[] exactNorm = Arrays.copyOf(theirs.tensors().get("gradientNorms"), 1);
        worst = worst.or("first gradient's norm", Agreement.distance(norm, exactNorm), allowed.losses());
        ParameterSteps parameters = ParameterSteps.of(ParameterSteps.beside(found), ParameterSteps.beside(exact));
        for (Map.Entry<String, Double> entry : parameters.gradients().entrySet()) {
            worst = worst.or(ParameterSteps.GRADIENT + entry.getKey(), entry.getValue(), allowed.gradients());
        }
        for (Map.Entry<String, Double> entry : parameters.changes().entrySet()) {
            worst = worst.or(ParameterSteps.CHANGE + entry.getKey(), entry.getValue(), allowed.changes());
        }
        return worst;
    }

    /** This comparison with the judge, or that of the same steps with one of other systems', whichever is nearest. */
    ModelAgreement orNearer(Path found, List<Path> others, Precision precision) throws IOException {
        ModelAgreement nearest = this;
        for (Path other : others) {
            ModelAgreement one = of(found, other, precision);
            // NaN is farthest.
            nearest = Double.compare(one.share(), nearest.share()) < 0 ? one : nearest;
        }
        return nearest;
    }

    private static double distance(StepValues ours, StepValues theirs, String tensor) {
        return Agreement.distance(ours.tensors().get(tensor), theirs.tensors().get(tensor));
    }

    private ModelAgreement or(String other, double otherError, double allowed) {
        ModelAgreement candidate = new ModelAgreement(other, otherError, allowed);
        return Double.compare(candidate.share(), share()) > 0 ? candidate : this;
    }

    private double share() {
        return error / tolerance;
    }

    /** Whether it is near enough; NaN is not. */
    boolean holds() {
        return error <= tolerance;
    }

    /** For the record. */
    Map<String, Object> fields() {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("equal", holds());
        fields.put("farthest", what);
        fields.put("error", Double.isFinite(error) ? error : null);
        fields.put("tolerance", tolerance);
        return fields;
    }

    @Override
    public String toString() {
        return what + " is off by " + error + ", allowed is " + tolerance;
    }
}
