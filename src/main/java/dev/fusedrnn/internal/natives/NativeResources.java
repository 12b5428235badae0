package dev.fusedrnn.internal.natives;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.bytedeco.javacpp.Loader;

/**
 * The native files on the class path. JavaCPP takes an extracted copy for current if name, size and time agree, which two
 * builds with reproducible times can do; therefore the copy is compared byte by byte before it is loaded.
 */
final class NativeResources {
    private static final String PLATFORM = "linux-x86_64";
    private static final String LIBRARY = PLATFORM + "/libjnifusedrnn.so";
    private static final String BUILD_ID = PLATFORM + "/build-id.txt";

    private final Class<?> anchor;

    /** Looks beside {@code anchor}. */
    NativeResources(Class<?> anchor) {
        this.anchor = anchor;
    }

    /** Why there is no library for this machine; empty if there is one. */
    String missing() {
        String system = System.getProperty("os.name", "");
        String machine = System.getProperty("os.arch", "");
        if (!system.equals("Linux") || !(machine.equals("amd64") || machine.equals("x86_64"))) {
            return "no native library for " + system + " on " + machine + ", only for Linux on x86-64";
        }
        if (anchor.getResource(LIBRARY) == null || anchor.getResource(BUILD_ID) == null) {
            return "built without CUDA: the native library is not on the class path (jar with classifier " + PLATFORM
                    + ")";
        }
        return "";
    }

    String buildId() throws IOException {
        return new String(read(BUILD_ID), StandardCharsets.US_ASCII).strip();
    }

    /** Replaces JavaCPP's extracted copy of the library if its bytes are not those on the class path. */
    void refreshExtractedCopy() throws IOException {
        URL url = anchor.getResource(LIBRARY);
        if (url == null || url.getProtocol().equals("file")) {
            return;
        }
        File copy = Loader.cacheResource(url);
        if (copy != null && !isCurrent(copy.toPath(), read(LIBRARY))) {
            Files.deleteIfExists(copy.toPath());
            Loader.cacheResource(url);
        }
    }

    static boolean isCurrent(Path copy, byte[] expected) throws IOException {
        return Files.isRegularFile(copy) && Arrays.equals(Files.readAllBytes(copy), expected);
    }

    private byte[] read(String name) throws IOException {
        try (InputStream in = anchor.getResourceAsStream(name)) {
            if (in == null) {
                throw new IOException(name + " is not on the class path");
            }
            return in.readAllBytes();
        }
    }
}
