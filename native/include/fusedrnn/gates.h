/*
 * The gates of many time steps at once, from the saved h: for a backward pass whose forward pass did not save them. The caller
 * works on steps timeBegin .. timeBegin+timeCount-1 of a sequence, all directions together:
 *
 *   frnn_states_before                         h before each step, as rows that a product can read
 *   sums = states · wHhᵀ                       (GEMM, per direction)
 *   frnn_gates                                 savedGates of these steps, as frnn_cell_forward leaves them
 *
 * GRU reset-before takes two stages, each after its own GEMM: stage 0 after sums [H,2] = states · wRzᵀ gives r and z and replaces
 * states by r*h; stage 1 after sums [H] = states · wNᵀ gives n and the rest.
 *
 * The gates differ from those of the forward pass by the order of the products' sums alone. Rows behind a sample's length are
 * zero in states, savedGates and savedReset.
 */
#ifndef FUSEDRNN_GATES_H
#define FUSEDRNN_GATES_H

#include "fusedrnn/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* states[t - timeBegin, n, d] = h before step t: y one step earlier in the direction's order, hx at a sample's first step. */
typedef struct FrnnStatesBeforeParams {
    uint32_t structSize;
    int32_t type; /* S */
    int64_t T;
    int64_t N;
    int64_t R; /* features of h: P with a projection, else H */
    int64_t D;
    int64_t timeBegin;   /* 0..T-1 */
    int64_t timeCount;   /* 1..T-timeBegin */
    int64_t stateStride; /* at least R; zeros lie behind the values of a row */
    uint64_t y;          /* read S [T,N,D*R], zero behind the lengths */
    uint64_t hx;         /* read S [D,N,R]; 0: zeros */
    uint64_t lengths;    /* read I32 [N], values 1..T; 0: all T */
    uint64_t states;     /* written S [timeCount,N,D,stateStride] */
    uint64_t stream;
} FrnnStatesBeforeParams;

FRNN_EXPORT int32_t frnn_states_before(const FrnnStatesBeforeParams *params, FrnnMessage *message);

typedef struct FrnnGatesParams {
    uint32_t structSize;
    int32_t type;  /* S */
    int32_t cell;  /* FRNN_LSTM or a GRU */
    int32_t stage; /* 0; 1 for the second half of FRNN_GRU_RESET_BEFORE */
    int64_t T;
    int64_t N;
    int64_t H;
    int64_t D;
    int64_t timeBegin; /* as in frnn_states_before */
    int64_t timeCount;
    int64_t gateStride;  /* of gateInputs: at least H*G; a multiple of 4 for the LSTM */
    int64_t sumStride;   /* of sums: a multiple of 4, at least the values of a row */
    int64_t stateStride; /* of states, at least H; reset-before only */
    uint64_t gateInputs; /* read S [T,N,D,gateStride], in a row [H,G]: x·W_ihᵀ + bias */
    uint64_t sums;       /* read F32 [timeCount,N,D,sumStride], in a row [H,G] (reset-before: [H,2], then [H]) */
    uint64_t bHn;        /* read F32 [D,H]; GRU reset-after only; 0: zeros */
    uint64_t lengths;    /* read I32 [N]; 0: all T */
    uint64_t states;     /* S [timeCount,N,D,stateStride], reset-before only: stage 0 reads h before and writes r*h, which stage 1 reads */
    uint64_t savedGates; /* written S [T,N,D,H,4] at these steps, as by frnn_cell_forward */
    uint64_t savedReset; /* written S [T,N,D,H] at these steps, reset-before stage 1 only, else 0: r*h */
    uint64_t stream;
} FrnnGatesParams;

FRNN_EXPORT int32_t frnn_gates(const FrnnGatesParams *params, FrnnMessage *message);

#ifdef __cplusplus
}
#endif

#endif
