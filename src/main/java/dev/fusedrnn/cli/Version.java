package dev.fusedrnn.cli;

import picocli.CommandLine.IVersionProvider;

/** What build this is. */
final class Version implements IVersionProvider {
    /** The jar's version; classes that are run unpacked have none. */
    static String of() {
        String packaged = Version.class.getPackage().getImplementationVersion();
        return packaged == null ? "development build" : packaged;
    }

    @Override
    public String[] getVersion() {
        return new String[] {"fusedrnn " + of()};
    }
}
