package dev.fusedrnn.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The command line tool: {@code info}, {@code train}, {@code generate}, {@code check}, {@code bench}. */
@Command(
        name = "fusedrnn",
        description = "Recurrent networks on NVIDIA GPUs and CPUs.",
        synopsisSubcommandLabel = "COMMAND",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        footer = {"", "fusedrnn COMMAND --help says more. Without a GPU everything runs on the CPU."})
public final class Main implements Runnable {
    @Spec
    private CommandSpec spec;

    private Main() {}

    /** Runs the tool and ends the process with its exit code. */
    public static void main(String[] args) {
        StandardOutput output = new StandardOutput();
        PrintStream out = utf8(output);
        PrintStream err = utf8(new FileOutputStream(FileDescriptor.err));
        int code = run(args, new Console(out, err, Boolean.getBoolean("fusedrnn.terminal")));
        out.flush();
        if (code == ExitCode.OK && !output.failure().isEmpty()) {
            err.println("fusedrnn: results could not be written to standard output: " + output.failure());
            code = ExitCode.BAD_INPUT;
        }
        System.exit(code);
    }

    /**
     * Runs the tool in this process.
     *
     * @return the exit code: 0 done, 1 a check failed, 2 bad input, 3 a fault of the program, 130 interrupted
     */
    public static int run(String[] args, PrintStream out, PrintStream err) {
        return run(args, new Console(out, err, false));
    }

    private static int run(String[] args, Console console) {
        CommandLine tool = new CommandLine(new Main());
        tool.addSubcommand(new InfoCommand(console));
        tool.addSubcommand(new TrainCommand(console));
        tool.addSubcommand(new GenerateCommand(console));
        tool.addSubcommand(new CheckCommand(console));
        tool.addSubcommand(new BenchCommand(console));
        tool.setOut(new PrintWriter(console.out(), true, StandardCharsets.UTF_8));
        tool.setErr(new PrintWriter(console.err(), true, StandardCharsets.UTF_8));
        tool.setParameterExceptionHandler((wrong, given) -> Faults.ofArguments(wrong, console));
        tool.setExecutionExceptionHandler(
                (fault, command, parsed) -> Faults.ofExecution(fault, name(command), console));
        try {
            return tool.execute(PresetArguments.expand(args));
        } catch (Error fault) {
            // Past picocli's handler, which takes exceptions alone; lack of memory is the usual one.
            return Faults.ofExecution(fault, "fusedrnn", console);
        }
    }

    private static String name(CommandLine command) {
        return command.getCommandSpec().qualifiedName();
    }

    /** UTF-8 whatever the locale: generated text is not to be garbled. */
    private static PrintStream utf8(OutputStream stream) {
        return new PrintStream(stream, true, StandardCharsets.UTF_8);
    }

    @Override
    public void run() {
        throw new ParameterException(
                spec.commandLine(),
                "Missing command: expected one of "
                        + String.join(", ", spec.subcommands().keySet()));
    }
}
