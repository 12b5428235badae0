package dev.fusedrnn.text;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.Charset;
import java.util.ArrayList;
import java.util.List;

/**
 * Words with a tag for each.
 *
 * @param words 1 or more
 * @param tags as many
 */
public record TaggedSentence(List<String> words, List<String> tags) {
    private static final String DOCUMENT = "-DOCSTART-";

    public TaggedSentence {
        words = List.copyOf(words);
        tags = List.copyOf(tags);
        if (words.isEmpty() || words.size() != tags.size()) {
            throw new IllegalArgumentException("a sentence must have a tag for each of 1 or more words, found "
                    + words.size() + " words and " + tags.size() + " tags");
        }
    }

    /** The same with tags in a scheme. */
    public TaggedSentence in(TagScheme scheme) {
        return new TaggedSentence(words, scheme.convert(tags));
    }

    /**
     * Reads a file of the CoNLL shared tasks' kind: a word in each line with its columns, separated by spaces or tabs, blank
     * lines between sentences. Lines that mark the start of a document ({@value #DOCUMENT}) are left out.
     *
     * @param wordColumn from 0
     * @param tagColumn from 0; −1 for the last column
     * @throws IllegalArgumentException naming the text and line of what is not as said
     */
    public static List<TaggedSentence> columns(TextSource source, Charset charset, int wordColumn, int tagColumn)
            throws IOException {
        List<TaggedSentence> sentences = new ArrayList<>();
        List<String> words = new ArrayList<>();
        List<String> tags = new ArrayList<>();
        int number = 0;
        try (BufferedReader reader = source.reader(charset)) {
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                number++;
                if (line.isBlank()) {
                    finish(words, tags, sentences);
                } else if (!line.startsWith(DOCUMENT)) {
                    String[] columns = line.strip().split("[ \t]+");
                    words.add(column(columns, wordColumn));
                    tags.add(column(columns, tagColumn < 0 ? columns.length - 1 : tagColumn));
                    requireOther(columns, wordColumn, tagColumn);
                }
            }
        } catch (CharacterCodingException wrong) {
            throw new IllegalArgumentException(source.name() + ": not " + charset + " after line " + number, wrong);
        } catch (IllegalArgumentException wrong) {
            throw new IllegalArgumentException(source.name() + ": line " + number + ": " + wrong.getMessage(), wrong);
        }
        finish(words, tags, sentences);
        if (sentences.isEmpty()) {
            throw new IllegalArgumentException(source.name() + ": expected at least one sentence, found none");
        }
        return sentences;
    }

    private static String column(String[] columns, int index) {
        if (index >= columns.length) {
            throw new IllegalArgumentException("expected " + (index + 1) + " columns or more, found " + columns.length);
        }
        return columns[index];
    }

    /** A line that ends behind its word would have the word for its tag. */
    private static void requireOther(String[] columns, int wordColumn, int tagColumn) {
        if (tagColumn < 0 && columns.length - 1 == wordColumn) {
            throw new IllegalArgumentException("expected a column for the tag behind the word, found none");
        }
    }

    private static void finish(List<String> words, List<String> tags, List<TaggedSentence> sentences) {
        if (!words.isEmpty()) {
            sentences.add(new TaggedSentence(words, tags));
            words.clear();
            tags.clear();
        }
    }
}
