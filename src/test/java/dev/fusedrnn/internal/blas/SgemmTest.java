package dev.fusedrnn.internal.blas;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fusedrnn.internal.host.HostMemory;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class SgemmTest {
    private static final float GUARD = 12345;
    private static final Path TASKS = Path.of("/proc/self/task");

    private record Product(boolean transposeA, boolean transposeB, int m, int n, int k, float beta) {}

    private static Stream<Product> products() {
        return Stream.of(
                new Product(false, true, 16, 1024, 256, 1),
                new Product(false, false, 16, 256, 1040, 0),
                new Product(true, false, 129, 28, 65, 1),
                new Product(false, false, 1, 33, 17, 0),
                new Product(true, true, 7, 1, 5, 0.5f),
                new Product(false, true, 1, 1, 1, 0));
    }

    @ParameterizedTest
    @MethodSource("products")
    void oneDnnComputesTheProduct(Product p) {
        requireProduct(new OneDnn(), p);
    }

    @ParameterizedTest
    @MethodSource("products")
    void openBlasComputesTheProduct(Product p) {
        requireProduct(new OpenBlas(), p);
    }

    /** Rows are longer than the values in them, and what lies between must stay as it is; with beta 0, NaN in c must go. */
    private static void requireProduct(Sgemm library, Product p) {
        int lda = (p.transposeA ? p.m : p.k) + 3;
        int ldb = (p.transposeB ? p.k : p.n) + 1;
        int ldc = p.n + 2;
        Random random = new Random(7);
        float[] a = values(random, (p.transposeA ? p.k : p.m) * lda);
        float[] b = values(random, (p.transposeB ? p.n : p.k) * ldb);
        float[] c = values(random, p.m * ldc);
        for (int i = 0; i < p.m; i++) {
            for (int j = p.beta == 0 ? 0 : p.n; j < ldc; j++) {
                c[i * ldc + j] = j < p.n ? Float.NaN : GUARD;
            }
        }
        float[] found = c.clone();
        run(library, p, a, lda, b, ldb, found, ldc);
        for (int i = 0; i < p.m; i++) {
            for (int j = 0; j < ldc; j++) {
                double wanted = j < p.n ? element(p, a, lda, b, ldb, c[i * ldc + j], i, j) : GUARD;
                assertThat((double) found[i * ldc + j]).isCloseTo(wanted, within(1e-3));
            }
        }
    }

    private static double element(Product p, float[] a, int lda, float[] b, int ldb, float before, int i, int j) {
        double sum = 0;
        for (int l = 0; l < p.k; l++) {
            double left = a[p.transposeA ? l * lda + i : i * lda + l];
            sum += left * b[p.transposeB ? j * ldb + l : l * ldb + j];
        }
        return 0.75 * sum + (p.beta == 0 ? 0 : p.beta * before);
    }

    private static void run(Sgemm library, Product p, float[] a, int lda, float[] b, int ldb, float[] c, int ldc) {
        long aAt = copy(a);
        long bAt = copy(b);
        long cAt = copy(c);
        library.sgemm(p.transposeA, p.transposeB, p.m, p.n, p.k, 0.75f, aAt, lda, bAt, ldb, p.beta, cAt, ldc);
        HostMemory.get(cAt, c, 0, c.length);
        HostMemory.free(aAt);
        HostMemory.free(bAt);
        HostMemory.free(cAt);
    }

    private static long copy(float[] values) {
        long address = HostMemory.allocate((long) Float.BYTES * values.length);
        HostMemory.put(address, values, 0, values.length);
        return address;
    }

    private static float[] values(Random random, int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    /** OpenMP would start its threads at the first product that is worth them, and keep them under their caller's name. */
    @Test
    void oneDnnStartsNoThreads() throws InterruptedException {
        Assumptions.assumeTrue(Files.isDirectory(TASKS), "threads are counted in " + TASKS);
        Product large = new Product(false, false, 700, 700, 700, 0);
        float[] matrix = values(new Random(1), 700 * 700);
        AtomicLong found = new AtomicLong();
        Thread thread = new Thread(
                () -> {
                    run(new OneDnn(), large, matrix, 700, matrix, 700, matrix.clone(), 700);
                    found.set(threadsNamed("sgemm-caller"));
                },
                "sgemm-caller");
        thread.start();
        thread.join();
        assertThat(found).hasValue(1);
    }

    private static long threadsNamed(String name) {
        try (Stream<Path> tasks = Files.list(TASKS)) {
            return tasks.filter(task -> name.equals(nameOf(task))).count();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A thread may end while it is being looked at. */
    private static String nameOf(Path task) {
        try {
            return Files.readString(task.resolve("comm")).strip();
        } catch (IOException gone) {
            return "";
        }
    }

    @Test
    void oneDnnNamesWhatItRefuses() {
        assertThatThrownBy(() -> new OneDnn().sgemm(false, false, 4, 4, 4, 1, 1, 2, 1, 4, 0, 1, 4))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("4x4");
    }
}
