// Arguments of the cluster kernels; 16-bit storage as raw bits. fusedrnn_recurrence.h tells what each tensor is.
#pragma once

#include <stdint.h>

namespace frnn {

struct ForwardArgs {
    const uint16_t *gateInputs; // [T,N,D,H,G]
    const uint16_t *weights;    // [D,H,G,H]
    const float *recurrentBiasN; // [D,H] or null
    const uint16_t *hx;         // [D,N,H] or null
    const uint16_t *cx;         // [D,N,H] or null
    const int *lengths;         // [N] or null
    uint16_t *y;                // [T,N,D*H]
    uint16_t *hy;               // [D,N,H] or null
    uint16_t *cy;               // [D,N,H] or null
    uint16_t *savedGates;       // [T,N,D,H,4] or null
    float *savedCells;          // [T,N,D,H] or null
    uint32_t *error;
    int steps;
    int batch;
    int directions;
    int hidden;
    int slices;          // clusters per direction
    int samplesPerSlice; // at most
    float cellClip;
    int relu;
};

struct BackwardArgs {
    const uint16_t *weights;    // [D,H,G,H]
    const uint16_t *hx;         // [D,N,H] or null
    const uint16_t *cx;         // [D,N,H] or null
    const int *lengths;         // [N] or null
    const uint16_t *y;          // [T,N,D*H]
    const uint16_t *savedGates; // [T,N,D,H,4]
    const float *savedCells;    // [T,N,D,H]
    const uint16_t *dy;         // [T,N,D*H] or null
    const uint16_t *dhy;        // [D,N,H] or null
    const uint16_t *dcy;        // [D,N,H] or null
    uint16_t *dGates;           // [T,N,D,H,G]
    uint16_t *dGatesH;          // [T,N,D,H,G], GRU
    uint16_t *dGatesFirst;      // [D,N,H,G] or null
    uint16_t *dhx;              // [D,N,H] or null
    uint16_t *dcx;              // [D,N,H] or null
    uint32_t *error;
    int steps;
    int batch;
    int directions;
    int hidden;
    int slices;
    int samplesPerSlice;
    float cellClip;
    int relu;
};

} // namespace frnn
