/** Layers and parameters: the recurrent stack, what stands before and after it, and the loss. */
package dev.fusedrnn.nn;
