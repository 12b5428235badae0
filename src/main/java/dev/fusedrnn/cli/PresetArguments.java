package dev.fusedrnn.cli;

import dev.fusedrnn.model.Preset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/** Puts the options of a {@code --preset} where they stood if they had been typed; what is typed as well wins. */
final class PresetArguments {
    private static final String OPTION = "--preset";

    private PresetArguments() {}

    /** Arguments of the tool with those of the preset they name; unchanged if they name none, or one there is not. */
    static String[] expand(String[] args) {
        Set<String> given = Arrays.stream(args).map(PresetArguments::name).collect(Collectors.toSet());
        String name = value(args);
        if (args.length == 0 || !args[0].equals("train") || !Preset.ids().contains(name)) {
            return args;
        }
        List<String> expanded = new ArrayList<>(List.of(args));
        Preset.parse(name).options().forEach((option, value) -> {
            if (!given.contains(option)) {
                expanded.add(value.isEmpty() ? option : option + "=" + value);
            }
        });
        return expanded.toArray(String[]::new);
    }

    private static String value(String[] args) {
        for (int i = 0; i < args.length; i++) {
            if (args[i].startsWith(OPTION + "=")) {
                return args[i].substring(OPTION.length() + 1);
            }
            if (args[i].equals(OPTION) && i + 1 < args.length) {
                return args[i + 1];
            }
        }
        return "";
    }

    private static String name(String arg) {
        int sign = arg.indexOf('=');
        return sign < 0 ? arg : arg.substring(0, sign);
    }
}
