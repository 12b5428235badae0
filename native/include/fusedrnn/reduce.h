/*
 * Sums in a fixed order that depends on the sizes alone: blocks leave partial sums in a workspace, and the one that ends last adds
 * them. Which one that is, the blocks find out by `counters`, U32 [FRNN_COUNTERS] that are zero before the call and after it; calls
 * that may run at the same time need counters of their own.
 */
#ifndef FUSEDRNN_REDUCE_H
#define FUSEDRNN_REDUCE_H

#include "fusedrnn/types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define FRNN_COUNTERS 2048

/* Workspace bytes of frnn_column_sum for each of its matrices. */
FRNN_EXPORT int64_t frnn_column_sum_workspace(int64_t rows, int64_t columns);

/* sums[i][c] (+)= Σ_r matrices[i][r*stride+c], in F32, for one matrix or two of the same sizes */
typedef struct FrnnColumnSumParams {
    uint32_t structSize;
    int32_t matrixType; /* F32, BF16 or F16 */
    int32_t sumType;    /* F32, BF16 or F16 */
    int32_t accumulate; /* 1: add to sums, 0: overwrite */
    int64_t rows;
    int64_t columns;
    int64_t stride;     /* elements from row to row, at least columns */
    uint64_t matrices[2]; /* read; the second may be 0 */
    uint64_t sums[2];     /* written [columns]; read too if accumulate; the second is 0 if its matrix is */
    uint64_t workspace;   /* scratch, frnn_column_sum_workspace bytes per matrix, 16-byte aligned */
    uint64_t counters;    /* see above */
    uint64_t stream;
} FrnnColumnSumParams;

FRNN_EXPORT int32_t frnn_column_sum(const FrnnColumnSumParams *params, FrnnMessage *message);

enum FrnnReduction { FRNN_SUM = 0, FRNN_SUM_OF_SQUARES = 1 };

/* Workspace bytes of frnn_reduce. */
FRNN_EXPORT int64_t frnn_reduce_workspace(int64_t count);

/* result[0] (+)= Σ x[i] or Σ x[i]²; partial sums in double, so that finite F32 input gives an infinite sum only if that is what rounding to F32 gives */
typedef struct FrnnReduceParams {
    uint32_t structSize;
    int32_t type;       /* F32, BF16 or F16 */
    int32_t reduction;  /* FrnnReduction */
    int32_t accumulate; /* 1: add to result, 0: overwrite */
    int64_t count;
    uint64_t x;         /* read [count] */
    uint64_t result;    /* written F32 [1]; read too if accumulate */
    uint64_t workspace; /* scratch, frnn_reduce_workspace bytes, 16-byte aligned */
    uint64_t counters;  /* see above */
    uint64_t stream;
} FrnnReduceParams;

FRNN_EXPORT int32_t frnn_reduce(const FrnnReduceParams *params, FrnnMessage *message);

#ifdef __cplusplus
}
#endif

#endif
