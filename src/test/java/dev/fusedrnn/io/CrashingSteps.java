package dev.fusedrnn.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.Arrays;
import java.util.Set;

/**
 * A file system that stops at a chosen step, as if power were lost, and then shows what may be left: the content of a
 * file that was not forced suffers one of six damages, and a rename whose folder was not forced may be undone.
 */
final class CrashingSteps implements FileSteps {
    /** What becomes of a file's content that was not forced. */
    enum Damage {
        DELETED,
        ZEROED,
        HALVED,
        INTACT,
        BIT_FLIPPED,
        EMPTIED
    }

    /** A step that is left out, to show that the simulation would notice. */
    enum Fault {
        NONE,
        NO_FORCE,
        NO_FOLDER_FORCE
    }

    /** Everything stops here. */
    static final class Crash extends IOException {
        private static final long serialVersionUID = 1;

        Crash(int step) {
            super("crash at step " + step);
        }
    }

    private final FileSteps real = new FileSteps.Real();
    private final int crashAt;
    private final Fault fault;
    private int steps;
    private Path content;
    private boolean contentForced;
    private Path renamedTo;
    private byte[] replaced;
    private SeekableByteChannel open;

    CrashingSteps(int crashAt, Fault fault) {
        this.crashAt = crashAt;
        this.fault = fault;
    }

    /** Number of steps that were begun. */
    int steps() {
        return steps;
    }

    private void step() throws IOException {
        if (steps >= crashAt) {
            throw new Crash(steps);
        }
        steps++;
    }

    /** Leaves the disk as a machine could find it after the crash. */
    void crash(Damage damage, boolean undoRename) throws IOException {
        if (open != null) {
            open.close();
        }
        if (content == null) {
            return;
        }
        byte[] bytes = Files.readAllBytes(content);
        Path place = content;
        if (renamedTo != null && undoRename) {
            place = content.resolveSibling("undone");
            Files.write(content, replaced);
        }
        if (contentForced) {
            Files.write(place, bytes);
        } else {
            damage(place, bytes, damage);
        }
    }

    private static void damage(Path file, byte[] bytes, Damage damage) throws IOException {
        switch (damage) {
            case DELETED -> Files.deleteIfExists(file);
            case ZEROED -> Files.write(file, new byte[bytes.length]);
            case HALVED -> Files.write(file, Arrays.copyOf(bytes, bytes.length / 2));
            case INTACT -> Files.write(file, bytes);
            case BIT_FLIPPED -> {
                if (bytes.length > 0) {
                    bytes[bytes.length / 2] ^= 4;
                }
                Files.write(file, bytes);
            }
            case EMPTIED -> Files.write(file, new byte[0]);
        }
    }

    @Override
    public SeekableByteChannel create(Path file, Set<PosixFilePermission> permissions) throws IOException {
        step();
        open = real.create(file, permissions);
        content = file;
        return new Channel(open);
    }

    @Override
    public void setPermissions(Path file, Set<PosixFilePermission> permissions) throws IOException {
        step();
        real.setPermissions(file, permissions);
    }

    @Override
    public void force(SeekableByteChannel channel) throws IOException {
        step();
        contentForced = fault != Fault.NO_FORCE;
    }

    @Override
    public void close(SeekableByteChannel channel) throws IOException {
        step();
        channel.close();
    }

    @Override
    public void rename(Path from, Path to) throws IOException {
        step();
        replaced = Files.readAllBytes(to);
        real.rename(from, to);
        content = to;
        renamedTo = to;
    }

    @Override
    public void forceFolder(Path folder) throws IOException {
        step();
        if (fault != Fault.NO_FOLDER_FORCE) {
            renamedTo = null;
        }
    }

    @Override
    public void delete(Path file) throws IOException {
        step();
        real.delete(file);
    }

    /** Every write is a step; one that is stopped has written half of its bytes. */
    private final class Channel extends ForwardingChannel {
        Channel(SeekableByteChannel channel) {
            super(channel);
        }

        @Override
        public int write(ByteBuffer source) throws IOException {
            contentForced = false;
            if (steps >= crashAt && isOpen()) {
                ByteBuffer half = source.duplicate();
                half.limit(half.position() + half.remaining() / 2);
                super.write(half);
            }
            step();
            return super.write(source);
        }
    }
}
