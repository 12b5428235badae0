/* Additive attention of one step of a decoder over the outputs of an encoder, and the way back. */
#ifndef FUSEDRNN_ATTENTION_H
#define FUSEDRNN_ATTENTION_H

#include "fusedrnn/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Letters: S source steps, N samples, A features of queries and keys, F features of values.
 * score[s,n] = sum over a of weight[a] * tanh(query[n,a] + keys[s,n,a]); shares[:,n] = softmax of it over s < lengths[n], 0 behind;
 * context[n,f] = sum over s of shares[s,n] * values[s,n,f] (Bahdanau, Cho and Bengio 2015).
 */
typedef struct FrnnAttentionParams {
    uint32_t structSize;
    int32_t type; /* of query, keys, weight, values and context: F32, BF16 or F16 */
    int64_t S;
    int64_t N;
    int64_t A;
    int64_t F;
    uint64_t query;   /* read [N,A] */
    uint64_t keys;    /* read [S,N,A] */
    uint64_t weight;  /* read [A] */
    uint64_t values;  /* read [S,N,F]; nothing at or behind a length */
    uint64_t lengths; /* read I32 [N]; counts within [0,S]; without a valid step the context is 0 */
    uint64_t shares;  /* written F32 [S,N] */
    uint64_t context; /* written [N,F] */
    uint64_t stream;
} FrnnAttentionParams;

FRNN_EXPORT int32_t frnn_attention(const FrnnAttentionParams *params, FrnnMessage *message);

/* The way back from the gradient of the context. What all steps of a decoder share is added to, in F32. */
typedef struct FrnnAttentionBackwardParams {
    uint32_t structSize;
    int32_t type; /* of query, keys, weight, values, dContext and dQuery: F32, BF16 or F16 */
    int64_t S;
    int64_t N;
    int64_t A;
    int64_t F;
    uint64_t query;    /* read [N,A] */
    uint64_t keys;     /* read [S,N,A] */
    uint64_t weight;   /* read [A] */
    uint64_t values;   /* read [S,N,F] */
    uint64_t lengths;  /* read I32 [N] */
    uint64_t shares;   /* read F32 [S,N], as frnn_attention wrote them */
    uint64_t dContext; /* read [N,F] */
    uint64_t dScores;  /* written F32 [S,N] below the lengths: gradient of the scores */
    uint64_t dQuery;   /* written [N,A] */
    uint64_t dKeys;    /* read and written F32 [S,N,A]: added to */
    uint64_t dWeight;  /* read and written F32 [N,A]: added to; the weight's gradient is the sum over N */
    uint64_t dValues;  /* read and written F32 [S,N,F]: added to */
    uint64_t stream;
} FrnnAttentionBackwardParams;

FRNN_EXPORT int32_t frnn_attention_backward(const FrnnAttentionBackwardParams *params, FrnnMessage *message);

#ifdef __cplusplus
}
#endif

#endif
