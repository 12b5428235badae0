/* Whole-sequence helpers: padding masks, the last valid step, batch-first layout. x is S [T,N,K]. */
#ifndef FUSEDRNN_SEQUENCE_H
#define FUSEDRNN_SEQUENCE_H

#include "fusedrnn/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* x[t,n,:] = value for t >= lengths[n] */
typedef struct FrnnMaskParams {
    uint32_t structSize;
    int32_t type; /* F32, BF16, F16 or I32 */
    int64_t T;
    int64_t N;
    int64_t K;
    double value;
    uint64_t lengths; /* read I32 [N] */
    uint64_t x;       /* written [T,N,K] behind the lengths */
    uint64_t stream;
} FrnnMaskParams;

FRNN_EXPORT int32_t frnn_mask(const FrnnMaskParams *params, FrnnMessage *message);

/* last[n,:] = x[lengths[n]-1, n, column : column+width] */
typedef struct FrnnGatherLastParams {
    uint32_t structSize;
    int32_t type; /* F32, BF16 or F16 */
    int64_t T;
    int64_t N;
    int64_t K;
    int64_t column;   /* first column taken */
    int64_t width;    /* columns taken */
    uint64_t lengths; /* read I32 [N]; 0: all T */
    uint64_t x;       /* read [T,N,K] */
    uint64_t last;    /* written [N,width] */
    uint64_t stream;
} FrnnGatherLastParams;

FRNN_EXPORT int32_t frnn_gather_last(const FrnnGatherLastParams *params, FrnnMessage *message);

/* The gradient of the above: dx[lengths[n]-1, n, column : column+width] += dlast[n,:]; the rest of dx stays. */
typedef struct FrnnScatterLastParams {
    uint32_t structSize;
    int32_t type;
    int64_t T;
    int64_t N;
    int64_t K;
    int64_t column;
    int64_t width;
    uint64_t lengths; /* read I32 [N]; 0: all T */
    uint64_t dlast;   /* read [N,width] */
    uint64_t dx;      /* read and written [T,N,K] */
    uint64_t stream;
} FrnnScatterLastParams;

FRNN_EXPORT int32_t frnn_scatter_last(const FrnnScatterLastParams *params, FrnnMessage *message);

/* out[b,a,:] = in[a,b,:]: batch-first to time-first and back; bits are moved, not converted. */
typedef struct FrnnSwapLeadingParams {
    uint32_t structSize;
    int32_t type; /* any */
    int64_t A;
    int64_t B;
    int64_t K;
    uint64_t in;  /* read [A,B,K] */
    uint64_t out; /* written [B,A,K] */
    uint64_t stream;
} FrnnSwapLeadingParams;

FRNN_EXPORT int32_t frnn_swap_leading(const FrnnSwapLeadingParams *params, FrnnMessage *message);

#ifdef __cplusplus
}
#endif

#endif
