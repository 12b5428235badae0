// A recurrent stack in cuDNN's words: its sizes, and where its weights lie.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "../blas/numbers.h"

namespace simulation::dnn {

enum Mode : int { RELU = 0, TANH = 1, LSTM = 2, GRU = 3 };
enum Biases : int { NO_BIAS = 0, INPUT_BIAS = 1, BOTH_BIASES = 2, RECURRENT_BIAS = 3 };

constexpr int PROJECTION = 8;  // its number among the matrices of a layer

struct Stack {
    int mode = TANH;
    int biases = BOTH_BIASES;
    int directions = 1;
    int layers = 1;
    int type = F32;
    bool tf32 = false;  // operands of products have 10 bits
    int64_t input = 0;
    int64_t hidden = 0;
    int64_t output = 0;  // features of h: hidden, or fewer with a projection
    // c is within limits wherever it is read, and goes on as it is: so cuDNN 9.19 on an H100.
    bool clipped = false;
    double low = 0, high = 0;

    int gates() const { return mode == LSTM ? 4 : mode == GRU ? 3 : 1; }
    int pseudoLayers() const { return layers * directions; }
    bool projects() const { return output != hidden; }
    // Features that a layer reads.
    int64_t width(int layer) const { return layer == 0 ? input : directions * output; }
    bool biasOf(bool recurrent) const { return biases == BOTH_BIASES || biases == (recurrent ? RECURRENT_BIAS : INPUT_BIAS); }
};

// How the weights lie. Which of them NVIDIA's library has is known from a GPU alone, and it may differ by algorithm.
enum class Arrangement {
    FLAT,     // all matrices, then all biases, without gaps: as this project's parameters lie
    LAYERED,  // the same for each pseudo-layer: its matrices, then its biases
    SPACED,   // recurrent matrices before those of the input, everything aligned
};

// Bytes from the start of the weights; -1: there is none.
struct Slot {
    int64_t matrix = -1;
    int64_t rows = 0, columns = 0;
    int64_t bias = -1;
};

class WeightSpace {
public:
    WeightSpace() = default;
    WeightSpace(const Stack &stack, Arrangement arrangement);

    int64_t bytes() const { return bytes_; }
    // `number`: gate for the input's matrices, gates plus gate for recurrent ones, PROJECTION.
    const Slot &slot(int pseudoLayer, int number) const { return slots_[static_cast<size_t>(pseudoLayer * NUMBERS + number)]; }

private:
    static constexpr int NUMBERS = PROJECTION + 1;

    void placeMatrices(const Stack &stack, int pseudoLayer);
    void placeBiases(const Stack &stack, int pseudoLayer);
    int64_t take(const Stack &stack, int64_t elements);

    Arrangement arrangement_ = Arrangement::FLAT;
    int64_t bytes_ = 0;
    std::vector<Slot> slots_;
};

// Samples of a minibatch and where their rows lie.
struct Rows {
    enum Layout : int { TIME_MAJOR = 0, PACKED = 1, SAMPLE_MAJOR = 2 };

    int layout = PACKED;
    int64_t steps = 0;
    int64_t batch = 0;
    std::vector<int> lengths = {};

    bool valid(int64_t t, int64_t n) const { return t < lengths[static_cast<size_t>(n)]; }
    // The place of a valid row, or of any row where all have one.
    int64_t at(int64_t t, int64_t n) const;
    int64_t count() const { return steps * batch; }
};

}  // namespace simulation::dnn
