package dev.fusedrnn.text;

import java.io.IOException;

/** The filters behind {@link Recipe}. */
final class Cleaners {
    private Cleaners() {}

    private abstract static class Cleaner implements CodePoints {
        final CodePoints text;

        Cleaner(CodePoints text) {
            this.text = text;
        }

        @Override
        public void close() throws IOException {
            text.close();
        }
    }

    private static int letter(int codePoint) {
        int lower = codePoint | 0x20;
        return lower >= 'a' && lower <= 'z' && codePoint < 0x80 ? lower : 0;
    }

    /** Runs of non-letters become one space, at both ends too. */
    static final class Letters extends Cleaner {
        private boolean inGap;

        Letters(CodePoints text) {
            super(text);
        }

        @Override
        public int next() throws IOException {
            for (int point = text.next(); point >= 0; point = text.next()) {
                int letter = letter(point);
                if (letter != 0) {
                    inGap = false;
                    return letter;
                }
                if (!inGap) {
                    inGap = true;
                    return ' ';
                }
            }
            return END;
        }
    }

    /** The same line by line, without spaces at the ends of a line; a piece ends with each line. */
    static final class LinesOfLetters extends Cleaner {
        private static final int NOTHING = 0;

        private int held = NOTHING;
        private boolean lineHasLetters;
        private boolean lineOpen;
        private boolean afterReturn;

        LinesOfLetters(CodePoints text) {
            super(text);
        }

        @Override
        public int next() throws IOException {
            if (held != NOTHING) {
                return release();
            }
            boolean gap = false;
            for (int point = text.next(); point >= 0; point = text.next()) {
                boolean secondHalf = afterReturn && point == '\n';
                afterReturn = point == '\r';
                if (secondHalf) {
                    continue;
                }
                if (point == '\n' || point == '\r') {
                    return endLine();
                }
                lineOpen = true;
                int letter = letter(point);
                if (letter != 0) {
                    return gap && lineHasLetters ? hold(letter) : emit(letter);
                }
                gap = true;
            }
            return lineOpen ? endLine() : END;
        }

        private int hold(int letter) {
            held = letter;
            return ' ';
        }

        private int release() {
            int letter = held;
            held = NOTHING;
            return emit(letter);
        }

        private int emit(int letter) {
            lineHasLetters = true;
            return letter;
        }

        private int endLine() {
            lineOpen = false;
            lineHasLetters = false;
            return PIECE_END;
        }
    }

    /** Runs of white space become one space, none at the ends of the text; lower case. */
    static final class Collapsed extends Cleaner {
        private int held = END;
        private boolean started;

        Collapsed(CodePoints text) {
            super(text);
        }

        @Override
        public int next() throws IOException {
            if (held != END) {
                int point = held;
                held = END;
                return point;
            }
            boolean gap = false;
            for (int point = text.next(); point >= 0; point = text.next()) {
                if (!CodePoints.isSpace(point)) {
                    return visible(Character.toLowerCase(point), gap);
                }
                gap = true;
            }
            return END;
        }

        private int visible(int point, boolean afterGap) {
            if (afterGap && started) {
                held = point;
                return ' ';
            }
            started = true;
            return point;
        }
    }

    /** No-break spaces become spaces, marks get a space before them unless there is one; lower case. */
    static final class SpacedMarks extends Cleaner {
        private int held = END;
        private int last = ' ';

        SpacedMarks(CodePoints text) {
            super(text);
        }

        @Override
        public int next() throws IOException {
            int point = held;
            held = END;
            if (point == END) {
                point = text.next();
                if (point >= 0 && isMark(point) && last != ' ') {
                    held = point;
                    last = ' ';
                    return ' ';
                }
            }
            last = point == 0xA0 || point == 0x202F ? ' ' : point < 0 ? point : Character.toLowerCase(point);
            return last;
        }

        private static boolean isMark(int point) {
            return point == ',' || point == '.' || point == '!' || point == '?';
        }
    }
}
