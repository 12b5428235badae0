package dev.fusedrnn.model;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Published word language models as options of {@code fusedrnn train}, but for the texts. The texts are those of Mikolov's
 * Penn Treebank or of WikiText-2: words and line ends, rare words already replaced.
 */
public enum Preset {
    /** Zaremba, Sutskever and Vinyals 2014, small: test perplexity 114.5 on the Penn Treebank. */
    ZAREMBA_SMALL(zaremba(200, 0, 0.1, 20, "decay:4:0.5", 5, 13)),
    /** The same, medium: 82.7. */
    ZAREMBA_MEDIUM(zaremba(650, 0.5, 0.05, 35, "decay:6:" + 1 / 1.2, 5, 39)),
    /** The same, large: 78.4. */
    ZAREMBA_LARGE(zaremba(1500, 0.65, 0.04, 35, "decay:14:" + 1 / 1.15, 10, 55)),
    /** AWD-LSTM of Merity, Keskar and Socher 2018 on the Penn Treebank: 58.8 before fine-tuning. */
    AWD_LSTM(awd(0.25, 0.4, 20, 500)),
    /** The same on WikiText-2: 65.6. */
    AWD_LSTM_WIKITEXT2(awd(0.2, 0.65, 80, 750));

    private final Map<String, String> options;

    Preset(String options) {
        Map<String, String> parsed = new LinkedHashMap<>();
        for (String option : options.strip().split(" (?=--)")) {
            String[] words = option.split(" ", 2);
            parsed.put(words[0], words.length == 1 ? "" : words[1]);
        }
        this.options = parsed;
    }

    /** Summed over time and clipped as a sum, the state carried, dropout wherever features pass from layer to layer. */
    private static String zaremba(
            int hidden, double dropout, double bound, int steps, String schedule, int clip, int epochs) {
        return words("lstm", hidden, 2)
                + " --embedding " + hidden
                + " --dropout " + dropout + " --input-dropout " + dropout + " --output-dropout " + dropout
                + " --init uniform:" + bound
                + " --batch 20 --steps " + steps + " --sampling sequential --optimizer sgd --lr 1 --schedule "
                + schedule + " --clip " + clip + " --loss sum-over-time --epochs " + epochs;
    }

    private static String awd(double dropout, double inputDropout, int batch, int epochs) {
        return words("lstm", 1150, 3)
                + " --last-hidden 400 --embedding 400 --tied --dropout " + dropout + " --input-dropout " + inputDropout
                + " --output-dropout 0.4 --variational-dropout --embedding-dropout 0.1 --weight-dropout 0.5"
                + " --activity 2 --activity-change 1 --init framework:0.1"
                + " --batch " + batch
                + " --steps 70 --sampling varying --optimizer nt-asgd --lr 30 --weight-decay 1.2e-6"
                + " --clip 0.25 --loss mean --epochs " + epochs;
    }

    private static String words(String cell, int hidden, int layers) {
        return "--recipe raw --tokens word --line-end <eos> --cell " + cell + " --hidden " + hidden + " --layers "
                + layers;
    }

    /** Lower-case name with dashes, as on the command line. */
    public String id() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** Names of all. */
    public static List<String> ids() {
        return Arrays.stream(values()).map(Preset::id).toList();
    }

    /**
     * The inverse of {@link #id}.
     *
     * @throws IllegalArgumentException naming those there are
     */
    public static Preset parse(String id) {
        return Arrays.stream(values())
                .filter(preset -> preset.id().equals(id))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("preset must be one of " + ids() + ", found " + id));
    }

    /** Values by option of {@code fusedrnn train}; empty for an option that takes none. */
    public Map<String, String> options() {
        return Map.copyOf(options);
    }
}
