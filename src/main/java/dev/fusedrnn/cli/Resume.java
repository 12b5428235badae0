package dev.fusedrnn.cli;

import dev.fusedrnn.train.Checkpoint;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;

/**
 * The options of a run inside its saved model, and their way back. What a run computes must not change when it is resumed, so
 * the {@link ModelOptions} are those of the saved run; an option given again must say the same.
 *
 * @param checkpoint what was saved
 */
record Resume(Checkpoint checkpoint) {
    private static final String EPOCHS = "--epochs";

    /** The options that a saved model has to keep: all of {@link ModelOptions}, the texts and the epochs. */
    static Map<String, String> settings(TrainCommand command, CommandSpec spec) {
        Map<String, String> settings = new LinkedHashMap<>(values(command.model, spec));
        putPath(settings, "--text", command.text);
        putPath(settings, "--validation-text", command.validationText);
        putPath(settings, "--test-text", command.testText);
        settings.put(EPOCHS, Integer.toString(command.epochs));
        return settings;
    }

    private static void putPath(Map<String, String> settings, String name, Path path) {
        if (path != null) {
            settings.put(name, path.toAbsolutePath().toString());
        }
    }

    /** The words by which each model option was given, in this run or in the one it resumes, or its settled default. */
    private static Map<String, String> values(ModelOptions model, CommandSpec spec) {
        Map<String, String> values = new LinkedHashMap<>();
        ParseResult given = spec.commandLine().getParseResult();
        for (OptionSpec option : CommandSpec.forAnnotatedObject(model).options()) {
            String name = option.longestName();
            String word = model.resumed.get(name);
            if (word == null && given.hasMatchedOption(name)) {
                word = given(given.matchedOption(name));
            }
            if (word == null) {
                word = option.defaultValue();
            }
            if (word == null && option.getValue() != null) {
                word = option.getValue().toString();
            }
            if (word != null) {
                values.put(name, word);
            }
        }
        return values;
    }

    /** Reads the model that {@code command} names and sets its options to the saved ones. */
    static Resume of(TrainCommand command, ParseResult given) throws IOException {
        Path file = command.resume;
        Checkpoint checkpoint = InputFiles.model("--resume", file);
        if (checkpoint.training() == null) {
            throw new UserError("--resume " + file + ": holds a model without a state of training");
        }
        Map<String, String> saved = checkpoint.settings();
        ModelOptions model = parse(file, saved);
        for (OptionSpec option : CommandSpec.forAnnotatedObject(model).options()) {
            requireSame(file, option, saved, given);
        }
        model.resumed = saved;
        command.model = model;
        command.text = path(command.text, saved.get("--text"));
        command.validationText = path(command.validationText, saved.get("--validation-text"));
        command.testText = path(command.testText, saved.get("--test-text"));
        if (command.epochs == null) {
            command.epochs = epochs(file, saved.get(EPOCHS));
        }
        int done = checkpoint.training().epoch();
        if (done >= command.epochs) {
            throw new UserError("--resume " + file + ": all " + done + " epochs are done; ask for more with --epochs");
        }
        return new Resume(checkpoint);
    }

    private static ModelOptions parse(Path file, Map<String, String> saved) {
        ModelOptions model = new ModelOptions();
        CommandLine parser = new CommandLine(CommandSpec.forAnnotatedObject(model));
        List<String> words = new ArrayList<>();
        for (OptionSpec option : parser.getCommandSpec().options()) {
            String word = saved.get(option.longestName());
            if (word != null) {
                words.add(option.longestName() + "=" + word);
            }
        }
        try {
            parser.parseArgs(words.toArray(String[]::new));
        } catch (ParameterException wrong) {
            throw new UserError("--resume " + file + ": its options cannot be read: " + wrong.getMessage(), wrong);
        }
        return model;
    }

    private static void requireSame(Path file, OptionSpec option, Map<String, String> saved, ParseResult given) {
        String name = option.longestName();
        if (given.hasMatchedOption(name)
                && !Objects.equals(given.matchedOption(name).getValue(), option.getValue())) {
            throw new UserError(
                    name + " is " + given(given.matchedOption(name)) + ", but " + file + " was trained with "
                            + saved.getOrDefault(name, "the default") + "; a resumed run keeps its options");
        }
    }

    private static String given(OptionSpec matched) {
        List<String> words = matched.originalStringValues();
        return matched.arity().max() == 0 || words.isEmpty() ? "true" : words.get(words.size() - 1);
    }

    private static Path path(Path given, String saved) {
        return given != null || saved == null ? given : Path.of(saved);
    }

    private static int epochs(Path file, String saved) {
        try {
            return Integer.parseInt(saved);
        } catch (NumberFormatException notANumber) {
            throw new UserError("--resume " + file + ": its number of epochs cannot be read: " + saved, notANumber);
        }
    }
}
