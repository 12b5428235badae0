package dev.fusedrnn.text;

/**
 * Joins tokens to text one after another. What a token adds depends on those before it alone, so all that has been added is
 * text already, of whole characters; white space between two tokens comes with the second.
 */
public interface TextJoiner {
    /** What the next token adds to the text. */
    String add(String token);
}
