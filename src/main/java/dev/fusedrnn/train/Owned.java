package dev.fusedrnn.train;

import java.util.List;

/** Frees resources whose close throws nothing checked. */
final class Owned {
    private Owned() {}

    static void close(List<? extends AutoCloseable> resources) {
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
