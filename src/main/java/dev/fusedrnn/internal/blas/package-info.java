/** Matrix products on host memory by the JavaCPP presets of oneDNN and OpenBLAS, and the threads that share them. */
package dev.fusedrnn.internal.blas;
