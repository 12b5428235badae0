/* Dropout with a counter-based generator: no mask is stored, and every engine draws the same one. */
#ifndef FUSEDRNN_DROPOUT_H
#define FUSEDRNN_DROPOUT_H

#include "fusedrnn/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * out[i] = keep(e) ? in[i] / (1-p) : 0 with e = firstElement + (period ? i % period : i); its own gradient.
 * keep(e): word e%4 of Philox4x32-10 with counter (low32(e/4), high32(e/4), streamId, draw) and key (seedLow, seedHigh);
 * kept if (word >>> 8) * 2^-24 >= p.
 */
typedef struct FrnnDropoutParams {
    uint32_t structSize;
    int32_t type; /* F32, BF16 or F16 */
    int32_t streamId;
    float p; /* 0 <= p < 1 */
    int64_t count;
    int64_t firstElement; /* of the logical tensor, for pieces of it */
    int64_t period;       /* 0, or elements after which the mask repeats (N*K: one mask for all time steps) */
    uint64_t random;      /* read I32 [4]: seedLow, seedHigh, draw, 0 */
    uint64_t in;          /* read [count] */
    uint64_t out;         /* written [count]; may be `in` */
    uint64_t stream;
} FrnnDropoutParams;

FRNN_EXPORT int32_t frnn_dropout(const FrnnDropoutParams *params, FrnnMessage *message);

/*
 * Whole rows: out[m,:] = keep(ids[m]) ? in[m,:] / (1-p) : 0 with keep as above; its own gradient. Rows of one id share one
 * fate: dropout of the rows of a table that ids look up.
 */
typedef struct FrnnDropoutRowsParams {
    uint32_t structSize;
    int32_t type; /* F32, BF16 or F16 */
    int32_t streamId;
    float p; /* 0 <= p < 1 */
    int64_t M;
    int64_t E;
    uint64_t ids;    /* read I32 [M] */
    uint64_t random; /* read I32 [4]: seedLow, seedHigh, draw, 0 */
    uint64_t in;     /* read [M,E] */
    uint64_t out;    /* written [M,E]; may be `in` */
    uint64_t stream;
} FrnnDropoutRowsParams;

FRNN_EXPORT int32_t frnn_dropout_rows(const FrnnDropoutRowsParams *params, FrnnMessage *message);

#ifdef __cplusplus
}
#endif

#endif
