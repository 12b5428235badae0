// Zoneout of one unit's state, for the device and for host tests.
#pragma once

#include "cell_limit.h"

namespace frnn {

// What a state becomes that keeps the share k of its value before. A value that does not count may be infinite.
FRNN_HOST_DEVICE float zonedOut(float k, float before, float computed) {
    if (k == 0.0f) return computed;
    return k == 1.0f ? before : k * before + (1.0f - k) * computed;
}

// A gradient of the state: the parts for what the cell computed and for the value before. k is 0 or 1.
struct ZoneoutGradient {
    float computed, before;
};

FRNN_HOST_DEVICE ZoneoutGradient zonedOutGradient(float k, float gradient) {
    return k == 0.0f ? ZoneoutGradient{gradient, 0.0f} : ZoneoutGradient{0.0f, gradient};
}

}  // namespace frnn
