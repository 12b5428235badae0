/** Training: steps of fixed shape, the loop over minibatches and epochs, perplexity, checkpoints. */
package dev.fusedrnn.train;
