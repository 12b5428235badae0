package dev.fusedrnn.benchmarks.beside;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The library beside other systems. Exit codes: 0 done, 1 results differed, 2 wrong arguments. */
@Command(
        name = "beside",
        description = "This library beside cuDNN and PyTorch, in one run.",
        mixinStandardHelpOptions = true,
        subcommands = {
            LayersCommand.class,
            ModelsCommand.class,
            TextCommand.class,
            ProfileCommand.class,
            PlotCommand.class
        })
public final class Beside implements Runnable {
    @Spec
    private CommandSpec spec;

    /** Runs a command. */
    public static void main(String[] arguments) {
        System.exit(new CommandLine(new Beside()).execute(arguments));
    }

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "expected a command");
    }
}
