package dev.fusedrnn.text;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Set;

/**
 * Learns byte-pair merges. Counts of pairs are kept up to date word by word, so that a merge costs the words that hold
 * its pair and no pass over all of them.
 *
 * <p>Ties go to the pair whose first occurrence is earliest, by word and then by place in the word. Between merges, an
 * existing pair can only lose occurrences, unless the merge touched it and so queued it anew; therefore an entry of the
 * queue that is out of date is never too small, and it is enough to look again at the entry that comes out on top.
 */
final class BpeTrainer {
    private record Candidate(long pair, long count, int word, int place) implements Comparable<Candidate> {
        @Override
        public int compareTo(Candidate other) {
            int byCount = Long.compare(other.count, count);
            int byWord = byCount != 0 ? byCount : Integer.compare(word, other.word);
            return byWord != 0 ? byWord : Integer.compare(place, other.place);
        }
    }

    /** Count of a pair, and the words that hold it or held it once. */
    private static final class Pair {
        private long count;
        private int[] words = new int[2];
        private int size;
        private int first;
        private boolean ascending = true;

        void add(int word) {
            if (size > 0 && words[size - 1] == word) {
                return;
            }
            if (size == words.length) {
                words = Arrays.copyOf(words, 2 * size);
            }
            ascending &= size == 0 || words[size - 1] < word;
            words[size++] = word;
        }

        void sort() {
            if (!ascending) {
                Arrays.sort(words, 0, size);
                first = 0;
                ascending = true;
            }
        }
    }

    private static final int ANY = -1;

    private final List<String> symbols = new ArrayList<>();
    private final Map<String, Integer> ids = new HashMap<>();
    private final int[][] words;
    private final long[] counts;
    private final Map<Long, Pair> pairs = new HashMap<>();
    private final PriorityQueue<Candidate> queue = new PriorityQueue<>();

    BpeTrainer(Map<String, Long> words, int endOfWord) {
        this.words = new int[words.size()][];
        this.counts = new long[words.size()];
        int index = 0;
        for (Map.Entry<String, Long> entry : words.entrySet()) {
            String word = entry.getKey();
            if (entry.getValue() <= 0 || word.isEmpty() || word.indexOf(endOfWord) >= 0) {
                throw new IllegalArgumentException("words: expected words without '" + Character.toString(endOfWord)
                        + "' and with counts above 0, found '" + word + "' " + entry.getValue() + " times");
            }
            this.counts[index] = entry.getValue();
            this.words[index++] = (word + Character.toString(endOfWord))
                    .codePoints()
                    .map(point -> id(Character.toString(point)))
                    .toArray();
        }
    }

    private int id(String symbol) {
        return ids.computeIfAbsent(symbol, name -> {
            symbols.add(name);
            return symbols.size() - 1;
        });
    }

    List<BpeTokenizer.Merge> learn(int merges) {
        Set<Long> all = new HashSet<>();
        for (int word = 0; word < words.length; word++) {
            count(word, 1, ANY, all);
        }
        enqueue(all);
        List<BpeTokenizer.Merge> learnt = new ArrayList<>();
        while (learnt.size() < merges && !queue.isEmpty()) {
            Candidate top = queue.poll();
            Candidate now = candidate(top.pair);
            if (now == null) {
                continue;
            }
            if (!now.equals(top)) {
                queue.add(now);
                continue;
            }
            learnt.add(new BpeTokenizer.Merge(symbols.get(left(top.pair)), symbols.get(right(top.pair))));
            merge(top.pair);
        }
        return learnt;
    }

    private void enqueue(Set<Long> touched) {
        for (long pair : touched) {
            Candidate candidate = candidate(pair);
            if (candidate != null) {
                queue.add(candidate);
            }
        }
    }

    private void merge(long pair) {
        int merged = id(symbols.get(left(pair)) + symbols.get(right(pair)));
        Pair found = pairs.get(pair);
        found.sort();
        int[] holders = Arrays.copyOfRange(found.words, found.first, found.size);
        Set<Long> touched = new HashSet<>();
        for (int word : holders) {
            if (place(word, pair) >= 0) {
                count(word, -1, merged, touched);
                words[word] = replaced(words[word], pair, merged);
                count(word, 1, merged, touched);
            }
        }
        enqueue(touched);
    }

    private static int[] replaced(int[] word, long pair, int merged) {
        int[] shorter = new int[word.length];
        int length = 0;
        for (int i = 0; i < word.length; i++) {
            boolean here = i + 1 < word.length && key(word[i], word[i + 1]) == pair;
            shorter[length++] = here ? merged : word[i];
            i += here ? 1 : 0;
        }
        return Arrays.copyOf(shorter, length);
    }

    /** Adds or takes away the pairs of a word; notes those that hold the symbol {@code fresh}, which may be any. */
    private void count(int word, int sign, int fresh, Set<Long> touched) {
        int[] ofWord = words[word];
        for (int i = 0; i + 1 < ofWord.length; i++) {
            long key = key(ofWord[i], ofWord[i + 1]);
            Pair pair = pairs.computeIfAbsent(key, unused -> new Pair());
            pair.count += sign * counts[word];
            if (sign > 0 && (fresh == ANY || ofWord[i] == fresh || ofWord[i + 1] == fresh)) {
                pair.add(word);
                touched.add(key);
            }
        }
    }

    /** The pair as it stands now, or null where no word holds it any more. */
    private Candidate candidate(long key) {
        Pair pair = pairs.get(key);
        if (pair == null || pair.count == 0) {
            pairs.remove(key);
            return null;
        }
        pair.sort();
        while (place(pair.words[pair.first], key) < 0) {
            pair.first++;
        }
        int word = pair.words[pair.first];
        return new Candidate(key, pair.count, word, place(word, key));
    }

    /** Offset of the first occurrence in characters, which merges before it leave as it is; -1 where there is none. */
    private int place(int word, long pair) {
        int[] ofWord = words[word];
        int offset = 0;
        for (int i = 0; i + 1 < ofWord.length; i++) {
            if (key(ofWord[i], ofWord[i + 1]) == pair) {
                return offset;
            }
            offset += symbols.get(ofWord[i]).length();
        }
        return -1;
    }

    private static long key(int left, int right) {
        return (long) left << 32 | right;
    }

    private static int left(long key) {
        return (int) (key >>> 32);
    }

    private static int right(long key) {
        return (int) key;
    }
}
