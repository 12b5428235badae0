/** The command line tool {@code fusedrnn}: the one package that uses picocli and a progress bar. */
package dev.fusedrnn.cli;
