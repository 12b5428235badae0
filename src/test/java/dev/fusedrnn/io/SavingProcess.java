package dev.fusedrnn.io;

import com.fasterxml.jackson.core.JsonFactory;
import java.io.File;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** A program that saves one file over and over until it is killed, a higher number each time. */
final class SavingProcess {
    /** Elements of the saved tensor: enough for a save to be hit in the middle. */
    static final int LENGTH = 100_000;

    private SavingProcess() {}

    /** Starts the program; it writes an 's' when its first save has returned. */
    static Process start(Path target) throws IOException {
        String classPath = Stream.of(SavingProcess.class, AtomicFile.class, JsonFactory.class)
                .map(SavingProcess::place)
                .distinct()
                .collect(Collectors.joining(File.pathSeparator));
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        ProcessBuilder builder = new ProcessBuilder(
                java,
                "-Xmx64m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                classPath,
                SavingProcess.class.getName(),
                target.toString());
        return builder.redirectError(ProcessBuilder.Redirect.INHERIT).start();
    }

    private static String place(Class<?> type) {
        try {
            return Path.of(type.getProtectionDomain()
                            .getCodeSource()
                            .getLocation()
                            .toURI())
                    .toString();
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    static void save(Path target, int value) throws IOException {
        int[] values = new int[LENGTH];
        Arrays.fill(values, value);
        new SafetensorsWriter().add("w", new long[] {LENGTH}, values).write(target);
    }

    public static void main(String[] arguments) throws IOException {
        Path target = Path.of(arguments[0]);
        for (int value = 1; ; value++) {
            save(target, value);
            if (value == 1) {
                System.out.write('s');
                System.out.flush();
            }
        }
    }
}
