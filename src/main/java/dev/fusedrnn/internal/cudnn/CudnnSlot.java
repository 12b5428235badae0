package dev.fusedrnn.internal.cudnn;

/**
 * Where one gate's matrix and bias lie.
 *
 * @param matrix bytes from the start of the weight space, or -1 if there is none
 * @param matrixElements its size
 * @param bias bytes from the start of the weight space, or -1 if there is none
 * @param biasElements its size
 */
public record CudnnSlot(long matrix, long matrixElements, long bias, long biasElements) {}
