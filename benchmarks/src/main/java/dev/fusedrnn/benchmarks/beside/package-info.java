/**
 * This library beside cuDNN and PyTorch on the same shapes in one run: each system is a process of its own that is told what
 * to do line by line ({@link dev.fusedrnn.benchmarks.beside.Worker}), results are compared before anything is timed, and the
 * systems take turns.
 */
package dev.fusedrnn.benchmarks.beside;
