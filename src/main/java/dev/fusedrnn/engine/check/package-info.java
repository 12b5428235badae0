/** Comparing an engine with the reference: cases, data, the tolerance rule, and reports as values. */
package dev.fusedrnn.engine.check;
