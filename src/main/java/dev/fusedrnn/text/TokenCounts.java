package dev.fusedrnn.text;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** How often each token occurs. Remembers the order in which tokens were first met. Not thread-safe while it grows. */
public final class TokenCounts {
    private final Map<String, long[]> counts = new LinkedHashMap<>();
    private long total;

    /** A token and how often it occurs. */
    public record Entry(String token, long count) {}

    /** Counts one occurrence. */
    public void add(String token) {
        counts.computeIfAbsent(token, unused -> new long[1])[0]++;
        total++;
    }

    /** Counts all tokens of a stream, which is read to its end and not closed. */
    public void addAll(TokenStream tokens) throws IOException {
        for (String token = tokens.next(); token != null; token = tokens.next()) {
            add(token);
        }
    }

    /** How often a token occurs; 0 if never. */
    public long count(String token) {
        long[] count = counts.get(token);
        return count == null ? 0 : count[0];
    }

    /** Number of occurrences of all tokens. */
    public long total() {
        return total;
    }

    /** Number of different tokens. */
    public int types() {
        return counts.size();
    }

    /** All tokens in the order in which they were first met. */
    public List<Entry> inOrderOfMeeting() {
        List<Entry> entries = new ArrayList<>(counts.size());
        counts.forEach((token, count) -> entries.add(new Entry(token, count[0])));
        return entries;
    }

    /** All tokens by falling count; of equally frequent ones, the one met first comes first. */
    public List<Entry> byFrequency() {
        List<Entry> entries = inOrderOfMeeting();
        entries.sort(Comparator.comparingLong(Entry::count).reversed());
        return entries;
    }
}
