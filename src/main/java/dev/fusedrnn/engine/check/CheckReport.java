package dev.fusedrnn.engine.check;

import java.util.Comparator;
import java.util.List;
import java.util.stream.Collectors;

/**
 * What comparing an engine with the reference on one case found.
 *
 * @param name the case; {@link EngineCase#parse} makes it again, if it is not a golden one
 * @param engine the engine's name
 * @param plan how it did the work
 * @param tensors one error per tensor
 * @param damage writes outside the outputs
 */
public record CheckReport(String name, String engine, String plan, List<TensorError> tensors, List<String> damage) {
    public CheckReport {
        tensors = List.copyOf(tensors);
        damage = List.copyOf(damage);
    }

    /** Whether every tensor is within its bound and nothing outside was written. */
    public boolean passed() {
        return damage.isEmpty() && !tensors.isEmpty() && tensors.stream().allMatch(TensorError::passed);
    }

    /** The tensor whose error is the largest in units of its bound. */
    public TensorError worst() {
        return tensors.stream()
                .max(Comparator.comparing(TensorError::passed, Comparator.reverseOrder())
                        .thenComparingDouble(TensorError::ratio))
                .orElseThrow(() -> new IllegalStateException("nothing was compared in " + name));
    }

    /** What failed, one line each; empty if all passed. */
    public String failures() {
        String tensorLines = tensors.stream()
                .filter(tensor -> !tensor.passed())
                .map(tensor -> engine + " (" + plan + ") on " + name + ": " + tensor)
                .collect(Collectors.joining("\n"));
        return damage.isEmpty() ? tensorLines : tensorLines + "\n" + engine + " on " + name + ": " + damage;
    }
}
