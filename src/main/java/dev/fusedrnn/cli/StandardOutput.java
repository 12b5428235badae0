package dev.fusedrnn.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;

/** Standard output that remembers why it could not be written; a print stream tells at most that. */
final class StandardOutput extends FileOutputStream {
    private static final String READER_LEFT = "Broken pipe";

    private String failure = "";

    StandardOutput() {
        super(FileDescriptor.out);
    }

    /** Why results are lost; empty if they are not, or if the reader has what it wanted and left, as {@code head} does. */
    String failure() {
        return failure.equals(READER_LEFT) ? "" : failure;
    }

    @Override
    public void write(int value) throws IOException {
        write(new byte[] {(byte) value});
    }

    @Override
    public void write(byte[] bytes) throws IOException {
        write(bytes, 0, bytes.length);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
        try {
            super.write(bytes, offset, length);
        } catch (IOException failed) {
            failure = String.valueOf(failed.getMessage());
            throw failed;
        }
    }
}
