package dev.fusedrnn.cli;

import dev.fusedrnn.engine.check.CheckReport;
import dev.fusedrnn.engine.check.TensorError;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The largest error of each tensor over many cases, in units of what is allowed. */
final class CheckTable {
    private record Row(TensorError error, String where, long compared) {
        Row merge(Row other) {
            boolean worse = !other.error.passed() && error.passed()
                    || other.error.passed() == error.passed() && other.error.ratio() > error.ratio();
            Row worst = worse ? other : this;
            return new Row(worst.error, worst.where, compared + other.compared);
        }
    }

    private final Map<String, Row> rows = new LinkedHashMap<>();
    private final List<String> failures = new ArrayList<>();
    private int cases;
    private int failed;

    void add(CheckReport report) {
        cases++;
        if (!report.passed()) {
            failed++;
            failures.add(report.failures());
        }
        for (TensorError error : report.tensors()) {
            rows.merge(role(error.tensor()), new Row(error, report.name(), error.compared()), Row::merge);
        }
    }

    /** Parameters of all layers and directions count as one tensor. */
    private static String role(String tensor) {
        return tensor.replaceFirst("_l\\d+(_reverse)?", "");
    }

    int cases() {
        return cases;
    }

    int failed() {
        return failed;
    }

    /** Prints a row per tensor, and every failure. */
    void print(PrintStream out) {
        out.printf(
                Locale.ROOT,
                "  %-16s %10s %10s %10s  %-6s %s%n",
                "tensor",
                "compared",
                "error",
                "allowed",
                "",
                "largest at");
        rows.forEach((tensor, row) -> out.printf(
                Locale.ROOT,
                "  %-16s %,10d %10.3g %10.3g  %-6s %s, %s%n",
                tensor,
                row.compared,
                row.error.error(),
                row.error.bound(),
                row.error.passed() ? "ok" : "FAILED",
                row.where,
                row.error.where()));
        failures.forEach(failure -> out.println(failure.indent(2).stripTrailing()));
    }
}
