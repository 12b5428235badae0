/** The reference engine's equations: one class per cell, plain loops, a hand-written backward beside each forward. */
package dev.fusedrnn.engine.reference;
