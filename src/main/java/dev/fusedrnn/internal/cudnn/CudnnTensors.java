package dev.fusedrnn.internal.cudnn;

/** Addresses of a forward pass: x, hx, cx are read, y, hy, cy written; 0 for a state that is not given or not wanted. */
public record CudnnTensors(long x, long hx, long cx, long y, long hy, long cy) {}
