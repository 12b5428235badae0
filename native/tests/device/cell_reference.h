// A recurrent layer in double, sample by sample, written apart from the kernels: forward only. Gradients come from differences.
#pragma once

#include <cstdint>
#include <vector>

#include "fusedrnn.h"

namespace frnn::test {

using Values = std::vector<double>;

struct Layer {
    int32_t cell = FRNN_LSTM;
    int64_t T = 0, N = 0, H = 0, D = 1;
    int64_t P = 0; // 0: no projection
    double clip = 0;
    double zoneout = 0, cellZoneout = 0;
    Values random; // of zoneout's masks: seed low, seed high, draw; empty: the expectation
    int32_t zoneoutStream = 0;
    Values lengths; // empty: all T
    Values gateInputs; // [T,N,D,H,G]
    Values wHh;        // [D,H*G,R], rows as the cell packs them
    Values wHr;        // [D,P,H]
    Values bHn;        // [D,H]
    Values hx;         // [D,N,R]
    Values cx;         // [D,N,H]

    int64_t gates() const { return cell == FRNN_LSTM ? 4 : cell >= FRNN_GRU_RESET_AFTER ? 3 : 1; }
    int64_t outputs() const { return P == 0 ? H : P; } // R
    int64_t length(int64_t n) const { return lengths.empty() ? T : static_cast<int64_t>(lengths[n]); }
};

struct LayerResult {
    Values y, hy, cy; // [T,N,D*R], [D,N,R], [D,N,H]
};

LayerResult forward(const Layer &layer);

// Σ wy*y + Σ why*hy + Σ wcy*cy
double loss(const Layer &layer, const Values &wy, const Values &why, const Values &wcy);

}  // namespace frnn::test
