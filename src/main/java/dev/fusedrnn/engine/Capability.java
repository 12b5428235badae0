package dev.fusedrnn.engine;

/** Whether an engine can run a configuration on a device, and if not, why. */
public sealed interface Capability {
    /** The engine runs it. */
    record Supported() implements Capability {}

    /**
     * The engine does not run it.
     *
     * @param reason one sentence for the user
     */
    record Unsupported(String reason) implements Capability {}

    /** The one value of {@link Supported}. */
    Capability SUPPORTED = new Supported();

    /** An {@link Unsupported} with its reason. */
    static Capability unsupported(String reason) {
        return new Unsupported(reason);
    }

    /** Whether the engine runs it. */
    default boolean isSupported() {
        return this instanceof Supported;
    }

    /** Why not; empty if supported. */
    default String reason() {
        return this instanceof Unsupported no ? no.reason() : "";
    }
}
