/* Softmax cross-entropy over a chunk of rows, with the gradient in the same pass. */
#ifndef FUSEDRNN_LOSS_H
#define FUSEDRNN_LOSS_H

#include "fusedrnn/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * losses[m] = -log softmax(logits[m,:])[targets[m]] in nats; logits[m,:] = (softmax - onehot) * gradientScale[0].
 * A negative target is ignored: loss 0, gradient 0. A target of V or more sets the error word and counts as ignored.
 */
typedef struct FrnnCrossEntropyParams {
    uint32_t structSize;
    int32_t type; /* of logits: F32, BF16 or F16 */
    int64_t M;
    int64_t V;
    int64_t stride;         /* elements from row to row of logits, at least V */
    uint64_t logits;        /* read; overwritten by the gradient if gradientScale is given */
    uint64_t targets;       /* read I32 [M] */
    uint64_t losses;        /* written F32 [M]; 0: not wanted */
    uint64_t best;          /* written I32 [M]: smallest index of the largest logit (also in ignored rows); 0: not wanted */
    uint64_t gradientScale; /* read F32 [1]; 0: logits stay as they are */
    uint64_t error;         /* uint32 [1]: set to FRNN_WORD_INDEX on a bad target, else left; 0: not wanted */
    uint64_t stream;
} FrnnCrossEntropyParams;

FRNN_EXPORT int32_t frnn_cross_entropy(const FrnnCrossEntropyParams *params, FrnnMessage *message);

/* scale[0] = numerator / max(1, number of targets >= 0): the gradient scale of a loss averaged over real tokens */
typedef struct FrnnTargetScaleParams {
    uint32_t structSize;
    float numerator;
    int64_t M;
    uint64_t targets; /* read I32 [M] */
    uint64_t scale;   /* written F32 [1] */
    uint64_t stream;
} FrnnTargetScaleParams;

FRNN_EXPORT int32_t frnn_target_scale(const FrnnTargetScaleParams *params, FrnnMessage *message);

/* Workspace bytes of frnn_activity_penalty. */
FRNN_EXPORT int64_t frnn_activity_penalty_workspace(int64_t T, int64_t K);

/*
 * Penalty on outputs and on their change in time (Merity, McCann, Socher 2017):
 * loss[0] += activity * sum y[t,k]^2 + change * sum over t > 0 of (y[t,k] - y[t-1,k])^2, partial sums in double;
 * dy += gradientScale[0] times its gradient.
 */
typedef struct FrnnActivityPenaltyParams {
    uint32_t structSize;
    int32_t type; /* F32, BF16 or F16 */
    float activity;
    float change;
    int64_t T;
    int64_t K;              /* elements of a time step */
    uint64_t y;             /* read [T,K] */
    uint64_t gradientScale; /* read F32 [1] */
    uint64_t dy;            /* read and written [T,K] */
    uint64_t loss;          /* read and written F32 [1] */
    uint64_t workspace;     /* scratch, frnn_activity_penalty_workspace bytes, 16-byte aligned */
    uint64_t counters;      /* as those of sums: fusedrnn/reduce.h */
    uint64_t stream;
} FrnnActivityPenaltyParams;

FRNN_EXPORT int32_t frnn_activity_penalty(const FrnnActivityPenaltyParams *params, FrnnMessage *message);

#ifdef __cplusplus
}
#endif

#endif
