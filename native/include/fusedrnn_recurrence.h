/*
 * Persistent recurrence kernels: one launch runs all T steps of one recurrent layer, both directions at once.
 *
 * The caller computes the input side of all steps with one GEMM beforehand and the weight gradients with GEMMs
 * afterwards; these functions do what has to happen step after step.
 *
 * Letters: T steps, N samples, H hidden units, D directions (1 or 2), G gates per unit (LSTM 4: i,f,g,o; GRU 3: r,z,n;
 * plain RNN 1). S is the storage type (dtype). Gates are interleaved per unit: [unit][gate]. Pointers are device
 * addresses, aligned to 16 bytes; hx, cx, y, savedReset, hy, cy and their gradients like rows of H values of an aligned tensor. They
 * are 0 where "or 0" is said. No argument aliases another, but that cy may be cx and hy hx; hy with CHIP and WIDE only if
 * all samples have more than one step, since every block reads hx in its first step. Nothing has to be zeroed by the
 * caller except the error word. Functions neither allocate nor synchronise and may be captured in a CUDA graph; they
 * work on the device that is current.
 *
 * A sequence may be cut into parts in time, each a call with its own T and with pointers at its first step, and gives the same bits
 * (but for the marks of WIDE's backward pass). Forward, hx of a part is y of the step before it, aligned like a row of H, and an
 * LSTM's c goes on through cellsBefore and cellsAfter. hy and cy are written by every part in which a sample has steps, so that in the
 * end its last part has written them. Backward, parts come in reverse order, and dh and dc go on through dhCarried and dcCarried,
 * which hold dhy and dcy before the first of these calls; what they hold for samples that have ended before a part stays.
 *
 * Zoneout is that of fusedrnn/cell.h, its t counted from the sequence's first step: savedCells then holds c after zoneout.
 */
#ifndef FUSEDRNN_RECURRENCE_H
#define FUSEDRNN_RECURRENCE_H

#include <stdint.h>

#include "fusedrnn/types.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { FRNN_PASS_FORWARD = 0, FRNN_PASS_BACKWARD = 1 };

/*
 * Ways to keep the recurrent weights on the chip; 0 says that no persistent kernel takes the shape. CLUSTER: the blocks of
 * one hardware cluster hold them all. CHIP: blocks on up to all multiprocessors do, launched together; the plan calls the
 * blocks that share a set of samples a cluster all the same. WIDE: the same for many samples, of which some are multiplied
 * while the state of others travels.
 */
enum { FRNN_PLAN_NONE = 0, FRNN_PLAN_CLUSTER = 1, FRNN_PLAN_CHIP = 2, FRNN_PLAN_WIDE = 3 };

/* What a layer asks of a recurrence kernel. */
typedef struct FrnnRecurrenceShape {
    uint32_t structSize;
    int32_t cell;       /* FrnnCell */
    int32_t dtype;      /* S: FRNN_F32, FRNN_BF16, FRNN_F16 */
    int32_t pass;       /* FRNN_PASS_* */
    int32_t directions; /* D */
    int32_t hidden;     /* H */
    uint32_t plans;     /* kinds that may be taken: 1 << FRNN_PLAN_*, added; 0: all, each where it is meant for */
    int32_t zoneout;    /* 1: h or c zones out */
    int32_t tf32;       /* 1: products round their operands to TF32, for F32 without zoneout */
    uint32_t reserved;  /* 0 */
    int64_t steps; /* T */
    int64_t batch; /* N */
} FrnnRecurrenceShape;

/* What the device offers; filled by frnn_recurrence_device_limits, or by hand to plan for a device that is not here. */
typedef struct FrnnDeviceLimits {
    uint32_t structSize;
    int32_t computeMajor;
    int32_t computeMinor;
    int32_t multiprocessors;
    int32_t sharedBytesPerBlock; /* with opt-in */
    /* Clusters of 2, 4, 8 and 16 blocks with one block per multiprocessor that can be resident at once; 0 = not possible. */
    int32_t clustersOf2;
    int32_t clustersOf4;
    int32_t clustersOf8;
    int32_t clustersOf16;
} FrnnDeviceLimits;

/* A decision for one shape and pass; the launchers take it as it is. */
typedef struct FrnnRecurrencePlan {
    uint32_t structSize;
    int32_t kind;              /* FRNN_PLAN_* */
    int32_t tile;              /* index of the compiled kernel among those of this cell and pass */
    int32_t hiddenPadded;      /* units the kernel computes */
    int32_t clusterSize;       /* blocks per cluster */
    int32_t samplesPerCluster; /* at most */
    int32_t clusters;          /* launched, both directions together */
    int32_t clustersAtOnce;    /* in one launch; CHIP, WIDE: as many launches follow each other as are needed */
    int32_t threads;           /* per block */
    int32_t sharedBytes;       /* dynamic, per block */
    float microsPerStep;       /* estimate, waves of clusters included */
    int64_t workspaceBytes;
    char reason[128]; /* why kind is FRNN_PLAN_NONE, else empty */
} FrnnRecurrencePlan;

typedef struct FrnnRecurrenceForwardParams {
    uint32_t structSize;
    float cellClip;       /* LSTM: where c or cx is read it counts within [-cellClip, cellClip]; 0 = not limited */
    float zoneout;        /* 0..1, of h; 0 unless shape.zoneout */
    float cellZoneout;    /* 0..1, of c; LSTM */
    int32_t zoneoutStream; /* of h in direction 0 */
    int32_t reserved;     /* 0 */
    uint64_t random;      /* read    I32 [4]: seedLow, seedHigh, draw, 0; or 0: no mask is drawn, for inference */
    uint64_t gateInputs;  /* read    S [T,N,D,H,G]: W_ih x + biases (GRU: n without the recurrent bias) */
    uint64_t weights;     /* read    S [D,U,G,U], U = plan.hiddenPadded: row (u,g) is row g*H+u of weight_hh; zero in rows and columns of units from H on.
                             Reset-before: S [D,G*U,U], rows 2*u+g for g in {r, z}, then row 2*H+u for n; zero in columns from H on and rows from 3*H on */
    uint64_t recurrentBiasN; /* read F32 [D,H] or 0: GRU, recurrent bias of n; reset-before has it in gateInputs */
    uint64_t hx;          /* read    S [D,N,H] or 0 (zeros) */
    uint64_t cx;          /* read    S [D,N,H] or 0 (zeros): LSTM */
    uint64_t cellsBefore; /* read    F32 [D,N,H] or 0: LSTM, in place of cx; savedCells of the step before is one */
    uint64_t lengths;     /* read    I32 [N], each at least 1, counted from the sequence's first step; or 0 (all T) */
    int64_t firstStep;    /* of this part within the sequence that lengths count; 0 if D is 2 */
    uint64_t y;           /* written S [T,N,D*H], zero behind a sample's length */
    uint64_t hy;          /* written S [D,N,H] or 0: state after a sample's last step */
    uint64_t cy;          /* written S [D,N,H] or 0: LSTM, not limited */
    uint64_t cellsAfter;  /* written F32 [D,N,H] or 0: LSTM, cy unrounded; may be cellsBefore */
    uint64_t savedGates;  /* written S [T,N,D,H,4] or 0: LSTM i,f,g,o; GRU r,z,n and W_hn h + b_hn (reset-before: r*h); not behind a length */
    uint64_t savedCells;  /* written F32 [T,N,D,H] or 0, needed with savedGates: LSTM c, not limited; not behind a length */
    uint64_t savedReset;  /* written S [T,N,D,H], with savedGates of reset-before: r*h, zero behind a length; else 0 */
    uint64_t workspace;   /* scratch, plan.workspaceBytes, or 0 if that is 0 */
    uint64_t error;       /* written U32 [1] or 0: FRNN_WORD_TIMEOUT if a bounded wait ran out, else left */
    uint64_t stream;      /* cudaStream_t */
} FrnnRecurrenceForwardParams;

typedef struct FrnnRecurrenceBackwardParams {
    uint32_t structSize;
    float cellClip;         /* as in forward; no gradient passes a read of c or cx where |c| >= cellClip */
    float zoneout;          /* as in forward */
    float cellZoneout;
    int32_t zoneoutStream;
    int32_t reserved;
    uint64_t random;        /* read    I32 [4]: as in forward; needed with zoneout */
    uint64_t weights;       /* read    S [D,U,G,U], as in forward; U of the backward plan */
    uint64_t hx;            /* read    S [D,N,H] or 0: GRU */
    uint64_t cx;            /* read    S [D,N,H] or 0: LSTM */
    uint64_t cellsBefore;   /* read    F32 [D,N,H] or 0: as in forward */
    uint64_t lengths;       /* read    I32 [N] or 0 */
    int64_t firstStep;      /* as in forward */
    uint64_t y;             /* read    S [T,N,D*H], from forward: GRU and RNN */
    uint64_t savedGates;    /* read    S [T,N,D,H,4], from forward: LSTM and GRU */
    uint64_t savedCells;    /* read    F32 [T,N,D,H], from forward: LSTM */
    uint64_t dy;            /* read    S [T,N,D*H] or 0 (zeros) */
    uint64_t dhy;           /* read    S [D,N,H] or 0 (zeros) */
    uint64_t dcy;           /* read    S [D,N,H] or 0 (zeros): LSTM */
    uint64_t dGates;        /* written S [T,N,D,H,G]: gradient of gateInputs, zero behind a length */
    uint64_t dGatesH;       /* written S [T,N,D,H,G]: GRU, gradient of the recurrent side (reset-before: rows ordered as those of weights); else 0 */
    uint64_t dGatesFirst;   /* written S [D,N,H,G] or 0: recurrent side, in its order, at each sample's first processed step; for the part with firstStep 0 */
    uint64_t dhx;           /* written S [D,N,H] or 0 */
    uint64_t dcx;           /* written S [D,N,H] or 0: LSTM */
    uint64_t dhCarried;     /* read and written F32 [D,N,H] or 0: in place of dhy, then dhx unrounded */
    uint64_t dcCarried;     /* read and written F32 [D,N,H] or 0: LSTM, in place of dcy, then dcx unrounded */
    uint64_t workspace;     /* scratch, plan.workspaceBytes, or 0 if that is 0 */
    uint64_t error;         /* written U32 [1] or 0, as in forward */
    uint64_t stream;        /* cudaStream_t */
} FrnnRecurrenceBackwardParams;

/* Reads the limits of CUDA device `device`. */
FRNN_EXPORT int32_t frnn_recurrence_device_limits(int32_t device, FrnnDeviceLimits *limits, FrnnMessage *message);

/*
 * Chooses kernel, cluster size and samples per cluster: a pure function of its arguments, needs no device.
 * FRNN_OK with plan.kind == FRNN_PLAN_NONE and a reason when no persistent kernel takes the shape.
 */
FRNN_EXPORT int32_t frnn_recurrence_plan(const FrnnRecurrenceShape *shape, const FrnnDeviceLimits *limits,
                                         FrnnRecurrencePlan *plan, FrnnMessage *message);

/* Queues the forward pass planned by frnn_recurrence_plan for the same shape (pass = FRNN_PASS_FORWARD). */
FRNN_EXPORT int32_t frnn_recurrence_forward(const FrnnRecurrenceShape *shape, const FrnnRecurrencePlan *plan,
                                            const FrnnRecurrenceForwardParams *params, FrnnMessage *message);

/* Queues the backward pass planned by frnn_recurrence_plan for the same shape (pass = FRNN_PASS_BACKWARD). */
FRNN_EXPORT int32_t frnn_recurrence_backward(const FrnnRecurrenceShape *shape, const FrnnRecurrencePlan *plan,
                                            const FrnnRecurrenceBackwardParams *params, FrnnMessage *message);

#ifdef __cplusplus
}
#endif

#endif
