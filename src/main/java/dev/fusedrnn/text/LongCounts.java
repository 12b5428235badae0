package dev.fusedrnn.text;

import java.util.Arrays;

/** Counts of {@code long} keys by open addressing; keeps keys in the order in which they were first met. */
final class LongCounts {
    private static final int START = 1 << 10;
    private static final int MOST = 1 << 29;

    private int[] slots = new int[2 * START];
    private long[] keys = new long[START];
    private long[] counts = new long[START];
    private int size;

    int size() {
        return size;
    }

    long key(int index) {
        return keys[index];
    }

    long count(int index) {
        return counts[index];
    }

    long get(long key) {
        int entry = slots[slot(key)];
        return entry == 0 ? 0 : counts[entry - 1];
    }

    void add(long key) {
        int slot = slot(key);
        if (slots[slot] == 0) {
            if (size == keys.length) {
                grow();
                slot = slot(key);
            }
            keys[size] = key;
            slots[slot] = ++size;
        }
        counts[slots[slot] - 1]++;
    }

    /** The counts alone, in no useful order. */
    long[] counts() {
        return Arrays.copyOf(counts, size);
    }

    private int slot(long key) {
        int mask = slots.length - 1;
        int slot = (int) Mixing.mix(key) & mask;
        while (slots[slot] != 0 && keys[slots[slot] - 1] != key) {
            slot = slot + 1 & mask;
        }
        return slot;
    }

    private void grow() {
        if (size == MOST) {
            throw new IllegalArgumentException("text: more than " + MOST + " different n-grams cannot be counted");
        }
        keys = Arrays.copyOf(keys, 2 * size);
        counts = Arrays.copyOf(counts, 2 * size);
        slots = new int[4 * size];
        for (int i = 0; i < size; i++) {
            slots[slot(keys[i])] = i + 1;
        }
    }
}
