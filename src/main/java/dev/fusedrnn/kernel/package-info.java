/** The operations around the recurrence, once for the CPU and once for CUDA. */
package dev.fusedrnn.kernel;
