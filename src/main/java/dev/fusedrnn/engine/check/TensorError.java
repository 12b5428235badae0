package dev.fusedrnn.engine.check;

import java.util.Locale;

/**
 * How far one tensor of an engine is from the exact reference.
 *
 * @param tensor its name; {@code y (inference)} for one of an inference pass
 * @param compared elements compared; a tensor of which none was compared has not passed
 * @param error largest distance; infinite if an element is NaN or infinite where it should not be, or the other way
 * @param bound largest distance allowed
 * @param where the element of the largest distance, such as {@code t=3 n=0 unit=5 backward}
 * @param found the engine's value there
 * @param expected the exact value there
 */
public record TensorError(
        String tensor, long compared, double error, double bound, String where, double found, double expected) {
    /** Whether the tensor is within its bound; a NaN never is. */
    public boolean passed() {
        return compared > 0 && error <= bound;
    }

    /** Error in units of the bound; infinite for any error at a bound of zero. */
    public double ratio() {
        return error == 0 ? 0 : error / bound;
    }

    @Override
    public String toString() {
        return String.format(
                Locale.ROOT,
                "%s: error %.3g, allowed %.3g at %s (found %s, expected %s, %d compared)",
                tensor,
                error,
                bound,
                where,
                found,
                expected,
                compared);
    }
}
