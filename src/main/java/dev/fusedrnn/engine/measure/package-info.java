/** Timing of engines on a device: tensors to try them on, and a clock that asks the device. */
package dev.fusedrnn.engine.measure;
