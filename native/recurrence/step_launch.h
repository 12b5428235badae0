// The launches of steps whose kernels are compiled apart from their checks.
#pragma once

#include "fusedrnn/step.h"

namespace frnn {

// Forward, where x is multiplied too.
void launchStepWithInput(const FrnnCellForwardParams &p, const FrnnStepParams &s);

// Backward, by cell.
void launchLstmStepBackward(const FrnnCellBackwardParams &p, const FrnnStepParams &s);
void launchGruStepBackward(const FrnnCellBackwardParams &p, const FrnnStepParams &s);
void launchRnnStepBackward(const FrnnCellBackwardParams &p, const FrnnStepParams &s);

}  // namespace frnn
