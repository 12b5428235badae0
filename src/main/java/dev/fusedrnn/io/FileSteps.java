package dev.fusedrnn.io;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;

/** What {@link AtomicFile} asks of the file system, one method a step, so that each of them can be made to fail. */
interface FileSteps {
    /** Creates a file that must not exist, open for writing, nowhere more readable than {@code permissions} (null: default). */
    SeekableByteChannel create(Path file, Set<PosixFilePermission> permissions) throws IOException;

    /** Gives the file exactly these permissions. */
    void setPermissions(Path file, Set<PosixFilePermission> permissions) throws IOException;

    /** Waits until the content is on the device. */
    void force(SeekableByteChannel channel) throws IOException;

    /** Closes the file. */
    void close(SeekableByteChannel channel) throws IOException;

    /** Puts {@code from} in the place of {@code to} in one step. */
    void rename(Path from, Path to) throws IOException;

    /** Waits until the folder's entries are on the device. */
    void forceFolder(Path folder) throws IOException;

    /** Removes a file that may be missing. */
    void delete(Path file) throws IOException;

    /** The permissions of an existing regular file, or null if there is none or the file system has no such thing. */
    static Set<PosixFilePermission> permissionsOf(Path file) throws IOException {
        PosixFileAttributeView view =
                Files.getFileAttributeView(file, PosixFileAttributeView.class, LinkOption.NOFOLLOW_LINKS);
        return view == null || !Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)
                ? null
                : view.readAttributes().permissions();
    }

    /** The steps on a real file system. */
    final class Real implements FileSteps {
        private static final Set<StandardOpenOption> NEW =
                Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);

        @Override
        public SeekableByteChannel create(Path file, Set<PosixFilePermission> permissions) throws IOException {
            FileAttribute<?>[] attributes = permissions == null
                    ? new FileAttribute<?>[0]
                    : new FileAttribute<?>[] {PosixFilePermissions.asFileAttribute(permissions)};
            return FileChannel.open(file, NEW, attributes);
        }

        @Override
        public void setPermissions(Path file, Set<PosixFilePermission> permissions) throws IOException {
            Files.setPosixFilePermissions(file, permissions);
        }

        @Override
        public void force(SeekableByteChannel channel) throws IOException {
            ((FileChannel) channel).force(true);
        }

        @Override
        public void close(SeekableByteChannel channel) throws IOException {
            channel.close();
        }

        @Override
        public void rename(Path from, Path to) throws IOException {
            try {
                Files.move(from, to, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            } catch (AtomicMoveNotSupportedException e) {
                throw new FileSystemException(to.toString(), null, "cannot be replaced in one step: " + e.getReason());
            }
        }

        @Override
        public void forceFolder(Path folder) throws IOException {
            // Windows has no way to open a folder; its file systems write the rename to their journal.
            if (!System.getProperty("os.name").startsWith("Windows")) {
                try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
                    channel.force(true);
                }
            }
        }

        @Override
        public void delete(Path file) throws IOException {
            Files.deleteIfExists(file);
        }
    }
}
