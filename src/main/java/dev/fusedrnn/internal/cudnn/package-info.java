/** cuDNN's recurrent networks behind plain numbers: library, handle, descriptors, passes. */
package dev.fusedrnn.internal.cudnn;
