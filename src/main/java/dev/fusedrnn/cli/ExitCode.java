package dev.fusedrnn.cli;

/** What the process ends with. */
final class ExitCode {
    /** Done. */
    static final int OK = 0;
    /** A check has found a difference. */
    static final int CHECK_FAILED = 1;
    /** Bad input, or a machine that lacks what was asked for. */
    static final int BAD_INPUT = 2;
    /** A fault of this program or of a device. */
    static final int INTERNAL = 3;
    /** Ended by SIGINT, as shells count it. */
    static final int INTERRUPTED = 130;

    private ExitCode() {}
}
