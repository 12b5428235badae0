#include "stack.h"

namespace simulation::dnn {
namespace {

constexpr int64_t ALIGNMENT = 128;  // of what is spaced

}  // namespace

WeightSpace::WeightSpace(const Stack &stack, Arrangement arrangement)
    : arrangement_(arrangement), slots_(static_cast<size_t>(stack.pseudoLayers() * NUMBERS)) {
    for (int layer = 0; layer < stack.pseudoLayers(); ++layer) {
        placeMatrices(stack, layer);
        if (arrangement == Arrangement::LAYERED) placeBiases(stack, layer);
    }
    for (int layer = 0; layer < stack.pseudoLayers() && arrangement != Arrangement::LAYERED; ++layer) placeBiases(stack, layer);
}

int64_t WeightSpace::take(const Stack &stack, int64_t elements) {
    if (arrangement_ == Arrangement::SPACED) bytes_ = (bytes_ / ALIGNMENT + 1) * ALIGNMENT;
    const int64_t place = bytes_;
    bytes_ += elements * typeBytes(stack.type);
    return place;
}

void WeightSpace::placeMatrices(const Stack &stack, int pseudoLayer) {
    const int gates = stack.gates();
    Slot *const slots = slots_.data() + pseudoLayer * NUMBERS;
    for (int i = 0; i < 2 * gates; ++i) {
        const int number = arrangement_ == Arrangement::SPACED ? 2 * gates - 1 - i : i;
        Slot &slot = slots[number];
        slot.rows = stack.hidden;
        slot.columns = number < gates ? stack.width(pseudoLayer / stack.directions) : stack.output;
        slot.matrix = take(stack, slot.rows * slot.columns);
    }
    if (!stack.projects()) return;
    Slot &slot = slots[PROJECTION];
    slot.rows = stack.output;
    slot.columns = stack.hidden;
    slot.matrix = take(stack, slot.rows * slot.columns);
}

void WeightSpace::placeBiases(const Stack &stack, int pseudoLayer) {
    for (int number = 0; number < 2 * stack.gates(); ++number) {
        if (stack.biasOf(number >= stack.gates())) slots_[static_cast<size_t>(pseudoLayer * NUMBERS + number)].bias = take(stack, stack.hidden);
    }
}

int64_t Rows::at(int64_t t, int64_t n) const {
    if (layout == TIME_MAJOR) return t * batch + n;
    if (layout == SAMPLE_MAJOR) return n * steps + t;
    int64_t before = 0;
    for (int length : lengths) before += length < t ? length : t;
    return before + n;
}

}  // namespace simulation::dnn
