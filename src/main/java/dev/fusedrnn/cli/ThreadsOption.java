package dev.fusedrnn.cli;

import picocli.CommandLine.Option;

/** {@code --threads}, for machines that do other work too. */
final class ThreadsOption {
    /** Read by the CPU engine when it is first used; holds for the whole process. */
    private static final String PROPERTY = "fusedrnn.cpu.threads";

    @Option(
            names = "--threads",
            paramLabel = "N",
            converter = Converters.Threads.class,
            description = "Threads of the CPU engine's matrix products (default: all processors). Fewer are faster on a"
                    + " machine that is busy.")
    void set(Integer threads) {
        if (threads != null) {
            System.setProperty(PROPERTY, threads.toString());
        }
    }
}
