/** The cpu engine's passes: products by a BLAS library, everything else in loops the compiler vectorises. */
package dev.fusedrnn.engine.cpu;
