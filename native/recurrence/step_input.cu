#include "step_launch.h"

#include "step_kernel.cuh"

namespace frnn {

void launchStepWithInput(const FrnnCellForwardParams &p, const FrnnStepParams &s) { launchStep<true>(p, s); }

}  // namespace frnn
