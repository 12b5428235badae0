/* Rows of a table by id, and the gradient of that. */
#ifndef FUSEDRNN_EMBEDDING_H
#define FUSEDRNN_EMBEDDING_H

#include "fusedrnn/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* rows[m,:] = table[ids[m],:]; an id outside [0,V) gives a row of zeros and sets the error word */
typedef struct FrnnGatherParams {
    uint32_t structSize;
    int32_t tableType; /* F32, BF16 or F16 */
    int32_t rowsType;  /* F32, BF16 or F16 */
    int32_t reserved;
    int64_t M;
    int64_t V;
    int64_t E;
    uint64_t ids;   /* read I32 [M] */
    uint64_t table; /* read [V,E] */
    uint64_t rows;  /* written [M,E] */
    uint64_t error; /* uint32 [1]: set to FRNN_WORD_INDEX on a bad id, else left; 0: not wanted */
    uint64_t stream;
} FrnnGatherParams;

FRNN_EXPORT int32_t frnn_gather(const FrnnGatherParams *params, FrnnMessage *message);

/* Workspace bytes of frnn_scatter_add. */
FRNN_EXPORT int64_t frnn_scatter_add_workspace(int64_t M, int64_t V, int64_t E);

/*
 * table[v,:] (+)= Σ rows[m,:] over the m with ids[m] = v, in an order fixed by the ids alone: a stable sort of the ids, then
 * sums over runs of equal ids. Ids outside [0,V) are left out. Rows of the table without an id stay (accumulate) or become 0.
 */
typedef struct FrnnScatterAddParams {
    uint32_t structSize;
    int32_t rowsType;   /* F32, BF16 or F16 */
    int32_t tableType;  /* F32, BF16 or F16 */
    int32_t accumulate; /* 1: add to the table, 0: overwrite all of it */
    int64_t M;          /* below 2^31 */
    int64_t V;
    int64_t E;
    uint64_t ids;       /* read I32 [M] */
    uint64_t rows;      /* read [M,E] */
    uint64_t table;     /* written [V,E]; read too if accumulate */
    uint64_t workspace; /* scratch, frnn_scatter_add_workspace bytes, 16-byte aligned */
    uint64_t stream;
} FrnnScatterAddParams;

FRNN_EXPORT int32_t frnn_scatter_add(const FrnnScatterAddParams *params, FrnnMessage *message);

#ifdef __cplusplus
}
#endif

#endif
