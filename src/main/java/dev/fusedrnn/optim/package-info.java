/** Optimizers over the flat arrays of {@link dev.fusedrnn.nn.Parameters}, and learning rate schedules. */
package dev.fusedrnn.optim;
