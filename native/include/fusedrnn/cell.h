/*
 * One time step of the streamed plan: what follows the recurrent GEMM of a step. The caller runs, for step = 0..T-1:
 *
 *   forward   recurrent = hState · wHhᵀ          (GEMM, per direction)
 *             frnn_cell_forward(step)            gates, new state, y, saved tensors
 *   backward  frnn_cell_backward(step)           for step = T-1..0: dgates; leaves in dhState what bypasses the product
 *             dhState += dGatesH[t] · wHh        (GEMM with beta 1, per direction)
 *
 * Direction 0 works on t = step, direction 1 on t = T-1-step; one call does directions directionBegin ..
 * directionBegin+directionCount-1, all of whose tensors are based at direction 0. A sample whose length is at most t is
 * frozen: its state stays as it is and what is written for it is zero. In direction 1 it therefore starts at t = length-1.
 *
 * Tensors that GEMMs read or write have rows of gateStride or stateStride elements, one per sample and direction, so that rows
 * can begin at multiples of 16 bytes whatever H is; what lies behind the values of a row is written as zeros. All others are dense.
 *
 * GRU reset-before takes two stages per step, each after its own GEMM:
 *   forward   stage 0 after recurrent [N,2H] = hState · wRzᵀ: r, z; writes resetState = r*h
 *             stage 1 after recurrent [N,H] = resetState · wNᵀ: n and the rest
 *   backward  stage 0: dz, dn; then dhReset = dn · wN (GEMM, beta 0); stage 1: dr; then dhState += [dr,dz] · wRz
 *
 * Zoneout: a state becomes k*before + (1-k)*(what the cell computed). With `random`, k is 1 with probability `zoneout` (h) or
 * `cellZoneout` (c, from which h is computed before its zoneout) and else 0: 1 where frnn_dropout with stream zoneoutStream +
 * 2*direction (+ 1 for c) drops element (t*N + n)*units + unit. Without `random`, in inference, k is the probability itself.
 * 0: no zoneout. With a projection the projected h zones out, in frnn_state_forward and _backward.
 */
#ifndef FUSEDRNN_CELL_H
#define FUSEDRNN_CELL_H

#include "fusedrnn/types.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct FrnnCellForwardParams {
    uint32_t structSize;
    int32_t type;          /* S */
    int32_t cell;          /* FrnnCell */
    int32_t stage;         /* 0; 1 for the second half of FRNN_GRU_RESET_BEFORE */
    int32_t recurrentType; /* of recurrent: F32 or S */
    int32_t directionBegin;
    int32_t directionCount;
    int32_t cType;       /* of cBefore and cState: F32 or S */
    float cellClip;      /* LSTM: where c is read, by h and by the next step, it counts within [-cellClip, cellClip]; 0: no limit */
    float zoneout;       /* 0..1, of h; 0 with projection */
    float cellZoneout;   /* 0..1, of c; LSTM only */
    int32_t zoneoutStream;
    int64_t T;
    int64_t N;
    int64_t H;
    int64_t D;
    int64_t step;        /* 0..T-1 */
    int64_t gateStride;  /* at least H*G; a multiple of 4 for the LSTM, of 2 for reset-before */
    int64_t stateStride; /* at least H */
    uint64_t gateInputs; /* read S [T,N,D,gateStride], in a row [H,G]: x·W_ihᵀ + bias */
    uint64_t recurrent;  /* read [D,N,gateStride], in a row [H,G] (reset-before: [H,2], then [H]); 0: zeros, legal where h is zero */
    uint64_t bHn;        /* read F32 [D,H]; GRU reset-after only; 0: zeros */
    uint64_t lengths;    /* read I32 [N], values 1..T; 0: all T */
    uint64_t random;     /* read I32 [4]: seedLow, seedHigh, draw, 0; 0: no mask is drawn, for inference */
    uint64_t hBefore;    /* read S [D,N,stateStride]: h before the step; 0: zeros; may be hState; 0 with projection */
    uint64_t hState;     /* written S [D,N,stateStride]: h after the step, that before it where frozen; 0 with projection (hRaw instead) */
    uint64_t cBefore;    /* read cType [D,N,H]: c before the step; 0: zeros; may be cState; LSTM only, else 0 */
    uint64_t cState;     /* written cType [D,N,H]: c after the step, that before it where frozen; LSTM only, else 0 */
    uint64_t resetState; /* S [D,N,stateStride], reset-before only: written by stage 0 (r*h) */
    uint64_t resetGates; /* F32 [D,N,H,2], reset-before only: r, z from stage 0 to stage 1 */
    uint64_t y;          /* written S [T,N,D*H]; 0: not wanted */
    uint64_t hRaw;       /* written S [T,N,D,stateStride]: h before projection, zero where frozen; LSTM with projection only, else 0 */
    uint64_t savedGates; /* written S [T,N,D,H,4]: LSTM i,f,g,o; GRU r,z,n,q with q = Wn h + bHn (reset-before: r*h); 0 in inference */
    uint64_t savedCells; /* written F32 [T,N,D,H], LSTM only: c, not limited (frozen rows: the state as it stays); 0 in inference */
    uint64_t savedReset; /* written S [T,N,D,H], reset-before only: r*h, zero where frozen; 0 in inference */
    uint64_t stream;
} FrnnCellForwardParams;

FRNN_EXPORT int32_t frnn_cell_forward(const FrnnCellForwardParams *params, FrnnMessage *message);

typedef struct FrnnCellBackwardParams {
    uint32_t structSize;
    int32_t type; /* S */
    int32_t cell;
    int32_t stage;
    int32_t directionBegin;
    int32_t directionCount;
    float cellClip; /* as in forward; no gradient passes a read of c where |c| >= cellClip */
    float zoneout;  /* as in forward */
    float cellZoneout;
    int32_t zoneoutStream;
    int32_t reserved;
    int64_t T;
    int64_t N;
    int64_t H;
    int64_t D;
    int64_t step;         /* that of forward: the caller counts down */
    int64_t gateStride;   /* as in forward */
    int64_t stateStride;  /* as in forward */
    uint64_t savedGates;  /* read, from forward; plain RNN: 0 */
    uint64_t savedCells;  /* read, LSTM only */
    uint64_t y;           /* read S [T,N,D*H] from forward; plain RNN and GRU */
    uint64_t hx;          /* read S [D,N,H]; GRU only; 0: zeros */
    uint64_t cx;          /* read S [D,N,H]; LSTM only; 0: zeros */
    uint64_t lengths;     /* read I32 [N]; 0: all T */
    uint64_t random;      /* read I32 [4], as in forward; needed with zoneout */
    uint64_t dy;          /* read S [T,N,D*H]; 0: zeros (and with projection, where dy enters through frnn_state_backward) */
    uint64_t dhState;     /* F32 [D,N,stateStride], read: gradient of h after this step (first: dhy); written: the part for h before it that bypasses
                             the recurrent product, to which the caller's GEMM adds */
    uint64_t dcState;     /* F32 [D,N,H], read and written: gradient of c (first: dcy; last: dcx); LSTM only */
    uint64_t dhReset;     /* read F32 [D,N,stateStride], reset-before stage 1: gradient of r*h */
    uint64_t dGates;      /* written S [T,N,D,gateStride], in a row [H,G]: gradient of gateInputs at t, zero where frozen */
    uint64_t dGatesH;     /* written at t, GRU only: as dGates, n column times r; reset-before: rows as those of wHh (r,z interleaved, then n) */
    uint64_t dGatesFirst; /* written S [D,N,gateStride]: dGatesH (GRU) or dGates at the sample's first processed step (t = 0, or length-1 in direction 1), in that tensor's layout; 0: not wanted */
    uint64_t stream;
} FrnnCellBackwardParams;

FRNN_EXPORT int32_t frnn_cell_backward(const FrnnCellBackwardParams *params, FrnnMessage *message);

/* LSTM with projection, forward: after projected = hRaw[t] · wHrᵀ, keeps it as the running h and as y. */
typedef struct FrnnStateForwardParams {
    uint32_t structSize;
    int32_t type;          /* S */
    int32_t projectedType; /* F32 or S */
    int32_t directionBegin;
    int32_t directionCount;
    float zoneout; /* 0..1, of the projected h */
    int32_t zoneoutStream;
    int32_t reserved;
    int64_t T;
    int64_t N;
    int64_t P;
    int64_t D;
    int64_t step;
    int64_t stateStride; /* at least P */
    uint64_t lengths;   /* read I32 [N]; 0: all T */
    uint64_t random;    /* as in frnn_cell_forward */
    uint64_t projected; /* read [D,N,stateStride] */
    uint64_t hState;    /* written S [D,N,stateStride], with zoneout read before; frozen rows stay */
    uint64_t y;         /* written S [T,N,D*P], zero where frozen; 0: not wanted */
    uint64_t stream;
} FrnnStateForwardParams;

FRNN_EXPORT int32_t frnn_state_forward(const FrnnStateForwardParams *params, FrnnMessage *message);

/*
 * LSTM with projection, backward: dProjected[t] = dhState + dy[t] (zero where frozen); dhState becomes zero except in frozen
 * rows and where h was kept, whose gradient is for the h before. Then dhRaw = dProjected[t] · wHr (GEMM, beta 0) is frnn_cell_backward's dhState, and dhState += dGates[t] · wHh.
 */
typedef struct FrnnStateBackwardParams {
    uint32_t structSize;
    int32_t type; /* S */
    int32_t directionBegin;
    int32_t directionCount;
    float zoneout; /* as in forward */
    int32_t zoneoutStream;
    int64_t T;
    int64_t N;
    int64_t P;
    int64_t D;
    int64_t step;
    int64_t stateStride; /* at least P */
    uint64_t lengths;    /* read I32 [N]; 0: all T */
    uint64_t random;     /* as in frnn_cell_backward */
    uint64_t dy;         /* read S [T,N,D*P]; 0: zeros */
    uint64_t dhState;    /* F32 [D,N,stateStride], read and written */
    uint64_t dProjected; /* written S [T,N,D,stateStride] at t */
    uint64_t stream;
} FrnnStateBackwardParams;

FRNN_EXPORT int32_t frnn_state_backward(const FrnnStateBackwardParams *params, FrnnMessage *message);

#ifdef __cplusplus
}
#endif

#endif
