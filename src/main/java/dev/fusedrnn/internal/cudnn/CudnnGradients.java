package dev.fusedrnn.internal.cudnn;

/** Addresses of a backward pass: dy, dhy, dcy are read, dx, dhx, dcx written; states may be 0. */
public record CudnnGradients(long dy, long dhy, long dcy, long dx, long dhx, long dcx) {}
