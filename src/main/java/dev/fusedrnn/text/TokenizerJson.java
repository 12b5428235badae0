package dev.fusedrnn.text;

/** Tells the kinds of tokenizers apart when they are read. */
final class TokenizerJson {
    private TokenizerJson() {}

    static Tokenizer read(SavedFields fields) {
        String kind = fields.string("kind");
        return switch (kind) {
            case CharTokenizer.KIND -> new CharTokenizer();
            case WordTokenizer.KIND -> WordTokenizer.fromJson(fields);
            case BpeTokenizer.KIND -> BpeTokenizer.fromJson(fields);
            default ->
                throw new IllegalArgumentException("tokenizer: kind: expected char, word or bpe, found '" + kind + "'");
        };
    }
}
