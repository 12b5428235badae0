#include "reserve.h"

#include <cstring>

namespace simulation::dnn {
namespace {

constexpr uint64_t MARK = 0x7265736572766564u;

struct Digest {
    uint64_t value = 1469598103934665603u;

    void add(uint64_t word) { value = (value ^ word) * 1099511628211u; }
    void add(const void *from, int64_t bytes) {
        const char *const at = static_cast<const char *>(from);
        for (int64_t i = 0; i < bytes; i += 8) {
            uint64_t word = 0;
            std::memcpy(&word, at + i, static_cast<size_t>(bytes - i < 8 ? bytes - i : 8));
            add(word);
        }
    }
    void addDouble(double number) { add(&number, sizeof(number)); }
};

}  // namespace

uint64_t digest(const Stack &stack, const Rows &rows) {
    Digest all;
    for (int64_t number : {int64_t(stack.mode), int64_t(stack.biases), int64_t(stack.directions), int64_t(stack.layers), int64_t(stack.type),
                           stack.input, stack.hidden, stack.output, int64_t(rows.layout), rows.steps, rows.batch}) {
        all.add(static_cast<uint64_t>(number));
    }
    if (stack.clipped) {
        all.addDouble(stack.low);
        all.addDouble(stack.high);
    }
    for (int length : rows.lengths) all.add(static_cast<uint64_t>(length));
    return all.value;
}

uint64_t digest(const Stack &stack, const Rows &rows, const void *from, int64_t features) {
    Digest all;
    const int64_t bytes = features * typeBytes(stack.type);
    for (int64_t t = 0; t < rows.steps; ++t) {
        for (int64_t n = 0; n < rows.batch; ++n) {
            if (rows.valid(t, n)) all.add(static_cast<const char *>(from) + rows.at(t, n) * bytes, bytes);
        }
    }
    return all.value;
}

uint64_t digestState(const Stack &stack, const Rows &rows, const void *state, int64_t features) {
    Digest all;
    if (state != nullptr) all.add(state, stack.pseudoLayers() * rows.batch * features * typeBytes(stack.type));
    return all.value;
}

uint64_t digestWeights(const Stack &stack, const WeightSpace &space, const void *weights) {
    Digest all;
    const char *const from = static_cast<const char *>(weights);
    for (int layer = 0; layer < stack.pseudoLayers(); ++layer) {
        for (int number = 0; number <= PROJECTION; ++number) {
            const Slot &slot = space.slot(layer, number);
            if (slot.matrix >= 0) all.add(from + slot.matrix, slot.rows * slot.columns * typeBytes(stack.type));
            if (slot.bias >= 0) all.add(from + slot.bias, slot.rows * typeBytes(stack.type));
        }
    }
    return all.value;
}

void seal(Stamp &stamp, const Stack &stack, const Rows &rows) {
    stamp.mark = MARK;
    stamp.stage = AFTER_FORWARD;
    stamp.stack = digest(stack, rows);
}

std::string fault(const Stamp &stamp, const Stack &stack, const Rows &rows, Stage stage) {
    if (stamp.mark != MARK) return "the reserve holds nothing of a forward pass";
    if (stamp.stack != digest(stack, rows)) return "the reserve is that of another stack or of other samples";
    if (stamp.stage == stage) return "";
    if (stamp.stage == AFTER_FORWARD) return "gradients of the data come before those of the weights";
    if (stamp.stage == AFTER_DATA) return "the reserve was used up by another backward pass";
    return "the reserve is that of a pass that failed";
}

}  // namespace simulation::dnn
