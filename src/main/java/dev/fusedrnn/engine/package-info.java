/** Recurrent stacks: what they compute, and the engines that compute them. */
package dev.fusedrnn.engine;
