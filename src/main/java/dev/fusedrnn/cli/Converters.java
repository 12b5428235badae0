package dev.fusedrnn.cli;

import dev.fusedrnn.engine.CellType;
import dev.fusedrnn.engine.GateStorage;
import dev.fusedrnn.engine.RnnConfig;
import dev.fusedrnn.model.Preset;
import dev.fusedrnn.nn.EngineChoice;
import dev.fusedrnn.nn.Initialization;
import dev.fusedrnn.optim.DecayScope;
import dev.fusedrnn.optim.OptimizerConfig;
import dev.fusedrnn.optim.Schedule;
import dev.fusedrnn.tensor.DataType;
import dev.fusedrnn.text.Recipe;
import dev.fusedrnn.train.Reduction;
import dev.fusedrnn.train.Sampling;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads values of options; what is not allowed is refused with what is. */
final class Converters {
    private Converters() {}

    private static long whole(String text, long least, long most) {
        try {
            long value = Long.parseLong(text.strip());
            if (value >= least && value <= most) {
                return value;
            }
        } catch (NumberFormatException notANumber) {
            // Falls through to the one message for both.
        }
        String limits = least + (most == Long.MAX_VALUE && least >= 0 ? " or more" : " to " + most);
        throw new TypeConversionException("expected a whole number, " + limits + ", found '" + text + "'");
    }

    private static double real(String text, double least, boolean open, String allowed) {
        try {
            double value = Double.parseDouble(text.strip());
            if ((open ? value > least : value >= least) && value <= Float.MAX_VALUE) {
                return value;
            }
        } catch (NumberFormatException notANumber) {
            // Falls through to the one message for both.
        }
        throw new TypeConversionException("expected " + allowed + ", found '" + text + "'");
    }

    private static TypeConversionException oneOf(List<String> allowed, String text) {
        return new TypeConversionException("expected one of " + String.join(", ", allowed) + ", found '" + text + "'");
    }

    /** A whole number within limits. */
    abstract static class Whole implements ITypeConverter<Integer> {
        private final int least;
        private final int most;

        Whole(int least, int most) {
            this.least = least;
            this.most = most;
        }

        @Override
        public final Integer convert(String text) {
            return (int) whole(text, least, most);
        }
    }

    /** One of several things that have names. */
    abstract static class Named<T> implements ITypeConverter<T> {
        private final Function<String, T> parser;

        Named(Function<String, T> parser) {
            this.parser = parser;
        }

        @Override
        public final T convert(String text) {
            try {
                return parser.apply(text.toLowerCase(Locale.ROOT));
            } catch (IllegalArgumentException unknown) {
                // The option's name stands before the message already.
                throw new TypeConversionException(unknown.getMessage().replaceFirst("^recipe: ", ""));
            }
        }
    }

    /** A size: 1 to the largest a recurrent stack takes. */
    static final class Size extends Whole {
        Size() {
            super(1, RnnConfig.MAX_SIZE);
        }
    }

    /** A size or 0. */
    static final class SizeOrNone extends Whole {
        SizeOrNone() {
            super(0, RnnConfig.MAX_SIZE);
        }
    }

    /** Name of a published model. */
    static final class PresetName extends Named<Preset> {
        PresetName() {
            super(Preset::parse);
        }
    }

    /** Which parameters decay. */
    static final class DecayScopeName extends Named<DecayScope> {
        DecayScopeName() {
            super(DecayScope::parse);
        }
    }

    /** Number of layers. */
    static final class Layers extends Whole {
        static final int MOST = 1024;

        Layers() {
            super(1, MOST);
        }
    }

    /** Something counted, at least 1. */
    static final class Count extends Whole {
        Count() {
            super(1, Integer.MAX_VALUE);
        }
    }

    /** Something counted, at least 0. */
    static final class CountOrNone extends Whole {
        CountOrNone() {
            super(0, Integer.MAX_VALUE);
        }
    }

    /** Threads of the CPU engine. */
    static final class Threads extends Whole {
        private static final int MOST = 1024;

        Threads() {
            super(1, MOST);
        }
    }

    /** Tokens to write. */
    static final class Length extends Whole {
        private static final int MOST = 100_000_000;

        Length() {
            super(0, MOST);
        }
    }

    /** A long count, at least 1. */
    static final class LongCount implements ITypeConverter<Long> {
        @Override
        public Long convert(String text) {
            return whole(text, 1, Long.MAX_VALUE);
        }
    }

    /** A long count, at least 0. */
    static final class LongCountOrNone implements ITypeConverter<Long> {
        @Override
        public Long convert(String text) {
            return whole(text, 0, Long.MAX_VALUE);
        }
    }

    /** Any long. */
    static final class Seed implements ITypeConverter<Long> {
        @Override
        public Long convert(String text) {
            return whole(text, Long.MIN_VALUE, Long.MAX_VALUE);
        }
    }

    /** A number above 0 that F32 holds. */
    static final class Positive implements ITypeConverter<Double> {
        @Override
        public Double convert(String text) {
            return real(text, 0, true, "a number above 0, at most 3.4e38");
        }
    }

    /** A number, 0 or more, that F32 holds. */
    static final class PositiveOrZero implements ITypeConverter<Double> {
        @Override
        public Double convert(String text) {
            return real(text, 0, false, "a number, 0 or more, at most 3.4e38");
        }
    }

    /** A number in [0, 1), also as a quotient such as 1/3. */
    static final class Fraction implements ITypeConverter<Double> {
        private static final String ALLOWED = "a fraction of at least 0 and below 1, such as 0.1 or 1/3";

        @Override
        public Double convert(String text) {
            int bar = text.indexOf('/');
            double value = bar < 0
                    ? real(text, 0, false, ALLOWED)
                    : real(text.substring(0, bar), 0, false, ALLOWED) / real(text.substring(bar + 1), 0, true, ALLOWED);
            if (!(value < 1)) {
                throw new TypeConversionException("expected " + ALLOWED + ", found '" + text + "'");
            }
            return value;
        }
    }

    /** A recurrent cell; {@code rnn} is the one with tanh. */
    static final class Cell implements ITypeConverter<CellType> {
        @Override
        public CellType convert(String text) {
            return switch (text.toLowerCase(Locale.ROOT)) {
                case "rnn", "rnn_tanh" -> CellType.RNN_TANH;
                case "rnn_relu" -> CellType.RNN_RELU;
                case "gru" -> CellType.GRU;
                case "lstm" -> CellType.LSTM;
                default -> throw oneOf(List.of("rnn", "rnn_relu", "gru", "lstm"), text);
            };
        }
    }

    /** A data type that networks compute in. */
    static final class Type implements ITypeConverter<DataType> {
        @Override
        public DataType convert(String text) {
            return switch (text.toLowerCase(Locale.ROOT)) {
                case "f32" -> DataType.F32;
                case "bf16" -> DataType.BF16;
                case "f16" -> DataType.F16;
                default -> throw oneOf(List.of("f32", "bf16", "f16"), text);
            };
        }
    }

    /** How a text is cut. */
    static final class Tokens implements ITypeConverter<TokenKind> {
        @Override
        public TokenKind convert(String text) {
            for (TokenKind kind : TokenKind.values()) {
                if (kind.id().equals(text.toLowerCase(Locale.ROOT))) {
                    return kind;
                }
            }
            throw oneOf(List.of("char", "word", "bpe"), text);
        }
    }

    /** A recipe of cleaning. */
    static final class RecipeName extends Named<Recipe> {
        RecipeName() {
            super(Recipe::of);
        }
    }

    /** How minibatches are cut. */
    static final class SamplingName extends Named<Sampling> {
        SamplingName() {
            super(Sampling::parse);
        }
    }

    /** An optimizer. */
    static final class OptimizerName extends Named<OptimizerConfig> {
        OptimizerName() {
            super(OptimizerConfig::parse);
        }
    }

    /** A schedule of the learning rate. */
    static final class ScheduleName extends Named<Schedule> {
        ScheduleName() {
            super(Schedule::parse);
        }
    }

    /** A reduction of the losses. */
    static final class ReductionName extends Named<Reduction> {
        ReductionName() {
            super(Reduction::parse);
        }
    }

    /** How parameters start. */
    static final class InitializationName extends Named<Initialization> {
        InitializationName() {
            super(Initialization::parse);
        }
    }

    /** An engine. */
    static final class Engine extends Named<EngineChoice> {
        Engine() {
            super(EngineChoice::parse);
        }
    }

    /** Where the backward pass has the gates from. */
    static final class Gates extends Named<GateStorage> {
        Gates() {
            super(GateStorage::parse);
        }
    }
}
