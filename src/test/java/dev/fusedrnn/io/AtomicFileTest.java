package dev.fusedrnn.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

class AtomicFileTest {
    @TempDir
    Path folder;

    @Test
    void aFileIsCreatedAndReplacedAndNothingElseIsLeft() throws IOException {
        Path target = unusualName();
        AtomicFile.write(target, "first, long");
        AtomicFile.write(target, "second");
        assertThat(target).hasContent("second");
        assertThat(names()).containsExactly(target.getFileName().toString());
    }

    private Path unusualName() {
        try {
            return folder.resolve("mit Leerzeichen, größer ✓");
        } catch (InvalidPathException e) {
            return Assumptions.abort("the locale has no such characters in file names: " + e.getMessage());
        }
    }

    @Test
    void theNameMayBeAsLongAsTheFileSystemAllows() throws IOException {
        Path target = folder.resolve("n".repeat(255));
        AtomicFile.write(target, "x");
        assertThat(target).hasContent("x");
    }

    @Test
    void aReaderThatHasTheOldFileOpenKeepsIt() throws IOException {
        Path target = folder.resolve("model");
        new SafetensorsWriter().add("w", new long[] {1}, new int[] {1}).write(target);
        try (SafetensorsReader reader = SafetensorsReader.open(target)) {
            new SafetensorsWriter().add("w", new long[] {1}, new int[] {2}).write(target);
            assertThat(reader.ints("w")).containsExactly(1);
        }
    }

    @Test
    void permissionsOfTheReplacedFileAreKeptAndNewFilesGetTheUsualOnes() throws IOException {
        for (String permissions : List.of("rw-------", "rw-rw-rw-", "r--r-----")) {
            Path target = Files.createFile(folder.resolve(permissions));
            Files.setPosixFilePermissions(target, PosixFilePermissions.fromString(permissions));
            AtomicFile.write(target, "new");
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(target)))
                    .isEqualTo(permissions);
        }
        AtomicFile.write(folder.resolve("new"), "new");
        Path usual = Files.createFile(folder.resolve("usual"));
        assertThat(Files.getPosixFilePermissions(folder.resolve("new")))
                .isEqualTo(Files.getPosixFilePermissions(usual));
    }

    @Test
    void aPrivateFileIsNeverReadableByOthersOnTheWay() throws IOException {
        Path target = Files.createFile(folder.resolve("private"));
        Files.setPosixFilePermissions(target, PosixFilePermissions.fromString("rw-------"));
        List<String> seen = new ArrayList<>();
        AtomicFile.write(target, channel -> {
            for (String name : names()) {
                seen.add(PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.resolve(name))));
            }
        });
        assertThat(seen).containsExactly("rw-------", "rw-------");
    }

    @Test
    void aLinkIsReplacedAndWhatItPointsToIsNotTouched() throws IOException {
        Path file = Files.writeString(folder.resolve("file"), "old");
        Path link = Files.createSymbolicLink(folder.resolve("link"), file);
        AtomicFile.write(link, "new");
        assertThat(file).hasContent("old");
        assertThat(Files.isSymbolicLink(link)).isFalse();
        assertThat(link).hasContent("new");
    }

    @Test
    void unusableTargetsAreNamed() throws IOException {
        Path inner = Files.createDirectory(folder.resolve("inner"));
        assertThatThrownBy(() -> AtomicFile.write(inner, "x"))
                .isInstanceOf(FileSystemException.class)
                .hasMessageContainingAll(inner.toString(), "is a folder");
        assertThatThrownBy(() -> AtomicFile.write(folder.resolve("none/file"), "x"))
                .isInstanceOf(FileSystemException.class)
                .hasMessageContainingAll("none", "its folder does not exist");
        assertThatThrownBy(() -> AtomicFile.write(Path.of("/"), "x"))
                .isInstanceOf(FileSystemException.class)
                .hasMessageContaining("is a folder");
        assertThat(names()).containsExactly("inner");
    }

    @Test
    void aPipeOrDeviceIsNotReplaced() throws Exception {
        Path pipe = folder.resolve("pipe");
        assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor())
                .isZero();

        assertThatThrownBy(() -> AtomicFile.write(pipe, "x"))
                .isInstanceOf(FileSystemException.class)
                .hasMessageContainingAll(pipe.toString(), "is not a regular file");

        assertThat(Files.isRegularFile(pipe, LinkOption.NOFOLLOW_LINKS)).isFalse();
        assertThat(names()).containsExactly("pipe");
    }

    @Test
    void noPermissionToCreateIsSaidOfTheFolder() throws IOException {
        Path target = Files.writeString(folder.resolve("file"), "old");
        FileSteps denied = new FailingSteps(0) {
            @Override
            IOException failure() {
                return new AccessDeniedException("the temporary name");
            }
        };
        assertThatThrownBy(() -> AtomicFile.write(target, channel -> {}, denied))
                .isInstanceOf(FileSystemException.class)
                .hasMessageContainingAll(folder.toString(), "no permission");
        assertThat(target).hasContent("old");
    }

    /** Steps: create, permissions, write, force, close, rename, folder. Only the last comes after the point of no return. */
    @Test
    void aFailureAtAnyStepKeepsTheOldFileAndRemovesTheNewOne() throws IOException {
        int steps = 7;
        for (int failing = 0; failing < steps; failing++) {
            Path target = Files.writeString(folder.resolve("file"), "old");
            FailingSteps file = new FailingSteps(failing);
            assertThatThrownBy(() ->
                            AtomicFile.write(target, channel -> channel.write(ByteBuffer.wrap("new".getBytes())), file))
                    .as("step %d", failing)
                    .isInstanceOf(IOException.class)
                    .hasStackTraceContaining("fails");
            assertThat(target).as("step %d", failing).hasContent(failing == steps - 1 ? "new" : "old");
            assertThat(names()).as("step %d", failing).containsExactly("file");
            assertThat(file.opened == null || !file.opened.isOpen())
                    .as("closed after a failure at step %d", failing)
                    .isTrue();
        }
        FailingSteps none = new FailingSteps(steps);
        AtomicFile.write(folder.resolve("file"), channel -> channel.write(ByteBuffer.wrap(new byte[1])), none);
        assertThat(none.steps).isEqualTo(steps);
    }

    @Test
    void aFailureOfTheContentKeepsTheOldFile() throws IOException {
        Path target = Files.writeString(folder.resolve("file"), "old");
        assertThatThrownBy(() -> AtomicFile.write(target, channel -> {
                    channel.write(ByteBuffer.wrap(new byte[100]));
                    throw new IllegalStateException("content fails");
                }))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("content fails");
        assertThat(target).hasContent("old");
        assertThat(names()).containsExactly("file");
    }

    @Test
    void aFullDiskKeepsTheOldFile() throws Exception {
        Path disk = Files.createDirectory(folder.resolve("disk"));
        Assumptions.assumeTrue(
                run("mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", disk.toString()) == 0,
                "a small tmpfs may not be mounted here");
        try {
            Path target = disk.resolve("model");
            new SafetensorsWriter().add("w", new long[] {10}, new int[10]).write(target);
            byte[] old = Files.readAllBytes(target);
            SafetensorsWriter large = new SafetensorsWriter().add("w", new long[] {100_000}, new int[100_000]);
            assertThatThrownBy(() -> large.write(target)).isInstanceOf(IOException.class);
            assertThat(Files.readAllBytes(target)).isEqualTo(old);
            try (Stream<Path> left = Files.list(disk)) {
                assertThat(left).containsExactly(target);
            }
        } finally {
            assertThat(run("umount", disk.toString())).isZero();
        }
    }

    @Test
    @Timeout(60)
    void severalSaversDoNotDisturbEachOtherOrAReader() throws Exception {
        Path target = folder.resolve("model");
        save(target, 0);
        AtomicBoolean saving = new AtomicBoolean(true);
        ExecutorService threads = Executors.newFixedThreadPool(4);
        try {
            List<Future<Integer>> savers = new ArrayList<>();
            for (int saver = 1; saver <= 3; saver++) {
                int value = saver;
                savers.add(threads.submit(() -> saveRepeatedly(target, value)));
            }
            Callable<Integer> reading = () -> readWhile(saving, target);
            Future<Integer> reader = threads.submit(reading);
            for (Future<Integer> saver : savers) {
                assertThat(saver.get()).isEqualTo(20);
            }
            saving.set(false);
            assertThat(reader.get()).isPositive();
        } finally {
            threads.shutdownNow();
            assertThat(threads.awaitTermination(20, TimeUnit.SECONDS)).isTrue();
        }
        assertThat(names()).containsExactly("model");
    }

    private static int saveRepeatedly(Path target, int value) throws IOException {
        for (int i = 0; i < 20; i++) {
            save(target, value);
        }
        return 20;
    }

    private static int readWhile(AtomicBoolean saving, Path target) throws IOException {
        int reads = 0;
        do {
            try (SafetensorsReader reader = SafetensorsReader.open(target)) {
                assertThat(Arrays.stream(reader.ints("w")).distinct().count()).isEqualTo(1);
            }
            reads++;
        } while (saving.get());
        return reads;
    }

    private static void save(Path target, int value) throws IOException {
        int[] values = new int[5_000];
        Arrays.fill(values, value);
        new SafetensorsWriter().add("w", new long[] {5_000}, values).write(target);
    }

    private List<String> names() throws IOException {
        try (Stream<Path> paths = Files.list(folder)) {
            return paths.map(path -> path.getFileName().toString()).toList();
        }
    }

    private static int run(String... command) throws InterruptedException {
        try {
            Process process = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start();
            return process.waitFor();
        } catch (IOException e) {
            return -1;
        }
    }

    /** Lets one step fail and does all others. */
    private static class FailingSteps implements FileSteps {
        private final FileSteps real = new FileSteps.Real();
        private final int failing;
        int steps;
        SeekableByteChannel opened;

        FailingSteps(int failing) {
            this.failing = failing;
        }

        IOException failure() {
            return new FileSystemException("file", null, "step fails");
        }

        private void step() throws IOException {
            if (steps++ == failing) {
                throw failure();
            }
        }

        @Override
        public SeekableByteChannel create(Path file, Set<PosixFilePermission> permissions) throws IOException {
            step();
            opened = real.create(file, permissions);
            return new ForwardingChannel(opened) {
                @Override
                public int write(ByteBuffer source) throws IOException {
                    step();
                    return super.write(source);
                }
            };
        }

        @Override
        public void setPermissions(Path file, Set<PosixFilePermission> permissions) throws IOException {
            step();
            real.setPermissions(file, permissions);
        }

        @Override
        public void force(SeekableByteChannel channel) throws IOException {
            step();
            real.force(opened);
        }

        @Override
        public void close(SeekableByteChannel channel) throws IOException {
            // As the system does: the handle is gone even when closing reports a failure.
            real.close(channel);
            step();
        }

        @Override
        public void rename(Path from, Path to) throws IOException {
            step();
            real.rename(from, to);
        }

        @Override
        public void forceFolder(Path folder) throws IOException {
            step();
            real.forceFolder(folder);
        }

        @Override
        public void delete(Path file) throws IOException {
            real.delete(file);
        }
    }
}
