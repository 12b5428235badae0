/** The fused engine's layers over the C functions of {@code native/include/fusedrnn.h}: plans, packed weights, passes. */
package dev.fusedrnn.internal.fused;
