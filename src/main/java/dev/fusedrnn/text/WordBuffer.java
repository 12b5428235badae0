package dev.fusedrnn.text;

/** Gathers the code points of one word, up to a length that no word has. */
final class WordBuffer {
    static final int LONGEST = 1 << 20;

    private final StringBuilder word = new StringBuilder();

    boolean isEmpty() {
        return word.isEmpty();
    }

    void append(int codePoint) {
        if (word.length() >= LONGEST) {
            throw new IllegalArgumentException("text: a word of more than " + LONGEST + " characters, starting '"
                    + word.substring(0, 20) + "': text without white space can be read as characters only");
        }
        word.appendCodePoint(codePoint);
    }

    String take() {
        String taken = word.toString();
        word.setLength(0);
        return taken;
    }
}
