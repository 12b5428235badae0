package dev.fusedrnn.tensor;

import java.util.List;

/** What an object has taken and frees when it is closed. */
public final class Owned {
    private Owned() {}

    /**
     * Frees resources in their order.
     *
     * @param resources of which none throws anything checked
     * @throws IllegalStateException if one does
     */
    public static void close(List<? extends AutoCloseable> resources) {
        for (AutoCloseable resource : resources) {
            try {
                resource.close();
            } catch (RuntimeException unchecked) {
                throw unchecked;
            } catch (Exception checked) {
                throw new IllegalStateException(checked);
            }
        }
    }
}
