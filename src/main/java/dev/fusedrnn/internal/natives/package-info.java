/** Our own native library: the JavaCPP binding of {@code native/include/fusedrnn.h}, its loader and the probe. */
package dev.fusedrnn.internal.natives;
