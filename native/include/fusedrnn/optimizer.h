/* One pass over flat arenas: unscale, clip, update the F32 master, round to the compute type. */
#ifndef FUSEDRNN_OPTIMIZER_H
#define FUSEDRNN_OPTIMIZER_H

#include "fusedrnn/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * squaredNorm[0] = Σ gradients[i]², as frnn_reduce has it; scale[0] = lossUnscale * min(1, maxNorm / (lossUnscale * sqrt(squaredNorm[0])));
 * no limit if maxNorm is 0; NaN if the norm is not finite, which makes frnn_update skip.
 */
typedef struct FrnnClipScaleParams {
    uint32_t structSize;
    int32_t type; /* of gradients: F32, BF16 or F16 */
    int64_t count;
    float maxNorm;
    float lossUnscaleValue;
    uint64_t gradients;   /* read [count] */
    uint64_t lossUnscale; /* read F32 [1]; 0: lossUnscaleValue */
    uint64_t squaredNorm; /* written F32 [1] */
    uint64_t scale;       /* written F32 [1] */
    uint64_t workspace;   /* scratch, frnn_reduce_workspace bytes for count, 16-byte aligned */
    uint64_t counters;    /* as those of sums: fusedrnn/reduce.h */
    uint64_t stream;
} FrnnClipScaleParams;

FRNN_EXPORT int32_t frnn_clip_scale(const FrnnClipScaleParams *params, FrnnMessage *message);

/*
 * Loss scaling for F16: if scale[0] is NaN the loss scale is multiplied by backoff and the count of good steps becomes 0;
 * else the step count hyper[1] advances by 1 and after `interval` good steps in a row the loss scale is multiplied by growth.
 * With interval 0 the loss scale stays and only hyper[1] advances.
 */
typedef struct FrnnStepDoneParams {
    uint32_t structSize;
    int32_t interval;
    float growth;
    float backoff;
    uint64_t scale;     /* read F32 [1] */
    uint64_t hyper;     /* F32 [2], hyper[1] read and written */
    uint64_t lossScale; /* F32 [3]: scale, its reciprocal, good steps; read and written; 0 if interval is 0 */
    uint64_t stream;
} FrnnStepDoneParams;

FRNN_EXPORT int32_t frnn_step_done(const FrnnStepDoneParams *params, FrnnMessage *message);

enum FrnnRule {
    /* g += weightDecay*w; v = momentum*v + g; w -= lr*v (w -= lr*g without moment1) */
    FRNN_SGD = 0,
    /* g += weightDecay*w; s = alpha*s + (1-alpha)*g*g; w -= lr*g/(sqrt(s)+epsilon) */
    FRNN_RMSPROP = 1,
    /* g += weightDecay*w; Adam with bias correction for step hyper[1]; epsilon outside the root */
    FRNN_ADAM = 2,
    /* w -= lr*weightDecay*w; then as Adam without decay in g */
    FRNN_ADAMW = 3
};

/*
 * g = gradient * scale[0]; the rule on the master; values = (valueType) master; average += averageShare[0] * (master - average)
 * unless averageShare[0] is 0. Nothing is written if scale[0] is NaN.
 */
typedef struct FrnnUpdateParams {
    uint32_t structSize;
    int32_t rule;         /* FrnnRule */
    int32_t valueType;    /* F32, BF16 or F16 */
    int32_t gradientType; /* F32, BF16 or F16 */
    int64_t count;
    float beta1; /* SGD: momentum; Adam: beta1 */
    float beta2; /* RMSProp: alpha; Adam: beta2 */
    float epsilon;
    float weightDecay;
    uint64_t values;    /* written [count]; equal to masters if F32 */
    uint64_t masters;   /* F32 [count], read and written */
    uint64_t gradients; /* read [count] */
    uint64_t moment1;   /* F32 [count], read and written: SGD velocity (0 if beta1 is 0), Adam first moment; else 0 */
    uint64_t moment2;   /* F32 [count], read and written: RMSProp mean square, Adam second moment; else 0 */
    uint64_t scale;     /* read F32 [1] */
    uint64_t hyper;     /* read F32 [2]: learning rate, step t (1 for the first) */
    uint64_t average;      /* F32 [count], read and written: average of the masters over steps; 0: none */
    uint64_t averageShare; /* read F32 [1]: 1/k where this step's masters are the k-th that are averaged, 0 before; 0 without average */
    uint64_t stream;
} FrnnUpdateParams;

FRNN_EXPORT int32_t frnn_update(const FrnnUpdateParams *params, FrnnMessage *message);

#ifdef __cplusplus
}
#endif

#endif
