package dev.fusedrnn.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.util.Set;
import java.util.UUID;

/**
 * Saves a file so that its name always stands for the whole old content or the whole new one, through exceptions, a killed
 * process and loss of power; once a save has returned, it is the new one.
 *
 * <p>The content goes to a new file of unpredictable name in the same folder, is forced to the device, and takes the
 * target's name in one step; then the folder is forced. The replaced file's permissions are kept. Whatever fails, the new
 * file is removed, and the target is as before; only a killed process leaves a {@code .fusedrnn-*.tmp} behind. Several
 * savers of one target do not disturb each other: the last to finish wins. A target that is a symbolic link is itself
 * replaced; the file that it points to is not touched.
 */
public final class AtomicFile {
    private static final FileSteps REAL = new FileSteps.Real();

    private AtomicFile() {}

    /** Writes the content of a file. */
    @FunctionalInterface
    public interface Content {
        /**
         * Writes the whole content; may seek. The channel is closed by the caller.
         *
         * @param channel an empty file, at position 0
         */
        void writeTo(SeekableByteChannel channel) throws IOException;
    }

    /**
     * Replaces or creates {@code target}.
     *
     * @throws IOException if the folder is missing or not writable, the target is a folder or a special file, the device is full, or {@code
     *     content} throws it; the message names the file
     */
    public static void write(Path target, Content content) throws IOException {
        write(target, content, REAL);
    }

    /** Replaces or creates {@code target} by a text in UTF-8. */
    public static void write(Path target, String text) throws IOException {
        write(target, text.getBytes(StandardCharsets.UTF_8));
    }

    /** Replaces or creates {@code target} by these bytes. */
    public static void write(Path target, byte[] bytes) throws IOException {
        write(target, channel -> writeAll(channel, ByteBuffer.wrap(bytes)));
    }

    /** Writes all that remains of {@code bytes}; a channel may take less at a time. */
    static void writeAll(SeekableByteChannel channel, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }

    static void write(Path target, Content content, FileSteps steps) throws IOException {
        Path folder = target.toAbsolutePath().getParent();
        if (folder == null || Files.isDirectory(target, LinkOption.NOFOLLOW_LINKS)) {
            throw new FileSystemException(target.toString(), null, "is a folder, cannot be replaced by a file");
        }
        if (!Files.isDirectory(folder)) {
            throw new FileSystemException(target.toString(), null, "its folder does not exist");
        }
        if (isSpecial(target)) {
            throw new FileSystemException(target.toString(), null, "is not a regular file, cannot be replaced");
        }
        Path temporary = folder.resolve(".fusedrnn-" + UUID.randomUUID() + ".tmp");
        Set<PosixFilePermission> permissions = FileSteps.permissionsOf(target);
        try {
            fill(temporary, permissions, content, steps);
            steps.rename(temporary, target);
        } catch (IOException | RuntimeException | Error e) {
            removeAfter(e, temporary, steps);
            throw e;
        }
        steps.forceFolder(folder);
    }

    /** A device or pipe: its name must not come to stand for a file. */
    private static boolean isSpecial(Path target) {
        try {
            return Files.readAttributes(target, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
                    .isOther();
        } catch (IOException missing) {
            return false;
        }
    }

    private static void fill(Path file, Set<PosixFilePermission> permissions, Content content, FileSteps steps)
            throws IOException {
        SeekableByteChannel channel = create(file, permissions, steps);
        try {
            // Creation is subject to the process's mask; this is not.
            if (permissions != null) {
                steps.setPermissions(file, permissions);
            }
            content.writeTo(channel);
            steps.force(channel);
        } catch (IOException | RuntimeException | Error e) {
            try {
                steps.close(channel);
            } catch (IOException second) {
                e.addSuppressed(second);
            }
            throw e;
        }
        steps.close(channel);
    }

    private static SeekableByteChannel create(Path file, Set<PosixFilePermission> permissions, FileSteps steps)
            throws IOException {
        try {
            return steps.create(file, permissions);
        } catch (FileSystemException e) {
            String why = e instanceof AccessDeniedException ? "no permission" : e.getReason();
            FileSystemException clear =
                    new FileSystemException(file.getParent().toString(), null, "no new file can be made here: " + why);
            clear.initCause(e);
            throw clear;
        }
    }

    private static void removeAfter(Throwable failure, Path file, FileSteps steps) {
        try {
            steps.delete(file);
        } catch (IOException second) {
            failure.addSuppressed(second);
        }
    }
}
