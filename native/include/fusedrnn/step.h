/*
 * One time step of a layer for few samples in one launch: the products and the cell. The weights are read once, spread over the
 * whole device; with few samples a step takes the time of reading them.
 */
#ifndef FUSEDRNN_STEP_H
#define FUSEDRNN_STEP_H

#include "fusedrnn/cell.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * One of the products: a value of S [N, columns] times a row of weights for every gate of every unit. The row of gate g of unit u
 * begins at element g*gateStride + u*unitStride, so that packed weights can be read and those of the flat parameters too. Fast where
 * columns and all strides are multiples of 16 bytes, and addresses too.
 */
typedef struct FrnnStepProduct {
    int64_t columns;
    int64_t unitStride;
    int64_t gateStride;
    int64_t valueStride; /* elements from sample to sample, at least columns */
    uint64_t weights[2]; /* read S, one per direction: the row of gate 0 (reset-before, stage 1: of n) of unit 0 */
    uint64_t values[2];  /* read S [N, valueStride], one per direction; 0: zeros */
} FrnnStepProduct;

/* The cell's gates and what it does with the sums: see FrnnCellForwardParams, whose `recurrent`, zoneout and cellZoneout have to be 0. */
typedef struct FrnnStepParams {
    uint32_t structSize;
    int32_t multipliesInput;   /* 1: the sums on the input side are input's product and the biases, and gateInputs is 0 */
    FrnnStepProduct recurrent; /* of h, or of r*h; its values may not be written in the same launch: not hState nor resetState */
    FrnnStepProduct input;     /* of x, if multipliesInput */
    uint64_t bIh[2];           /* read S [G*H], one per direction, if multipliesInput; 0: zeros */
    uint64_t bHh[2];           /* as bIh; bHn is 0 then */
} FrnnStepParams;

/* The most samples of a forward launch for a storage type; of a backward launch it is 8. */
FRNN_EXPORT int32_t frnn_step_samples(int32_t type);

/* One launch for directions directionBegin .. directionBegin+directionCount-1; for a stage of it with FRNN_GRU_RESET_BEFORE. */
FRNN_EXPORT int32_t frnn_step_forward(const FrnnCellForwardParams *cell, const FrnnStepParams *step, FrnnMessage *message);

/*
 * A backward step with the product that follows the later step: dhState += gates of that step · wHh, and then as frnn_cell_backward.
 * step->recurrent: columns are those of a row of dGates (GRU: dGatesH), values the later step's rows of it, 0 at the last step;
 * weights wHh transposed, a row for every unit, [H, columns], gateStride without meaning. Not for FRNN_GRU_RESET_BEFORE, nor with
 * a projection. multipliesInput, input, bIh and bHh are 0.
 */
FRNN_EXPORT int32_t frnn_step_backward(const FrnnCellBackwardParams *cell, const FrnnStepParams *step, FrnnMessage *message);

#ifdef __cplusplus
}
#endif

#endif
