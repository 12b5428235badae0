// The launch of a step that multiplies x itself: kernels of their own, compiled apart.
#pragma once

#include "fusedrnn/step.h"

namespace frnn {

void launchStepWithInput(const FrnnCellForwardParams &p, const FrnnStepParams &s);

}  // namespace frnn
