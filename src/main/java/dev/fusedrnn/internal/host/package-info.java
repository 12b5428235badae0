/** Memory outside the Java heap, and arithmetic on it. */
package dev.fusedrnn.internal.host;
