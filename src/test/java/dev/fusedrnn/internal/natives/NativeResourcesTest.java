package dev.fusedrnn.internal.natives;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.bytedeco.javacpp.Loader;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NativeResourcesTest {
    private static final String LIBRARY = "linux-x86_64/libjnifusedrnn.so";
    private static final String PACKAGE = "dev/fusedrnn/internal/natives/";

    @TempDir
    Path folder;

    /** Loaded from the test's own jars, to look for resources beside itself there. */
    static final class Anchor {}

    @Test
    void aStaleExtractedCopyIsReplaced() throws Exception {
        String name = "natives-" + UUID.randomUUID() + ".jar";
        Path first = jar("first", name, "build A");
        Path second = jar("second", name, "build B");
        File extracted = null;
        try (URLClassLoader one = loader(first);
                URLClassLoader two = loader(second)) {
            Class<?> before = one.loadClass(Anchor.class.getName());
            Class<?> after = two.loadClass(Anchor.class.getName());
            new NativeResources(before).refreshExtractedCopy();
            extracted = Loader.cacheResource(after.getResource(LIBRARY));
            assertThat(extracted).as("JavaCPP alone takes the old copy").hasContent("build A");
            new NativeResources(after).refreshExtractedCopy();
            assertThat(extracted).hasContent("build B");
            assertThat(new NativeResources(after).buildId()).isEqualTo("id of build B");
        } finally {
            if (extracted != null) {
                deleteWithFolders(extracted.toPath(), name);
            }
        }
    }

    @Test
    void aCopyIsCurrentOnlyIfEveryByteIs() throws IOException {
        Path copy = Files.write(folder.resolve("copy"), new byte[] {1, 2, 3});
        assertThat(NativeResources.isCurrent(copy, new byte[] {1, 2, 3})).isTrue();
        assertThat(NativeResources.isCurrent(copy, new byte[] {1, 2, 4})).isFalse();
        assertThat(NativeResources.isCurrent(copy, new byte[] {1, 2})).isFalse();
        assertThat(NativeResources.isCurrent(folder.resolve("nothing"), new byte[0]))
                .isFalse();
    }

    /** A file in JavaCPP's cache, and its folders up to the one that is called as the jar. */
    private static void deleteWithFolders(Path file, String last) throws IOException {
        Path deleted;
        Path next = file;
        do {
            deleted = next;
            Files.deleteIfExists(deleted);
            next = deleted.getParent();
        } while (!deleted.getFileName().toString().equals(last));
    }

    private static URLClassLoader loader(Path jar) throws IOException {
        return new URLClassLoader(new URL[] {jar.toUri().toURL()}, null);
    }

    /** A jar with the anchor class and a library, all with one fixed time, as a reproducible build writes it. */
    private Path jar(String directory, String name, String library) throws IOException {
        Path jar = Files.createDirectory(folder.resolve(directory)).resolve(name);
        try (OutputStream out = Files.newOutputStream(jar);
                ZipOutputStream zip = new ZipOutputStream(out);
                InputStream anchor = Anchor.class.getResourceAsStream("NativeResourcesTest$Anchor.class")) {
            put(zip, "NativeResourcesTest$Anchor.class", anchor.readAllBytes());
            put(zip, LIBRARY, library.getBytes(StandardCharsets.UTF_8));
            put(zip, "linux-x86_64/build-id.txt", ("id of " + library + "\n").getBytes(StandardCharsets.UTF_8));
        }
        return jar;
    }

    private static void put(ZipOutputStream zip, String name, byte[] content) throws IOException {
        ZipEntry entry = new ZipEntry(PACKAGE + name);
        entry.setTime(1_700_000_000_000L);
        zip.putNextEntry(entry);
        zip.write(content);
        zip.closeEntry();
    }
}
