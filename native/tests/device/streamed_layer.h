// One layer by the streamed plan as its caller runs it, with the GEMMs on the host. Construction, forward and backward have a
// file each.
#pragma once

#include <cstdint>

#include "cell_reference.h"
#include "harness.h"

namespace frnn::test {

struct StreamedOptions {
    int32_t type, cell;
    int64_t T, N, H, D, P;
    double clip;
    bool lengths;          // else all T
    bool states;           // else hx = cx = 0, given as missing tensors
    bool sixteenRecurrent; // recurrent product in the storage type
    bool apart;            // one call per direction
    int64_t padding;       // elements behind the values of every row that can have them
    bool oneLaunch = false; // the recurrent product and the cell in one launch; rows are padded to 16 bytes
    double zoneout = 0, cellZoneout = 0;
    bool inference = false;
};

constexpr int32_t ZONEOUT_STREAM = (1 << 17) + 8;

// The device tensors of one layer and the host's part of the plan.
class Streamed {
public:
    Streamed(Case &c, const StreamedOptions &o);
    void forward();
    void backward();
    void compare();

private:
    Values product(const Values &a, const Values &weights, int64_t rows, int64_t offset, int64_t allRows, int64_t columns) const;
    void addProduct(Buffer &to, const Values &gradients, int64_t begin, int64_t count, bool overwrite) const;
    Values slice(const Buffer &sequence, int64_t step, int64_t stride, int64_t begin, int64_t count) const;
    Values padded(const Values &rows, int64_t width, int64_t stride) const;
    Values dense(const Buffer &rows, int64_t width, int64_t stride) const;
    template <typename Params>
    Params stepParams(int64_t step) const;
    template <typename Params>
    void perDirection(int32_t (*function)(const Params *, FrnnMessage *), Params p);
    void stepForward(FrnnCellForwardParams p, const Buffer *values);
    void finishStep(int64_t step);
    void transposeWeights();
    void stepBackward(FrnnCellBackwardParams p);
    Values weightGradient();
    Values projectionGradient();
    void compareGradient(const char *what, Values &variable, const Values &got);
    double tolerance(double scale) const;
    int64_t time(int64_t step, int64_t d) const { return d == 0 ? step : o.T - 1 - step; }

    Case &c;
    StreamedOptions o;
    Layer layer;
    int64_t G, R, S;
    int64_t gateStride, unitStride, stateStride; // of rows of gates, of H units, and of h
    Values wy, why, wcy;
    Buffer *lengths = nullptr, *random = nullptr, *gateInputs, *bHn = nullptr, *hx = nullptr, *cx = nullptr, *hState, *cState, *recurrent, *resetState, *resetGates;
    Buffer *recurrentWeights = nullptr, *transposedWeights = nullptr, *otherState = nullptr; // where a step in one launch puts h: every other one back into hState
    Buffer *y, *hRaw, *savedGates, *savedCells, *savedReset, *projected;
    Buffer *dy, *dhState, *dcState, *dhRaw, *dhReset, *dGates, *dGatesH, *dGatesFirst, *dProjected;
};

inline uint64_t at(const Buffer *buffer) { return buffer == nullptr ? 0 : buffer->address(); }

// What all calls of a step have in common.
template <typename Params>
Params Streamed::stepParams(int64_t step) const {
    Params p{};
    p.type = o.type;
    p.zoneoutStream = ZONEOUT_STREAM;
    p.random = at(random);
    p.T = o.T;
    p.N = o.N;
    p.D = o.D;
    p.step = step;
    p.lengths = at(lengths);
    return p;
}

template <typename Params>
void Streamed::perDirection(int32_t (*function)(const Params *, FrnnMessage *), Params p) {
    p.directionBegin = 0;
    p.directionCount = static_cast<int32_t>(o.apart ? 1 : o.D);
    c.call(function, p);
    if (o.apart && o.D == 2) {
        p.directionBegin = 1;
        c.call(function, p);
    }
}

}  // namespace frnn::test
