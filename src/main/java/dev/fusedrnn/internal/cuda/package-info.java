/** The CUDA runtime and cuBLASLt behind plain numbers: contexts, streams, events, graphs, memory, matrix products. */
package dev.fusedrnn.internal.cuda;
