package dev.fusedrnn.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalLong;
import javax.management.JMException;
import javax.management.ObjectName;

/** What this process runs on, for reports and for estimates. */
final class Machine {
    private Machine() {}

    /** Names and values in an order for reading. */
    static Map<String, String> facts() {
        Map<String, String> facts = new LinkedHashMap<>();
        facts.put("java", System.getProperty("java.version") + " (" + System.getProperty("java.vm.name") + ")");
        facts.put(
                "system",
                System.getProperty("os.name") + " " + System.getProperty("os.version") + " "
                        + System.getProperty("os.arch"));
        String threads = Runtime.getRuntime().availableProcessors() + " processors";
        facts.put("cpu", processor().isEmpty() ? threads : processor() + ", " + threads);
        memoryBytes().ifPresent(bytes -> facts.put("memory", (bytes >> 20) + " MiB"));
        return facts;
    }

    /** Memory of the machine or container, if it can be told. */
    static OptionalLong memoryBytes() {
        try {
            Object bytes = ManagementFactory.getPlatformMBeanServer()
                    .getAttribute(new ObjectName("java.lang:type=OperatingSystem"), "TotalMemorySize");
            return OptionalLong.of((Long) bytes);
        } catch (JMException notTold) {
            return OptionalLong.empty();
        }
    }

    private static String processor() {
        try (var lines = Files.lines(Path.of("/proc/cpuinfo"))) {
            return lines.filter(line -> line.startsWith("model name"))
                    .findFirst()
                    .map(line -> line.substring(line.indexOf(':') + 1).strip())
                    .orElse("");
        } catch (IOException | UncheckedIOException notTold) {
            return "";
        }
    }
}
