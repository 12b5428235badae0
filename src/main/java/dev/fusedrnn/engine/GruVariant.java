package dev.fusedrnn.engine;

/** Where the reset gate of a GRU acts. Weights of one form are not valid in the other. */
public enum GruVariant {
    /** {@code n = tanh(wIn·x + bIn + r ∘ (wHn·h + bHn))}: cuDNN, PyTorch, Keras' default. */
    RESET_AFTER,
    /** {@code n = tanh(wIn·x + bIn + wHn·(r ∘ h) + bHn)}: the original paper and the book "Dive into Deep Learning". */
    RESET_BEFORE
}
