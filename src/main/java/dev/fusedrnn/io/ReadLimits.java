package dev.fusedrnn.io;

/**
 * What a reader accepts of a safetensors file before it believes anything the file says.
 *
 * @param maxHeaderBytes longest header, 2 to 100,000,000
 * @param maxTensors most tensors
 * @param maxNameLength longest name of a tensor or of a metadata entry, in characters
 * @param maxRank most sizes of a shape
 * @param plainNames whether tensor names are held to letters, digits and {@code . _ - :}, without {@code ..}; otherwise
 *     only control characters are refused
 * @param checksums whether checksums have to be there; where they are, they are verified in either case
 * @param followLinks whether the path may end in a symbolic link
 */
public record ReadLimits(
        int maxHeaderBytes,
        int maxTensors,
        int maxNameLength,
        int maxRank,
        boolean plainNames,
        boolean checksums,
        boolean followLinks) {

    /** For files this library wrote: 1 MiB of header, 4,096 tensors, rank 3, checksums required, no link. */
    public static final ReadLimits CHECKPOINT = new ReadLimits(1 << 20, 4_096, 256, 3, true, true, false);

    /** For files of other systems: 100 MB of header as the format allows, 100,000 tensors, rank 8, links followed. */
    public static final ReadLimits FOREIGN = new ReadLimits(100_000_000, 100_000, 256, 8, false, false, true);

    public ReadLimits {
        within("maxHeaderBytes", maxHeaderBytes, 2, 100_000_000);
        within("maxTensors", maxTensors, 0, 1_000_000);
        within("maxNameLength", maxNameLength, 1, 4_096);
        within("maxRank", maxRank, 0, 32);
    }

    /** The same limits with another longest header. */
    public ReadLimits withMaxHeaderBytes(int bytes) {
        return new ReadLimits(bytes, maxTensors, maxNameLength, maxRank, plainNames, checksums, followLinks);
    }

    /** Says what is wrong with a tensor's name, or null if nothing is. */
    String faultOfName(String name) {
        if (name.isEmpty() || name.length() > maxNameLength) {
            return "name of " + name.length() + " characters, allowed are 1 to " + maxNameLength;
        }
        for (int i = 0; i < name.length(); i++) {
            char c = name.charAt(i);
            boolean plain =
                    c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || "._-:".indexOf(c) >= 0;
            if (plainNames ? !plain : Character.isISOControl(c)) {
                return "character U+%04X at index %d of a name".formatted((int) c, i);
            }
        }
        return plainNames && name.contains("..") ? "'..' in a name" : null;
    }

    private static void within(String field, int value, int least, int most) {
        if (value < least || value > most) {
            throw new IllegalArgumentException(field + " is " + value + ", allowed are " + least + " to " + most);
        }
    }
}
