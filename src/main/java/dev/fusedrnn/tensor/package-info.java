/** Memory: devices, data types, shapes and tensors. */
package dev.fusedrnn.tensor;
