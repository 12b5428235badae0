package dev.fusedrnn.io;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Objects;

/**
 * The content of a file is not what it has to be: damaged, hostile, of another version, or not fitting its reader. The one
 * exception that bad content leads to; failures of the device or of permissions stay plain {@link IOException}s.
 */
public final class InvalidFileException extends IOException {
    /** The {@link #position()} of a fault that belongs to no single byte. */
    public static final long NO_POSITION = -1;

    private static final long serialVersionUID = 1;

    private final transient Path path;
    private final String reason;
    private final long position;

    /**
     * @param path the file
     * @param reason what is wrong, with expected and found where that makes sense
     * @param position offset in bytes from the start of the file, or {@link #NO_POSITION}
     */
    public InvalidFileException(Path path, String reason, long position) {
        this(path, reason, position, null);
    }

    /** As {@link #InvalidFileException(Path, String, long)}, with the fault that led to it. */
    public InvalidFileException(Path path, String reason, long position, Throwable cause) {
        super(path + ": " + reason + (position < 0 ? "" : " (at byte " + position + ")"), cause);
        this.path = Objects.requireNonNull(path, "path");
        this.reason = Objects.requireNonNull(reason, "reason");
        this.position = position;
    }

    /** The file; null only in a deserialised exception. */
    public Path path() {
        return path;
    }

    /** What is wrong, without path and position. */
    public String reason() {
        return reason;
    }

    /** Offset in bytes from the start of the file, or {@link #NO_POSITION}. */
    public long position() {
        return position;
    }
}
