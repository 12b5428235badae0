// Arguments of the persistent kernels, by storage type S; 16-bit storage as raw bits. fusedrnn_recurrence.h tells what each
// tensor is.
#pragma once

#include <stdint.h>

#include "cell_limit.h"

namespace frnn {

// Probabilities of zoneout and what its masks are drawn from.
struct Zoneout {
    const uint32_t *random; // [4]: seedLow, seedHigh, draw, 0; or null: no mask is drawn
    float hidden, cell;
    int stream; // of h in direction 0
};

template <class S>
struct ForwardArgsOf {
    const S *gateInputs;        // [T,N,D,H,G]
    const S *weights;           // [D,U,G,U], U = units the kernel computes
    const float *recurrentBiasN; // [D,H] or null
    const S *hx;                // [D,N,H] or null
    const S *cx;                // [D,N,H] or null
    const float *cellsBefore;   // [D,N,H] or null: in place of cx
    const int *lengths;         // [N] or null
    S *y;                       // [T,N,D*H]
    S *hy;                      // [D,N,H] or null
    S *cy;                      // [D,N,H] or null
    float *cellsAfter;          // [D,N,H] or null: cy unrounded
    S *savedGates;              // [T,N,D,H,4] or null
    float *savedCells;          // [T,N,D,H] or null
    uint32_t *error;
    int steps;
    int firstStep; // of the sequence that lengths count
    int batch;
    int directions;
    int hidden;
    int slices;          // clusters per direction
    int samplesPerSlice; // at most
    float cellClip;
    int relu;
    Zoneout zoneout; // read by kernels that zone out

    // Cells without gates where the backward pass computes the gates anew.
    FRNN_HOST_DEVICE bool saves() const { return savedGates != nullptr || savedCells != nullptr; }
};

template <class S>
struct BackwardArgsOf {
    const S *weights;           // [D,U,G,U], U = units the kernel computes
    const S *hx;                // [D,N,H] or null
    const S *cx;                // [D,N,H] or null
    const float *cellsBefore;   // [D,N,H] or null: in place of cx
    const int *lengths;         // [N] or null
    const S *y;                 // [T,N,D*H]
    const S *savedGates;        // [T,N,D,H,4]
    const float *savedCells;    // [T,N,D,H]
    const S *dy;                // [T,N,D*H] or null
    const S *dhy;               // [D,N,H] or null
    const S *dcy;               // [D,N,H] or null
    S *dGates;                  // [T,N,D,H,G]
    S *dGatesH;                 // [T,N,D,H,G], GRU
    S *dGatesFirst;             // [D,N,H,G] or null
    S *dhx;                     // [D,N,H] or null
    S *dcx;                     // [D,N,H] or null
    float *dhCarried;           // [D,N,H] or null: in place of dhy, then dhx unrounded
    float *dcCarried;           // [D,N,H] or null: in place of dcy, then dcx unrounded
    uint32_t *error;
    int steps;
    int firstStep; // of the sequence that lengths count
    int batch;
    int directions;
    int hidden;
    int slices;
    int samplesPerSlice;
    float cellClip;
    int relu;
    Zoneout zoneout; // read by kernels that zone out
};

using ForwardArgs = ForwardArgsOf<uint16_t>;
using BackwardArgs = BackwardArgsOf<uint16_t>;
// The GRU that resets before its product.
struct GruResetForwardArgs : ForwardArgs {
    uint16_t *savedReset; // [T,N,D,H], with savedGates
};

using ForwardArgsF32 = ForwardArgsOf<float>;
using BackwardArgsF32 = BackwardArgsOf<float>;

} // namespace frnn
